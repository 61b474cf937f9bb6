//! `/openapi.json`, written from the handlers themselves, and `/docs`, a page that shows it without
//! fetching anything from elsewhere.

use axum::Json;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use convene_protocol::rest::ErrorBody;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{auth, health};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "convene",
        description = "Accounts, sign-ins and operation. Plans are on the WebSocket; SPEC.md of the \
                       protocol describes it."
    ),
    paths(
        auth::state,
        auth::register,
        auth::login,
        auth::refresh,
        auth::logout,
        auth::me,
        auth::list_sessions,
        auth::end_other_sessions,
        auth::end_session,
        health::server,
        health::database,
        health::redis,
        super::render_metrics,
    ),
    components(schemas(ErrorBody)),
    modifiers(&Bearer)
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The access_token of register, login or refresh."))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The document that describes the REST side.
pub(super) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

pub(super) async fn openapi_json() -> impl IntoResponse {
    Json(document())
}

/// Only what this server itself serves; the page shows no content of users.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                           connect-src 'self'; base-uri 'none'; form-action 'none'; \
                           frame-ancestors 'none'";

pub(super) async fn page() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, PAGE_POLICY),
    ];
    (headers, include_str!("docs/index.html"))
}

pub(super) async fn script() -> impl IntoResponse {
    let headers = asset("text/javascript; charset=utf-8");
    (headers, include_str!("docs/app.js"))
}

pub(super) async fn style() -> impl IntoResponse {
    (
        asset("text/css; charset=utf-8"),
        include_str!("docs/style.css"),
    )
}

/// May be kept, but is asked for again after an upgrade of the server.
fn asset(kind: &'static str) -> [(HeaderName, &'static str); 2] {
    [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")]
}
