//! One plan opened on one socket by one principal: what the server calls a session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::{ClientMessage, Scope};
use convene_protocol::hocuspocus::Address;

use crate::auth::access::{Grant, Role};
use crate::auth::opaque_token::OpaqueToken;
use crate::auth::principal::Principal;
use crate::auth::token::TokenError;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::ids::{DocumentId, SessionId};
use crate::room::handle::{JoinRefused, RoomGone, RoomHandle, Seat};
use crate::room::input::{Input, Joined};
use crate::room::outbox::Outbox;
use crate::session::directory::Place;
use crate::session::upgrade::SessionState;
use crate::storage::agent_tokens::AgentToken;

/// How long before its token expires a client is asked for a new one.
const ASK_BEFORE_EXPIRY: Duration = Duration::from_mins(1);
/// How long after expiry an answer may still come.
const GRACE: Duration = Duration::from_secs(10);

/// An open plan.
#[derive(Debug)]
pub(super) struct Attachment {
    pub(super) session: SessionId,
    pub(super) room: RoomHandle,
    pub(super) seat: Seat,
    pub(super) grant: Grant,
    pub(super) principal: Principal,
    pub(super) expiry: Expiry,
    /// A further token, good by its signature, that could not be looked up because the database was
    /// away. The session goes on meanwhile: nothing of it is committed or shown either.
    pub(super) retry: Option<String>,
}

/// When a session's token ends, and when its client is asked for the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiry {
    pub(super) at: Timestamp,
    ask_at: Timestamp,
    asked: bool,
}

/// What time brings to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Nothing,
    /// Ask the client for a fresh token.
    Ask,
    /// No fresh token came: the session is over.
    Over,
}

impl Expiry {
    /// A token that ends at `at`, first shown `now`. One that lives shortly is asked for in its
    /// last quarter.
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        let early = ASK_BEFORE_EXPIRY.min(at.since(now) / 4);
        Self {
            at,
            ask_at: at.before(early),
            asked: false,
        }
    }

    pub(super) fn due(&mut self, now: Timestamp) -> Due {
        if now >= self.at.after(GRACE) {
            Due::Over
        } else if now >= self.ask_at && !self.asked {
            self.asked = true;
            Due::Ask
        } else {
            Due::Nothing
        }
    }

    pub(super) fn next(&self) -> Timestamp {
        if self.asked {
            self.at.after(GRACE)
        } else {
            self.ask_at
        }
    }
}

/// Who opens a plan, where its frames go, and the socket's place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening<'a> {
    pub(super) state: &'a SessionState,
    pub(super) place: &'a Place,
    pub(super) outbox: &'a Arc<Outbox>,
}

impl Opening<'_> {
    /// Who showed `token`. A sign-in that was revoked does not count, however good the signature.
    pub(super) async fn principal(&self, token: &str) -> Result<Principal, Failure> {
        if OpaqueToken::is_of_agent(token) {
            return self.agent(token, None).await.map(|(agent, _)| agent);
        }
        let principal = self.verify(token)?;
        if !self.state.storage.is_live(principal.family).await? {
            return Err(sign_in_ended());
        }
        self.bind(principal)
    }

    /// Who showed `token`, and its role in `document`, if it has one.
    pub(super) async fn member(
        &self,
        token: &str,
        document: DocumentId,
    ) -> Result<(Principal, Option<Role>), Failure> {
        if OpaqueToken::is_of_agent(token) {
            return self.agent(token, Some(document)).await;
        }
        let principal = self.verify(token)?;
        let access = self.state.storage.find_access(&principal, document).await;
        let (is_live, role) = access?;
        if !is_live {
            return Err(sign_in_ended());
        }
        Ok((self.bind(principal)?, role))
    }

    /// The same of an agent's token. It bears no signature, so the database is asked about every one.
    async fn agent(
        &self,
        token: &str,
        document: Option<DocumentId>,
    ) -> Result<(Principal, Option<Role>), Failure> {
        let storage = &self.state.storage;
        let hash = OpaqueToken::from_text(token).hash();
        match storage.find_agent_token(hash.as_bytes(), document).await? {
            AgentToken::Good {
                principal,
                role,
                note_use,
            } => {
                let principal = self.bind(principal)?;
                if note_use {
                    let (storage, family) = (storage.clone(), principal.family);
                    // Nobody waits for it, and the next one notes it if this does not.
                    drop(self.state.tracker.spawn(async move {
                        if let Err(error) = storage.note_agent_use(family).await {
                            tracing::debug!(%error, "the use of an agent was not noted");
                        }
                    }));
                }
                Ok((principal, role))
            }
            AgentToken::Over => Err(Failure::new(
                ErrorCode::Unauthenticated,
                "this agent's token is over; ask an owner of the plan for a new agent",
            )),
            AgentToken::Unknown => Err(not_valid()),
        }
    }

    fn verify(&self, token: &str) -> Result<Principal, Failure> {
        self.state
            .tokens
            .verify(token)
            .map_err(|error| match error {
                TokenError::Expired => Failure::new(
                    ErrorCode::Unauthenticated,
                    "the access token has expired; refresh it and connect again",
                ),
                TokenError::Invalid(_) => not_valid(),
            })
    }

    /// Notes who speaks on this socket, within the limit of sockets of one account.
    fn bind(&self, principal: Principal) -> Result<Principal, Failure> {
        self.place
            .bind(principal.user, principal.family)
            .map_err(|full| Failure::new(ErrorCode::Unavailable, full.to_string()))?;
        Ok(principal)
    }

    /// Opens the plan or draft called `document` for whom `token` names.
    pub(super) async fn open(
        &self,
        token: &str,
        document: &str,
        address: Option<Address>,
    ) -> Result<Attachment, Failure> {
        let Ok(document) = document.parse::<DocumentId>() else {
            self.principal(token).await?;
            return Err(no_such_plan());
        };
        let role_changes = self.state.registry.role_changes();
        let (principal, role) = self.member(token, document).await?;
        let role = role.ok_or_else(no_such_plan)?;
        let grant = Grant::new(document, principal.actor(), role);
        let session = SessionId::generate(&self.state.clock);
        let seat = Seat {
            outbox: Arc::clone(self.outbox),
            address,
            refused: Arc::new(AtomicBool::new(false)),
        };
        let joined = Joined {
            session,
            grant,
            name: principal.name.clone(),
        };
        let room = self
            .state
            .registry
            .join(document.row(), joined, seat.clone())
            .await
            .map_err(|refused| {
                let code = match refused {
                    JoinRefused::PlanGone => ErrorCode::NotFound,
                    JoinRefused::Full | JoinRefused::Unavailable | JoinRefused::RoomGone => {
                        ErrorCode::Unavailable
                    }
                };
                Failure::new(code, refused.to_string())
            })?;
        let attachment = Attachment {
            session,
            room,
            seat,
            grant,
            expiry: Expiry::new(principal.expires_at, self.state.clock.now()),
            principal,
            retry: None,
        };
        // A role that changed between the reading and the joining did not reach the room.
        if self.state.registry.role_changes() != role_changes {
            let storage = &self.state.storage;
            let role = storage.find_document_role(document, grant.user()).await;
            if role.as_ref().ok() != Some(&Some(grant.role())) {
                attachment.leave().await;
                return Err(match role {
                    Err(error) => error.into(),
                    Ok(_) => Failure::new(
                        ErrorCode::Unavailable,
                        "your role has just changed; reconnect",
                    ),
                });
            }
        }
        tracing::info!(
            plan.id = %document.row(), session.id = %session, user.id = %grant.user(),
            "session {session} opened {document}"
        );
        Ok(attachment)
    }
}

fn not_valid() -> Failure {
    Failure::new(
        ErrorCode::Unauthenticated,
        "the access token is not valid; sign in",
    )
}

fn sign_in_ended() -> Failure {
    Failure::new(
        ErrorCode::Unauthenticated,
        "this sign-in has ended; sign in again",
    )
}

/// The answer for plans that are not there and for plans of others alike.
pub(super) fn no_such_plan() -> Failure {
    Failure::new(
        ErrorCode::NotFound,
        "there is no such plan for this account; make one with plan.create",
    )
}

impl Attachment {
    /// Goes on with a fresh token, and with the role its user has by now.
    pub(super) fn renew(&mut self, principal: Principal, role: Role, now: Timestamp) {
        self.expiry = Expiry::new(principal.expires_at, now);
        self.grant = self.grant.with_role(role);
        self.principal = principal;
    }

    /// What the client may do, as its provider is told.
    pub(super) fn scope(&self) -> Scope {
        if self.grant.write().is_some() {
            Scope::ReadWrite
        } else {
            Scope::ReadOnly
        }
    }

    /// Whether the room accepts nothing more from this replica.
    pub(super) fn is_refused(&self) -> bool {
        self.seat.refused.load(Ordering::Acquire)
    }

    pub(super) async fn tell(&self, input: Input) -> Result<(), RoomGone> {
        self.room.tell(input).await
    }

    /// Hands on what a client says of the document; the rest is the dialect's business.
    pub(super) async fn deliver(&self, message: ClientMessage) -> Result<(), RoomGone> {
        match Input::of(self.session, message) {
            Some(input) => self.tell(input).await,
            None => Ok(()),
        }
    }

    pub(super) async fn leave(&self) {
        self.room.leave(self.session).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_asked_once_and_has_a_grace() {
        let start = Timestamp::from_micros(0);
        let mut expiry = Expiry::new(start.after(Duration::from_mins(15)), start);
        let at = |seconds| start.after(Duration::from_secs(seconds));
        assert_eq!(expiry.due(at(800)), Due::Nothing);
        assert_eq!(expiry.due(at(840)), Due::Ask);
        assert_eq!(expiry.due(at(905)), Due::Nothing);
        assert_eq!(expiry.due(at(910)), Due::Over);
    }
}
