//! The REST side of the server: accounts, health, metrics and the documentation of all of it; and the page.
//!
//! ```text
//! request -> layers (id, address, HTTPS, CORS, limits) -> routes -> accounts -> storage
//!         <- layers (error body, security headers, log line, metrics) <-
//! ```
//!
//! Handlers are thin: what an account may do is decided in [`crate::accounts`]. The routes of the
//! sockets are merged with these and go through the same layers.

pub mod answer;
pub mod authenticated;
pub mod connections;
pub mod layers;
pub mod origin;
pub mod probe;

mod auth;
mod docs;
mod health;
mod web;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, delete, get, post};

use crate::accounts::Accounts;
pub use crate::accounts::LiveSessions;
use crate::config::Config;
use crate::telemetry::Metrics;
use answer::ErrorAnswer;
use layers::Door;

/// The largest body of a request: far above any account's, far below what would be a burden.
pub const BODY_BYTES_MAX: usize = 64 << 10;

/// What the routes share.
#[derive(Clone)]
pub struct HttpState {
    /// Registering, signing in and who is who.
    pub accounts: Arc<Accounts>,
    /// The operator's settings.
    pub config: Arc<Config>,
    /// Whether the server still takes new work.
    pub readiness: Readiness,
    /// What `/metrics` answers.
    pub metrics: Metrics,
}

/// Whether the server takes new work, as load balancers ask it.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on health says "stopping", and balancers send new sockets elsewhere.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the server is stopping.
    pub fn is_stopping(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Every route of this side, with the layers around them.
pub fn router(state: HttpState) -> Router {
    with_layers(routes(), &state).with_state(state)
}

/// Every route of this side, for merging with the sockets' before [`with_layers`].
pub fn routes() -> Router<HttpState> {
    route_table()
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| {
            router.route(path, methods)
        })
}

/// Puts the layers and the answers for unknown addresses and methods around `router`.
pub fn with_layers<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    state: &HttpState,
) -> Router<S> {
    let router = router
        .fallback(web::elsewhere)
        .method_not_allowed_fallback(|| async { ErrorAnswer::wrong_method() });
    layers::surround(
        router,
        &Door {
            config: Arc::new(state.config.door.clone()),
            clock: state.accounts.clock.clone(),
        },
    )
}

fn route_table() -> Vec<(&'static str, MethodRouter<HttpState>)> {
    vec![
        ("/api/v1/auth/state", get(auth::state)),
        ("/api/v1/auth/register", post(auth::register)),
        ("/api/v1/auth/login", post(auth::login)),
        ("/api/v1/auth/refresh", post(auth::refresh)),
        ("/api/v1/auth/logout", post(auth::logout)),
        ("/api/v1/auth/me", get(auth::me)),
        (
            "/api/v1/auth/sessions",
            get(auth::list_sessions).delete(auth::end_other_sessions),
        ),
        ("/api/v1/auth/sessions/{id}", delete(auth::end_session)),
        ("/api/v1/health", get(health::server)),
        ("/api/v1/health/", get(health::server)),
        ("/api/v1/health/db", get(health::database)),
        ("/api/v1/health/redis", get(health::redis)),
        ("/metrics", get(render_metrics)),
        ("/openapi.json", get(docs::openapi_json)),
        ("/docs", get(docs::page)),
        ("/docs/app.js", get(docs::script)),
        ("/docs/style.css", get(docs::style)),
        ("/", get(web::home)),
        ("/assets/{*path}", get(web::asset)),
    ]
}

/// Metrics in Prometheus's text format
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain"))
)]
async fn render_metrics(State(state): State<HttpState>) -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        state.metrics.render(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_described_but_those_of_pages() {
        let described = docs::document().paths.paths;
        let undescribed: Vec<&str> = route_table()
            .into_iter()
            .map(|(path, _)| path)
            .filter(|path| !described.contains_key(*path))
            .collect();
        // The first is the same as with a slash behind it.
        let expected = [
            "/api/v1/health",
            "/openapi.json",
            "/docs",
            "/docs/app.js",
            "/docs/style.css",
            "/",
            "/assets/{*path}",
        ];
        assert_eq!(undescribed, expected);
    }
}
