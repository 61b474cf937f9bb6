//! Accepts connections: how many there may be, and how long one may take to say what it wants.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// A request's head comes in one packet or two; a connection that is slower, or idle between two
/// requests for this long, gives its place to others. Sockets are past their head.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// Connections beside the sockets: REST requests, and those that are about to become sockets.
const BESIDE_SOCKETS: usize = 1_000;
/// How long to wait when the system has no file handle left.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Serves until `stop`. At the limit new connections wait in the system's own queue.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    sockets_max: usize,
    tracker: TaskTracker,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(sockets_max.saturating_add(BESIDE_SOCKETS)));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = async {
                // Never closed, so there is always a place in the end.
                let place = Arc::clone(&places).acquire_owned().await.ok();
                (place, listener.accept().await)
            } => accepted,
        };
        match accepted {
            (place, Ok((stream, from))) => {
                let one = serve_one(stream, from, router.clone(), stop.clone());
                drop(tracker.spawn(async move {
                    one.await;
                    drop(place);
                }));
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

async fn serve_one(stream: TcpStream, from: SocketAddr, router: Router, stop: CancellationToken) {
    // Edits are small and each is awaited by somebody: none may wait for the next to fill a packet.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection stays slow");
    }
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(from));
        let router = router.clone();
        async move {
            let answer: Result<Response<Body>, Infallible> = router.oneshot(request).await;
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}
