//! Reads the bearer token of a request and says who shows it.

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::HttpState;
use super::answer::ErrorAnswer;
use crate::accounts::no_token;
use crate::auth::principal::Principal;

/// Somebody whose access token is good and whose sign-in was not ended.
#[derive(Debug, Clone)]
pub struct Authenticated(pub Principal);

/// The text after `Bearer`, whatever it is worth.
#[derive(Clone)]
pub(crate) struct BearerText(pub(crate) String);

/// The token of an `Authorization: Bearer` header, if there is one.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (kind, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl<S> FromRequestParts<S> for Authenticated
where
    S: Send + Sync,
    HttpState: FromRef<S>,
{
    type Rejection = ErrorAnswer;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorAnswer> {
        let state = HttpState::from_ref(state);
        let token = bearer(&parts.headers).ok_or_else(no_token)?;
        Ok(Self(state.accounts.authenticate(token).await?))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for BearerText {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> Result<Option<Self>, std::convert::Infallible> {
        Ok(bearer(&parts.headers).map(|token| Self(token.to_owned())))
    }
}
