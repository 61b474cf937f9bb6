//! The one shape of a refused request: [`ErrorBody`] as JSON, completed with the request's id.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use convene_protocol::error_code::ErrorCode;
use convene_protocol::rest::ErrorBody;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::error::Failure;

/// A refused request on its way out. The layers around the router write the body, because only
/// they know the request's id.
#[derive(Debug)]
pub struct ErrorAnswer {
    failure: Failure,
    status: StatusCode,
}

/// Rides along in the response until the body is written.
#[derive(Debug, Clone)]
pub(crate) struct Unwritten(Arc<Failure>);

impl From<Failure> for ErrorAnswer {
    fn from(failure: Failure) -> Self {
        let status = StatusCode::from_u16(failure.code.http_status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { failure, status }
    }
}

impl ErrorAnswer {
    /// No such route.
    pub(crate) fn no_route() -> Self {
        Failure::new(
            ErrorCode::NotFound,
            "There is nothing at this address; /docs lists what there is.",
        )
        .into()
    }

    /// The route is there, the method is not. The table has no code of its own for it.
    pub(crate) fn wrong_method() -> Self {
        Self {
            failure: Failure::new(
                ErrorCode::NotFound,
                "This address does not take that method; the Allow header says which it takes.",
            ),
            status: StatusCode::METHOD_NOT_ALLOWED,
        }
    }
}

impl IntoResponse for ErrorAnswer {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response
            .extensions_mut()
            .insert(Unwritten(Arc::new(self.failure)));
        response
    }
}

impl Unwritten {
    /// Takes the failure out of a response, if it is one.
    pub(crate) fn take(response: &mut Response) -> Option<Self> {
        response.extensions_mut().remove()
    }

    /// The failure.
    pub(crate) fn failure(&self) -> &Failure {
        &self.0
    }

    /// Writes the body and its headers.
    pub(crate) fn write(&self, request_id: &str, response: &mut Response) {
        let failure = &self.0;
        let mut body = ErrorBody::new(failure.code, failure.message.as_ref(), request_id);
        if let Some(wait) = failure.retry_after {
            body.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if response.status() == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Strings and numbers always serialize.
        *response.body_mut() = Body::from(serde_json::to_vec(&body).unwrap_or_default());
    }
}

/// Rounded up: a client that comes back after it must not be early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// A JSON body, refused with a sentence that says what to do.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ErrorAnswer;

    async fn from_request(request: Request, state: &S) -> Result<Self, ErrorAnswer> {
        if !says_json(request.headers()) {
            return Err(Failure::new(
                ErrorCode::Malformed,
                "Send the body as JSON, with the header Content-Type: application/json.",
            )
            .into());
        }
        let bytes = read_body(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body that may be left out.
#[derive(Debug)]
pub struct OptionalJsonBody<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = ErrorAnswer;

    async fn from_request(request: Request, state: &S) -> Result<Self, ErrorAnswer> {
        let bytes = read_body(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        parse(&bytes).map(Self)
    }
}

fn says_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

async fn read_body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ErrorAnswer> {
    match Bytes::from_request(request, state).await {
        Ok(bytes) => Ok(bytes),
        Err(BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_))) => {
            Err(Failure::new(
                ErrorCode::TooLarge,
                format!(
                    "The body is over {} bytes; send a smaller one.",
                    super::BODY_BYTES_MAX
                ),
            )
            .into())
        }
        Err(other) => Err(Failure::new(
            ErrorCode::Malformed,
            "The body ended early; send the request again.",
        )
        .caused_by(other)
        .into()),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ErrorAnswer> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (code, advice) = match error.classify() {
            Category::Io | Category::Syntax | Category::Eof => {
                (ErrorCode::Malformed, "The body is not JSON")
            }
            Category::Data => (ErrorCode::Invalid, "The body is not as /docs describes it"),
        };
        Failure::new(
            code,
            format!("{advice}: {error}. Change it and send it again."),
        )
        .into()
    })
}
