//! From an HTTP request to a socket: `/ws/{plan}` speaks y-websocket, `/ws` Hocuspocus.

use std::sync::Arc;

use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tokio_util::task::TaskTracker;

use crate::auth::token::Tokens;
use crate::clock::Clock;
use crate::config::{DoorConfig, Limits};
use crate::control::Desk;
use crate::room::outbox::{Ending, Outbox};
use crate::room::registry::Registry;
use crate::session::credentials::{self, SUBPROTOCOL};
use crate::session::directory::Directory;
use crate::session::hocuspocus::Hocuspocus;
use crate::session::origin;
use crate::session::task::{Named, Opener, SocketTask};
use crate::storage::Storage;

/// What tungstenite is let read into one message beyond our own limit: a message over our limit is
/// answered, one over this ends the socket without a word.
const BACKSTOP: usize = 8 << 20;
/// What is read from a socket at once. An idle socket keeps as much: the default of 128 KiB would be a
/// gigabyte for 10,000 of them.
const READ_BYTES: usize = 1 << 10;
/// What is gathered before it is written to a socket.
const WRITE_BYTES: usize = 2 << 10;

/// What sockets need; cheap to clone.
#[derive(Debug, Clone)]
pub struct SessionState {
    /// Where sign-ins and roles are read.
    pub storage: Storage,
    /// Verifies access tokens.
    pub tokens: Arc<Tokens>,
    /// Where plans are opened.
    pub registry: Registry,
    /// Where control requests are answered.
    pub desk: Desk,
    /// Every open socket.
    pub directory: Directory,
    /// The time.
    pub clock: Clock,
    /// Who may open a socket.
    pub door: Arc<DoorConfig>,
    /// What sockets are bound by.
    pub limits: Arc<Limits>,
    /// Tracks what shutdown waits for.
    pub tracker: TaskTracker,
}

/// The routes of both dialects.
pub fn routes(state: SessionState) -> Router {
    Router::new()
        .route("/ws", any(hocuspocus))
        .route("/ws/", any(hocuspocus))
        .route("/ws/{*plan}", any(ywebsocket))
        .with_state(state)
}

async fn ywebsocket(
    State(state): State<SessionState>,
    Path(plan): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let token = credentials::token(&headers, query.as_deref());
    accept(
        state,
        &headers,
        upgrade,
        move |state, outbox, place| async move {
            Ok(Opener::YWebsocket(Box::new(Named {
                state,
                outbox,
                place,
                plan,
                token,
            })))
        },
    )
}

async fn hocuspocus(
    State(state): State<SessionState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let token = credentials::token(&headers, query.as_deref());
    accept(
        state,
        &headers,
        upgrade,
        move |state, outbox, place| async move {
            let mut speaker = Hocuspocus::new(state, outbox, place, token);
            speaker.take_upgrade_token().await;
            Ok(Opener::Hocuspocus(Box::new(speaker)))
        },
    )
}

fn accept<F>(
    state: SessionState,
    headers: &HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    open: impl FnOnce(SessionState, Arc<Outbox>, crate::session::directory::Place) -> F + Send + 'static,
) -> Response
where
    F: Future<Output = Result<Opener, Ending>> + Send + 'static,
{
    let Ok(upgrade) = upgrade else {
        return (
            StatusCode::UPGRADE_REQUIRED,
            [("upgrade", "websocket")],
            "this address speaks WebSocket only\n",
        )
            .into_response();
    };
    if !origin::is_allowed(headers, &state.door.allowed_origins) {
        metrics::counter!("convene_origins_refused_total").increment(1);
        tracing::info!("refused an upgrade from a foreign origin");
        return (
            StatusCode::FORBIDDEN,
            "pages of this origin may not connect; the operator can add it to \
             CONVENE_ALLOWED_ORIGINS\n",
        )
            .into_response();
    }
    let tracker = state.tracker.clone();
    upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(state.limits.frame_bytes_max.saturating_add(BACKSTOP))
        .max_frame_size(state.limits.frame_bytes_max.saturating_add(BACKSTOP))
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .on_upgrade(move |ws: WebSocket| {
            tracker.track_future(async move {
                let outbox = Arc::new(Outbox::new(state.limits.outbox_bytes_max));
                let mut task = SocketTask::new(&state, ws, Arc::clone(&outbox));
                match state.directory.enter(Arc::clone(&outbox)) {
                    // What happens once is boxed here and below: it would otherwise take its memory
                    // for as long as the socket lives.
                    Ok(place) => match Box::pin(open(state, outbox, place)).await {
                        Ok(opener) => task.run(opener).await,
                        Err(ending) => Box::pin(task.refuse(ending)).await,
                    },
                    Err(full) => Box::pin(task.refuse_full(full)).await,
                }
            })
        })
}
