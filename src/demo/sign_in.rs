//! An account for the demo: one that is there, or a new one.

use convene_protocol::error_code::ErrorCode;
use convene_protocol::rest::{ErrorBody, LoginRequest, RegisterRequest, TokenAnswer};
use secrecy::{ExposeSecret, SecretString};

use super::DemoError;
use super::address::Address;
use super::rest::{Answer, post};
use crate::auth::opaque_token::OpaqueToken;

/// Whose the plan is when nobody is named. The domain is reserved for examples: it is nobody's address.
pub const EMAIL: &str = "demo@example.org";

const LOGIN: &str = "/api/v1/auth/login";
const REGISTER: &str = "/api/v1/auth/register";

/// Whose the plan will be.
#[derive(Debug)]
pub struct Owner {
    /// The account's e-mail address.
    pub email: String,
    /// What others see, should the account be new.
    pub name: String,
    /// The account's password, or that of a new one. Without it the account must be new, and a password is
    /// made up.
    pub password: Option<SecretString>,
}

/// An account that is signed in.
pub struct SignedIn {
    /// The account's e-mail address, as the server has it.
    pub email: String,
    /// Whether it was made just now.
    pub is_new: bool,
    /// Its password, if that was made up just now.
    pub made_up: Option<SecretString>,
    /// An access token.
    pub token: String,
    /// Seconds for which the token is good.
    pub expires_in: u64,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn").finish_non_exhaustive()
    }
}

/// Signs in, or makes the account when there is none with this address.
pub(super) async fn sign_in(server: &Address, owner: &Owner) -> Result<SignedIn, DemoError> {
    let Some(password) = &owner.password else {
        return with_made_up_password(server, owner).await;
    };
    let login = LoginRequest {
        email: owner.email.clone(),
        password: password.expose_secret().to_owned(),
    };
    match post(server, LOGIN, &login).await? {
        Answer::Done(answer) => return Ok(signed_in(answer)),
        // Nobody is told whether the account is there: registering is how to find out.
        Answer::Refused(body) if body.code == ErrorCode::Unauthenticated => {}
        Answer::Refused(body) => return Err(refused(LOGIN, &body)),
    }
    let email = &owner.email;
    match register(server, owner, password).await? {
        Answer::Done(answer) => Ok(SignedIn {
            is_new: true,
            ..signed_in(answer)
        }),
        Answer::Refused(body) if body.code == ErrorCode::Conflict => {
            let say = format!("this is not the password of {email}, which has an account there");
            Err(DemoError::Account(format!(
                "{say}: check it, or set a new one with `convene user reset-password {email}`"
            )))
        }
        Answer::Refused(body) if body.code == ErrorCode::Forbidden => {
            let say = format!("{email} and the password fit no account there, and none is made");
            Err(DemoError::Account(format!("{say}: {}", body.message)))
        }
        Answer::Refused(body) => Err(refused(REGISTER, &body)),
    }
}

async fn with_made_up_password(server: &Address, owner: &Owner) -> Result<SignedIn, DemoError> {
    let password = SecretString::from(OpaqueToken::generate().expose_text());
    let email = &owner.email;
    match register(server, owner, &password).await? {
        Answer::Done(answer) => Ok(SignedIn {
            is_new: true,
            made_up: Some(password),
            ..signed_in(answer)
        }),
        Answer::Refused(body) if body.code == ErrorCode::Conflict => {
            let say = format!("{email} has an account there: give its password on standard input");
            Err(DemoError::Account(format!(
                "{say}, as in `convene demo --email {email} < password.txt`, or name another address"
            )))
        }
        Answer::Refused(body) if body.code == ErrorCode::Forbidden => {
            let say = "an account that is there does too, with --email and its password on standard input";
            Err(DemoError::Account(format!(
                "no account is made for {email} ({}); {say}",
                body.message
            )))
        }
        Answer::Refused(body) => Err(refused(REGISTER, &body)),
    }
}

async fn register(
    server: &Address,
    owner: &Owner,
    password: &SecretString,
) -> Result<Answer<TokenAnswer>, DemoError> {
    let request = RegisterRequest {
        email: owner.email.clone(),
        password: password.expose_secret().to_owned(),
        name: owner.name.clone(),
        invite: None,
    };
    post(server, REGISTER, &request).await
}

fn signed_in(answer: TokenAnswer) -> SignedIn {
    SignedIn {
        email: answer.user.email,
        is_new: false,
        made_up: None,
        token: answer.access_token,
        expires_in: answer.expires_in,
    }
}

fn refused(asked: &'static str, body: &ErrorBody) -> DemoError {
    let fields = body
        .fields
        .iter()
        .map(|field| format!(" {}: {}", field.field, field.message));
    DemoError::Refused {
        asked,
        say: format!("{}{}", body.message, fields.collect::<String>()),
    }
}
