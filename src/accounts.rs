//! Accounts as a whole: registering, signing in, refreshing and signing out, for every carrier.
//!
//! Answers never tell whether an address has an account, except to somebody who registers with it:
//! without a mail server there is no other way to say that it is taken.

pub mod admin;
mod input;
pub mod watch;

use std::net::IpAddr;
use std::sync::Arc;

use convene_protocol::error_code::ErrorCode;
use convene_protocol::rest::{
    AuthStateAnswer, LoginRequest, LogoutRequest, RefreshRequest, RegisterRequest,
    RegistrationMode, SessionBody, SessionsAnswer, TokenAnswer, TokenType, UserBody,
};
use secrecy::ExposeSecret;

use crate::auth::opaque_token::OpaqueToken;
use crate::auth::password::Passwords;
use crate::auth::principal::{Principal, PrincipalKind};
use crate::auth::throttle::{Throttle, Throttled};
use crate::auth::token::Tokens;
use crate::clock::Clock;
use crate::config::{AccountConfig, Registration};
use crate::error::Failure;
use crate::ids::{FamilyId, UserId};
use crate::relay::Relay;
use crate::storage::Storage;
use crate::storage::accounts::{InvitedUser, NewUser, User};
use crate::storage::sign_ins::{NewFamily, Rotation};

/// The open sockets of this node, which end with the sign-in they were opened with.
pub trait LiveSessions: Send + Sync {
    /// Closes every socket of one sign-in.
    fn end_family(&self, family: FamilyId);
    /// How many sockets are open.
    fn count(&self) -> usize;
    /// Every sign-in with an open socket, each once.
    fn families(&self) -> Vec<FamilyId>;
}

/// Who asks, for throttling and for the list of one's sign-ins.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The client's address, past trusted proxies.
    pub address: IpAddr,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

/// Everything that accounts need.
pub struct Accounts {
    /// Where accounts and sign-ins are kept.
    pub storage: Storage,
    /// Issues and verifies access tokens.
    pub tokens: Tokens,
    /// Hashes and compares passwords.
    pub passwords: Passwords,
    /// Counts tries on this node.
    pub throttle: Throttle,
    /// Counts them on all nodes together, while Redis answers.
    pub relay: Relay,
    /// The operator's settings.
    pub config: AccountConfig,
    /// Tells the time.
    pub clock: Clock,
    /// The sockets that end with a sign-in.
    pub live: Arc<dyn LiveSessions>,
}

impl Accounts {
    /// What anybody may know before signing in. Whether there is an account is no secret: where registration is
    /// open the first visitor may become the first account anyway, an account gives no power over the server or
    /// over plans of others, and where there is none there is nobody to pretend to be.
    pub async fn state(&self) -> Result<AuthStateAnswer, Failure> {
        Ok(AuthStateAnswer {
            registration: match self.config.registration {
                Registration::Open => RegistrationMode::Open,
                Registration::Invite => RegistrationMode::Invite,
                Registration::Closed => RegistrationMode::Closed,
            },
            has_accounts: self.storage.has_users().await?,
        })
    }

    /// Makes an account and signs it in.
    pub async fn register(
        &self,
        request: RegisterRequest,
        visitor: Visitor,
    ) -> Result<TokenAnswer, Failure> {
        if self.config.registration == Registration::Closed {
            return Err(Failure::new(
                ErrorCode::Forbidden,
                "Nobody can register here; ask the operator of this server for an account.",
            ));
        }
        let email = input::email(&request.email)?;
        let name = input::name(&request.name)?;
        self.count_try(&email, &visitor).await?;
        // Hashed before anything is looked up: a taken address takes as long as a free one.
        let user = NewUser {
            id: UserId::generate(&self.clock),
            email,
            name,
            password_hash: self.passwords.hash(request.password.into()).await?,
        };
        let inserted = match (self.config.registration, request.invite) {
            (Registration::Invite, None) => return Err(invite_needed()),
            (Registration::Invite, Some(code)) => {
                let code = OpaqueToken::from_text(code.trim().to_owned()).hash();
                match self
                    .storage
                    .insert_invited_user(&user, code.as_bytes())
                    .await?
                {
                    InvitedUser::Inserted(user) => Some(user),
                    InvitedUser::EmailTaken => None,
                    InvitedUser::InviteUnusable => return Err(invite_needed()),
                }
            }
            (Registration::Open | Registration::Closed, _) => {
                self.storage.insert_user(&user).await?
            }
        };
        let Some(user) = inserted else {
            return Err(Failure::new(
                ErrorCode::Conflict,
                "This e-mail address cannot be registered; sign in with it or use another one.",
            ));
        };
        self.sign_in(user, visitor).await
    }

    /// Counts one try, or says when to come back: by this node's count, and by the one of all nodes.
    async fn count_try(&self, email: &str, visitor: &Visitor) -> Result<(), Throttled> {
        self.throttle.count(email, visitor.address)?;
        for shared in self.throttle.shared(email, visitor.address) {
            let wait = self
                .relay
                .count(&shared.key, shared.interval, shared.burst)
                .await;
            if let Some(retry_after) = wait.filter(|wait| !wait.is_zero()) {
                return Err(Throttled { retry_after });
            }
        }
        Ok(())
    }

    /// Signs in with a password.
    pub async fn login(
        &self,
        request: LoginRequest,
        visitor: Visitor,
    ) -> Result<TokenAnswer, Failure> {
        self.count_try(&request.email, &visitor).await?;
        let user = self.storage.find_user_by_email(&request.email).await?;
        // An agent has a token and no password, whatever stands where one would.
        let user = user.filter(|user| user.kind == PrincipalKind::Person);
        let stored = user.as_ref().map(|user| user.password_hash.clone());
        let matches = self
            .passwords
            .verify_or_dummy(request.password.into(), stored)
            .await?;
        match user {
            Some(user) if matches && user.disabled_at.is_none() => {
                self.sign_in(user, visitor).await
            }
            Some(_) | None => Err(Failure::new(
                ErrorCode::Unauthenticated,
                "The e-mail address and the password do not fit together; check both.",
            )),
        }
    }

    /// Trades a refresh token for the next pair. A token that was used before ends its sign-in.
    pub async fn refresh(&self, request: RefreshRequest) -> Result<TokenAnswer, Failure> {
        let next = OpaqueToken::generate();
        let (family, user) = match self.rotate(request.refresh_token, &next).await? {
            Rotation::Rotated { family, user } | Rotation::Overlap { family, user } => {
                (family, user)
            }
            Rotation::Reused { .. } | Rotation::Unknown | Rotation::Expired => {
                return Err(sign_in_again());
            }
        };
        let user = self.storage.find_user(user).await?;
        self.answer(&user.ok_or_else(sign_in_again)?, family, &next)
    }

    /// Ends the sign-in of the access token, or else that of the refresh token; both may have
    /// ended already.
    pub async fn logout(
        &self,
        access_token: Option<&str>,
        request: LogoutRequest,
    ) -> Result<(), Failure> {
        let principal = access_token.map(|text| self.verify(text));
        let (family, user) = match (principal, request.refresh_token) {
            (Some(Ok(principal)), _) => (principal.family, principal.user),
            (Some(Err(_)) | None, Some(text)) => {
                // The token is used up on the way, which is what signing out means.
                match self.rotate(text, &OpaqueToken::generate()).await? {
                    Rotation::Rotated { family, user } | Rotation::Overlap { family, user } => {
                        (family, user)
                    }
                    Rotation::Reused { .. } | Rotation::Unknown | Rotation::Expired => {
                        return Ok(());
                    }
                }
            }
            (Some(Err(failure)), None) => return Err(failure),
            (None, None) => return Err(no_token()),
        };
        self.storage.revoke_family(user, family).await?;
        self.live.end_family(family);
        Ok(())
    }

    /// Who showed this access token, unless it or its sign-in has ended.
    pub async fn authenticate(&self, access_token: &str) -> Result<Principal, Failure> {
        let principal = self.verify(access_token)?;
        if self.storage.is_live(principal.family).await? {
            Ok(principal)
        } else {
            Err(sign_in_again())
        }
    }

    /// Who was issued this access token. An agent's is for sockets: accounts are for people.
    fn verify(&self, access_token: &str) -> Result<Principal, Failure> {
        if OpaqueToken::is_of_agent(access_token) {
            return Err(Failure::new(
                ErrorCode::Unauthenticated,
                "An agent's token opens sockets and no account; sign in, and use an access token.",
            ));
        }
        Ok(self.tokens.verify(access_token)?)
    }

    /// The account of `principal`.
    pub async fn me(&self, principal: &Principal) -> Result<UserBody, Failure> {
        let user = self.storage.find_user(principal.user).await?;
        Ok(user_body(&user.ok_or_else(sign_in_again)?))
    }

    /// The sign-ins of `principal` that still count.
    pub async fn sessions(&self, principal: &Principal) -> Result<SessionsAnswer, Failure> {
        let families = self.storage.list_families(principal.user).await?;
        let sessions = families.into_iter().map(|family| SessionBody {
            id: family.id.to_string(),
            created_at: family.created_at.to_rfc3339(),
            last_used_at: family.last_used_at.to_rfc3339(),
            expires_at: family.expires_at.to_rfc3339(),
            user_agent: family.user_agent,
            address: family.address,
            current: family.id == principal.family,
        });
        Ok(SessionsAnswer {
            sessions: sessions.collect(),
        })
    }

    /// Ends one sign-in of `principal` and its sockets.
    pub async fn end_session(
        &self,
        principal: &Principal,
        family: FamilyId,
    ) -> Result<(), Failure> {
        if self.storage.revoke_family(principal.user, family).await? {
            self.live.end_family(family);
            Ok(())
        } else {
            Err(Failure::new(
                ErrorCode::NotFound,
                "You have no such sign-in; it may have ended already.",
            ))
        }
    }

    /// Ends every sign-in of `principal` but the one that asks.
    pub async fn end_other_sessions(&self, principal: &Principal) -> Result<(), Failure> {
        for family in self.storage.list_families(principal.user).await? {
            if family.id == principal.family {
                continue;
            }
            self.storage
                .revoke_family(principal.user, family.id)
                .await?;
            self.live.end_family(family.id);
        }
        Ok(())
    }

    async fn sign_in(&self, user: User, visitor: Visitor) -> Result<TokenAnswer, Failure> {
        let refresh = OpaqueToken::generate();
        let family = NewFamily {
            id: FamilyId::generate(&self.clock),
            user: user.id,
            token_hash: *refresh.hash().as_bytes(),
            expires_at: self.clock.now().after(self.config.sign_in_lifetime),
            user_agent: visitor.user_agent,
            address: Some(visitor.address.to_string()),
        };
        self.storage.insert_family(&family).await?;
        self.answer(&user, family.id, &refresh)
    }

    async fn rotate(&self, text: String, next: &OpaqueToken) -> Result<Rotation, Failure> {
        let shown = OpaqueToken::from_text(text).hash();
        let next = next.hash();
        let rotation = self
            .storage
            .rotate(shown.as_bytes(), next.as_bytes(), self.clock.now())
            .await?;
        if let Rotation::Reused { family, user } = rotation {
            tracing::warn!(
                user.id = %user,
                family.id = %family,
                "a refresh token was used twice, its sign-in is revoked"
            );
            metrics::counter!("convene_refresh_token_reuses_total").increment(1);
            self.live.end_family(family);
        }
        Ok(rotation)
    }

    fn answer(
        &self,
        user: &User,
        family: FamilyId,
        refresh: &OpaqueToken,
    ) -> Result<TokenAnswer, Failure> {
        let access = self
            .tokens
            .issue(user.id, &user.name, family)
            .map_err(|error| Failure::fault().caused_by(error))?;
        Ok(TokenAnswer {
            access_token: access.text.expose_secret().to_owned(),
            refresh_token: refresh.expose_text().to_owned(),
            token_type: TokenType::Bearer,
            expires_in: access.expires_at.since(self.clock.now()).as_secs(),
            user: user_body(user),
        })
    }
}

fn user_body(user: &User) -> UserBody {
    UserBody {
        id: user.id.to_string(),
        email: user.email.clone(),
        name: user.name.clone(),
        created_at: user.created_at.to_rfc3339(),
    }
}

/// No token came along.
pub(crate) fn no_token() -> Failure {
    Failure::new(
        ErrorCode::Unauthenticated,
        "Sign in, and send the access token in the header Authorization: Bearer.",
    )
}

fn sign_in_again() -> Failure {
    Failure::new(
        ErrorCode::Unauthenticated,
        "This sign-in has ended; sign in again.",
    )
}

fn invite_needed() -> Failure {
    Failure::new(
        ErrorCode::Forbidden,
        "Registering here takes a valid invitation; ask the operator of this server for one.",
    )
}
