//! What the operator does to accounts from the command line.

use std::time::Duration;

use secrecy::SecretString;

use crate::auth::opaque_token::OpaqueToken;
use crate::auth::password::{PasswordError, Passwords};
use crate::auth::principal::PrincipalKind;
use crate::clock::Clock;
use crate::ids::InviteId;
use crate::storage::accounts::NewInvite;
use crate::storage::{Storage, StorageError};

/// How long an invitation can be used.
pub const INVITE_LIFETIME: Duration = Duration::from_hours(7 * 24);

/// Why the operator's command was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// No account has this address.
    #[error("no account has this e-mail address")]
    NoSuchAccount,
    /// The account is an agent's.
    #[error("this is the account of an agent, which has no password")]
    NoPerson,
    /// The new password cannot be used.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database could not be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Sets the password of the account with `email` and ends all its sign-ins. Without a new password
/// one is made up and answered.
pub async fn reset_password(
    storage: &Storage,
    passwords: &Passwords,
    email: &str,
    new_password: Option<SecretString>,
) -> Result<Option<SecretString>, AdminError> {
    let user = storage
        .find_user_by_email(email)
        .await?
        .ok_or(AdminError::NoSuchAccount)?;
    if user.kind == PrincipalKind::Agent {
        return Err(AdminError::NoPerson);
    }
    let (password, made_up) = if let Some(password) = new_password {
        (password, None)
    } else {
        let password = SecretString::from(OpaqueToken::generate().expose_text());
        (password.clone(), Some(password))
    };
    let hash = passwords.hash(password).await?;
    if storage.replace_password(user.id, &hash).await? {
        Ok(made_up)
    } else {
        Err(AdminError::NoSuchAccount)
    }
}

/// Makes an invitation that is good once, for [`INVITE_LIFETIME`], and for `email` alone if given.
/// Answers its code, which is kept nowhere.
pub async fn create_invite(
    storage: &Storage,
    clock: &Clock,
    email: Option<String>,
) -> Result<OpaqueToken, StorageError> {
    let code = OpaqueToken::generate();
    let invite = NewInvite {
        id: InviteId::generate(clock),
        code_hash: *code.hash().as_bytes(),
        email,
        expires_at: clock.now().after(INVITE_LIFETIME),
    };
    storage.insert_invite(&invite).await?;
    Ok(code)
}
