//! `/api/v1/auth`: accounts and sign-ins.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use convene_protocol::error_code::ErrorCode;
use convene_protocol::rest::{
    AuthStateAnswer, ErrorBody, LoginRequest, LogoutRequest, RefreshRequest, RegisterRequest,
    SessionsAnswer, TokenAnswer, UserBody,
};

use super::HttpState;
use super::answer::{ErrorAnswer, JsonBody, OptionalJsonBody};
use super::authenticated::{Authenticated, BearerText};
use super::origin::ClientAddress;
use crate::accounts::Visitor;
use crate::error::Failure;
use crate::ids::FamilyId;

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Self, std::convert::Infallible> {
        let ClientAddress(address) = ClientAddress::from_request_parts(parts, state).await?;
        let user_agent = parts.headers.get(USER_AGENT);
        Ok(Self {
            address,
            user_agent: user_agent
                .and_then(|value| value.to_str().ok())
                .map(ToOwned::to_owned),
        })
    }
}

/// Who may make an account, and whether there is one
///
/// A page asks this before anybody is signed in. It tells nobody more than registering would: the first
/// account may do no more than any later one, and a server without one has nothing to get at.
#[utoipa::path(
    get,
    path = "/api/v1/auth/state",
    tag = "accounts",
    responses((status = 200, description = "What this server takes", body = AuthStateAnswer))
)]
pub(super) async fn state(
    State(state): State<HttpState>,
) -> Result<Json<AuthStateAnswer>, ErrorAnswer> {
    Ok(Json(state.accounts.state().await?))
}

/// Make an account and sign in
#[utoipa::path(
    post,
    path = "/api/v1/auth/register",
    tag = "accounts",
    request_body = RegisterRequest,
    responses(
        (status = 201, description = "The account is made and signed in", body = TokenAnswer),
        (status = 403, description = "Registration is closed or takes an invitation", body = ErrorBody),
        (status = 409, description = "This address cannot be registered", body = ErrorBody),
        (status = 429, description = "Too many tries; see Retry-After", body = ErrorBody),
    )
)]
pub(super) async fn register(
    State(state): State<HttpState>,
    visitor: Visitor,
    JsonBody(request): JsonBody<RegisterRequest>,
) -> Result<(StatusCode, Json<TokenAnswer>), ErrorAnswer> {
    // Hashing and a transaction, in one large future.
    let answer = Box::pin(state.accounts.register(request, visitor)).await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Sign in with a password
#[utoipa::path(
    post,
    path = "/api/v1/auth/login",
    tag = "accounts",
    request_body = LoginRequest,
    responses(
        (status = 200, description = "Signed in", body = TokenAnswer),
        (status = 401, description = "Address and password do not fit together", body = ErrorBody),
        (status = 429, description = "Too many tries; see Retry-After", body = ErrorBody),
    )
)]
pub(super) async fn login(
    State(state): State<HttpState>,
    visitor: Visitor,
    JsonBody(request): JsonBody<LoginRequest>,
) -> Result<Json<TokenAnswer>, ErrorAnswer> {
    Ok(Json(state.accounts.login(request, visitor).await?))
}

/// Trade the refresh token for the next pair of tokens
///
/// A refresh token counts once. Showing a used one ends the sign-in, since somebody has a copy;
/// within 10 seconds the token just used may be shown again, in case the answer got lost.
#[utoipa::path(
    post,
    path = "/api/v1/auth/refresh",
    tag = "accounts",
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "The next pair", body = TokenAnswer),
        (status = 401, description = "The sign-in has ended", body = ErrorBody),
    )
)]
pub(super) async fn refresh(
    State(state): State<HttpState>,
    JsonBody(request): JsonBody<RefreshRequest>,
) -> Result<Json<TokenAnswer>, ErrorAnswer> {
    Ok(Json(state.accounts.refresh(request).await?))
}

/// Sign out: end this sign-in and its sockets
#[utoipa::path(
    post,
    path = "/api/v1/auth/logout",
    tag = "accounts",
    request_body(content = Option<LogoutRequest>, description = "May be left out"),
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "Neither token names a sign-in", body = ErrorBody),
    ),
    security(("bearer" = []), ())
)]
pub(super) async fn logout(
    State(state): State<HttpState>,
    token: Option<BearerText>,
    OptionalJsonBody(request): OptionalJsonBody<LogoutRequest>,
) -> Result<StatusCode, ErrorAnswer> {
    let token = token.as_ref().map(|BearerText(text)| text.as_str());
    state.accounts.logout(token, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The account the token belongs to
#[utoipa::path(
    get,
    path = "/api/v1/auth/me",
    tag = "accounts",
    responses(
        (status = 200, description = "The account", body = UserBody),
        (status = 401, description = "No good token", body = ErrorBody),
    ),
    security(("bearer" = []))
)]
pub(super) async fn me(
    State(state): State<HttpState>,
    Authenticated(principal): Authenticated,
) -> Result<Json<UserBody>, ErrorAnswer> {
    Ok(Json(state.accounts.me(&principal).await?))
}

/// Every place the account is signed in
#[utoipa::path(
    get,
    path = "/api/v1/auth/sessions",
    tag = "accounts",
    responses(
        (status = 200, description = "The sign-ins that still count", body = SessionsAnswer),
        (status = 401, description = "No good token", body = ErrorBody),
    ),
    security(("bearer" = []))
)]
pub(super) async fn list_sessions(
    State(state): State<HttpState>,
    Authenticated(principal): Authenticated,
) -> Result<Json<SessionsAnswer>, ErrorAnswer> {
    Ok(Json(state.accounts.sessions(&principal).await?))
}

/// Sign out everywhere else
#[utoipa::path(
    delete,
    path = "/api/v1/auth/sessions",
    tag = "accounts",
    responses(
        (status = 204, description = "Every sign-in but this one has ended"),
        (status = 401, description = "No good token", body = ErrorBody),
    ),
    security(("bearer" = []))
)]
pub(super) async fn end_other_sessions(
    State(state): State<HttpState>,
    Authenticated(principal): Authenticated,
) -> Result<StatusCode, ErrorAnswer> {
    state.accounts.end_other_sessions(&principal).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign out in one place
#[utoipa::path(
    delete,
    path = "/api/v1/auth/sessions/{id}",
    tag = "accounts",
    params(("id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "That sign-in has ended"),
        (status = 401, description = "No good token", body = ErrorBody),
        (status = 404, description = "The account has no such sign-in", body = ErrorBody),
    ),
    security(("bearer" = []))
)]
pub(super) async fn end_session(
    State(state): State<HttpState>,
    Authenticated(principal): Authenticated,
    Path(id): Path<String>,
) -> Result<StatusCode, ErrorAnswer> {
    let family = id.parse::<FamilyId>().map_err(|error| {
        Failure::new(
            ErrorCode::NotFound,
            "You have no such sign-in; GET lists them.",
        )
        .caused_by(error)
    })?;
    state.accounts.end_session(&principal, family).await?;
    Ok(StatusCode::NO_CONTENT)
}
