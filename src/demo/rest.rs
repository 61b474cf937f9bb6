//! One request over HTTP and its answer, which is read up to a limit.

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use convene_protocol::rest::ErrorBody;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::address::Address;
use super::{DemoError, in_time};

/// What is read of an answer. Tokens and errors have a kilobyte.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What this client calls itself; an account's list of sign-ins shows it.
const NAME: &str = concat!("convene-demo/", env!("CARGO_PKG_VERSION"));

/// What the server answers.
pub(super) enum Answer<T> {
    /// It did it.
    Done(T),
    /// It did not, and says why.
    Refused(ErrorBody),
}

/// Posts `body` to `route`.
pub(super) async fn post<T: DeserializeOwned>(
    server: &Address,
    route: &'static str,
    body: &impl Serialize,
) -> Result<Answer<T>, DemoError> {
    let strange = |say: String| DemoError::Strange {
        address: server.clone(),
        asked: route,
        say,
    };
    let json = serde_json::to_vec(body).map_err(|error| strange(error.to_string()))?;
    let request = Request::post(route)
        .header(HOST, server.authority())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, NAME)
        .body(Body::from(json))
        .map_err(|error| strange(error.to_string()))?;
    let exchange = async {
        let answered = exchange(server, request).await?;
        answered.map_err(|error| strange(error.to_string()))
    };
    let (status, bytes) = in_time((server, route), exchange).await?;
    if status.is_success() {
        let read = serde_json::from_slice(&bytes);
        read.map(Answer::Done)
            .map_err(|error| strange(error.to_string()))
    } else {
        let read = serde_json::from_slice(&bytes);
        read.map(Answer::Refused)
            .map_err(|_| strange(status.to_string()))
    }
}

/// Sends a request on a connection of its own and reads the whole answer.
async fn exchange(
    server: &Address,
    request: Request<Body>,
) -> Result<Result<(StatusCode, Bytes), axum::Error>, DemoError> {
    let stream = server.connect().await?;
    let (mut sender, connection) = match handshake(TokioIo::new(stream)).await {
        Ok(parts) => parts,
        Err(error) => return Ok(Err(axum::Error::new(error))),
    };
    let answer = async move {
        let answer = sender.send_request(request).await;
        let (head, body) = answer.map_err(axum::Error::new)?.into_parts();
        let bytes = to_bytes(Body::new(body), ANSWER_BYTES_MAX).await?;
        Ok((head.status, bytes))
    };
    // The connection has to be driven; it ends with the sender, and what breaks it the answer says too.
    let (answer, _) = tokio::join!(answer, connection);
    Ok(answer)
}
