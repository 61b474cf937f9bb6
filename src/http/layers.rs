//! What surrounds every route: request ids, client addresses, HTTPS, CORS, limits, security headers,
//! the error body, one log line and the metrics.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, LOCATION,
    REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, UPGRADE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use convene_protocol::error_code::ErrorCode;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::answer::{ErrorAnswer, Unwritten};
use super::origin::{Scheme, client_address, peer, scheme};
use crate::clock::Clock;
use crate::config::DoorConfig;
use crate::error::Failure;
use crate::ids::RequestId;

/// How long a request may take; an upgraded socket is past it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest id a client may give its request.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// How long browsers may remember a preflight.
const PREFLIGHT_FOR: Duration = Duration::from_mins(10);

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, quoted in its answer and its log lines: the client's if it is sane,
/// otherwise made here.
#[derive(Debug, Clone)]
pub struct RequestTag(pub Arc<str>);

/// What the layers need to know.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) config: Arc<DoorConfig>,
    pub(crate) clock: Clock,
}

/// Surrounds every route of `router` with the layers.
pub(crate) fn surround<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    door: &Door,
) -> Router<S> {
    router
        .layer(DefaultBodyLimit::max(super::BODY_BYTES_MAX))
        .layer(from_fn(in_time))
        .layer(CatchPanicLayer::custom(|_| {
            ErrorAnswer::from(Failure::fault()).into_response()
        }))
        .layer(from_fn_with_state(door.clone(), require_https))
        .layer(cors(&door.config))
        .layer(from_fn_with_state(door.clone(), observe))
}

/// Names the request, then completes, secures, logs and counts its answer.
async fn observe(State(door): State<Door>, request: Request, next: Next) -> Response {
    let started = door.clock.monotonic();
    let (mut parts, body) = request.into_parts();
    let tag = request_tag(&parts.headers, &door.clock);
    let peer = peer(&parts);
    let scheme = scheme(peer, &parts.headers, &door.config);
    parts.extensions.insert(tag.clone());
    parts.extensions.insert(scheme);
    parts
        .extensions
        .insert(client_address(peer, &parts.headers, &door.config));
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let method = parts.method.clone();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let unwritten = Unwritten::take(&mut response);
    if let Some(unwritten) = &unwritten {
        unwritten.write(&tag.0, &mut response);
    }
    secure(response.headers_mut(), scheme);
    if let Ok(value) = HeaderValue::from_str(&tag.0) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    Line {
        tag: &tag.0,
        method: method_name(&method),
        route: route.as_ref().map_or("unmatched", MatchedPath::as_str),
        status: response.status(),
        took: door.clock.monotonic().saturating_duration_since(started),
        failure: unwritten.as_ref().map(Unwritten::failure),
    }
    .write();
    response
}

/// What is logged and counted of one request.
struct Line<'a> {
    tag: &'a str,
    method: &'static str,
    route: &'a str,
    status: StatusCode,
    took: Duration,
    failure: Option<&'a Failure>,
}

impl Line<'_> {
    fn write(&self) {
        let (request_id, status) = (self.tag, self.status.as_u16());
        if let Some((failure, cause)) = self.failure.and_then(|f| Some((f, f.cause()?))) {
            let code = failure.code.as_str();
            if self.status.is_server_error() {
                tracing::error!(request_id, code, error = cause, "request failed");
            } else {
                tracing::warn!(request_id, code, error = cause, "request refused");
            }
        }
        let micros = u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX);
        let (method, route) = (self.method, self.route);
        let code = self.failure.map(|failure| failure.code.as_str());
        if is_probe(route) {
            tracing::debug!(request_id, method, route, status, code, micros, "request");
        } else {
            tracing::info!(request_id, method, route, status, code, micros, "request");
        }
        let labels = [
            ("route", route.to_owned()),
            ("method", method.to_owned()),
            ("status", status.to_string()),
        ];
        metrics::counter!("convene_http_requests_total", &labels).increment(1);
        let [route, method, _] = labels;
        metrics::histogram!("convene_http_request_seconds", &[route, method])
            .record(self.took.as_secs_f64());
    }
}

/// What machines ask every few seconds, and without going through the proxy.
fn is_probe(route: &str) -> bool {
    route.starts_with("/api/v1/health") || route == "/metrics"
}

fn request_tag(headers: &HeaderMap, clock: &Clock) -> RequestTag {
    let sane = |text: &&str| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let given = headers
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(sane);
    RequestTag(given.map_or_else(|| RequestId::generate(clock).to_string().into(), Arc::from))
}

/// A method's name with a bounded number of values, since each becomes a time series.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Adds what a browser needs to be told; a route that set its own value keeps it.
fn secure(headers: &mut HeaderMap, scheme: Scheme) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(REFERRER_POLICY, "no-referrer");
    set(
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    );
    set(CACHE_CONTROL, "no-store");
    match scheme {
        Scheme::Https => set(STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        Scheme::Http => {}
    }
}

fn cors(config: &DoorConfig) -> CorsLayer {
    let origins = config
        .allowed_origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    // No credentials: tokens travel in a header that only the page's own code can set.
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, REQUEST_ID.clone()])
        .expose_headers([REQUEST_ID.clone(), RETRY_AFTER])
        .max_age(PREFLIGHT_FOR)
}

/// Keeps credentials off unencrypted connections where the operator says so.
async fn require_https(
    State(door): State<Door>,
    Extension(scheme): Extension<Scheme>,
    request: Request,
    next: Next,
) -> Response {
    let probe = request
        .extensions()
        .get::<MatchedPath>()
        .is_some_and(|route| is_probe(route.as_str()));
    if !door.config.require_https || scheme == Scheme::Https || probe {
        return next.run(request).await;
    }
    let redirect = matches!(*request.method(), Method::GET | Method::HEAD)
        && !request.headers().contains_key(UPGRADE);
    if let Some(location) = redirect
        .then(|| https_address(request.headers(), request.uri()))
        .flatten()
    {
        return (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response();
    }
    ErrorAnswer::from(Failure::new(
        ErrorCode::Forbidden,
        "This server is reached over HTTPS only; use https:// or wss://.",
    ))
    .into_response()
}

fn https_address(headers: &HeaderMap, uri: &Uri) -> Option<HeaderValue> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    HeaderValue::from_str(&format!("https://{host}{path}")).ok()
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ErrorAnswer::from(Failure::new(
            ErrorCode::Unavailable,
            "The request took too long; try again later.",
        ))
        .into_response(),
    }
}
