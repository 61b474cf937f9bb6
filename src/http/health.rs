//! `/api/v1/health`: whether the server, its database and its relay are well.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use convene_protocol::rest::{HealthAnswer, HealthStatus};

use super::HttpState;

type Answer = (StatusCode, Json<HealthAnswer>);

/// Whether the server takes new work
#[utoipa::path(
    get,
    path = "/api/v1/health/",
    tag = "operation",
    responses(
        (status = 200, description = "It does", body = HealthAnswer),
        (status = 503, description = "It is stopping", body = HealthAnswer),
    )
)]
pub(super) async fn server(State(state): State<HttpState>) -> Answer {
    let status = if state.readiness.is_stopping() {
        HealthStatus::Stopping
    } else {
        HealthStatus::Ok
    };
    answer(HealthAnswer {
        status,
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        engine: None,
    })
}

/// Whether the database answers
#[utoipa::path(
    get,
    path = "/api/v1/health/db",
    tag = "operation",
    responses(
        (status = 200, description = "It does", body = HealthAnswer),
        (status = 503, description = "It does not; the log says why", body = HealthAnswer),
    )
)]
pub(super) async fn database(State(state): State<HttpState>) -> Answer {
    let storage = &state.accounts.storage;
    let status = match storage.check().await {
        Ok(()) => HealthStatus::Ok,
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the database did not answer the health check");
            HealthStatus::Unavailable
        }
    };
    answer(HealthAnswer {
        status,
        version: None,
        engine: Some(storage.engine().to_owned()),
    })
}

/// Whether Redis answers
#[utoipa::path(
    get,
    path = "/api/v1/health/redis",
    tag = "operation",
    responses(
        (status = 200, description = "It does, or one node needs none", body = HealthAnswer),
        (status = 503, description = "It does not; nodes see each other's edits half a second later", body = HealthAnswer),
    )
)]
pub(super) async fn redis(State(state): State<HttpState>) -> Answer {
    let status = match state.accounts.relay.is_connected() {
        None => HealthStatus::NotConfigured,
        Some(true) => HealthStatus::Ok,
        Some(false) => HealthStatus::Unavailable,
    };
    answer(HealthAnswer {
        status,
        version: None,
        engine: None,
    })
}

fn answer(body: HealthAnswer) -> Answer {
    let status = match body.status {
        HealthStatus::Ok | HealthStatus::NotConfigured => StatusCode::OK,
        HealthStatus::Unavailable | HealthStatus::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(body))
}
