//! Issues and verifies access tokens: JWTs signed with HMAC-SHA-256 by this deployment for itself.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::auth::principal::{Principal, PrincipalKind};
use crate::clock::{Clock, Timestamp};
use crate::ids::{FamilyId, UserId};

/// Issuer and audience: the server issues tokens for itself alone.
const SELF: &str = "convene";

/// The header type of RFC 9068, so that no other kind of JWT passes for an access token.
const TYPE: &str = "at+jwt";

/// The longest text that is looked at. A token with the longest name has under 1 KiB.
const TOKEN_BYTES_MAX: usize = 4096;

/// How far the clock of the node that issued a token may be ahead of ours.
const CLOCK_SKEW: Duration = Duration::from_secs(5);

/// Why a token does not count.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It was good and is over.
    #[error("the access token has expired")]
    Expired,
    /// It was not issued here, or something about it was changed.
    #[error("not an access token of this server")]
    Invalid(#[source] Option<jsonwebtoken::errors::Error>),
}

/// A signed access token and when it ends.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The text for the `Authorization` header.
    pub text: SecretString,
    /// When it stops counting, in whole seconds.
    pub expires_at: Timestamp,
}

/// Issues and verifies access tokens.
#[derive(Clone)]
pub struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    clock: Clock,
    lifetime: Duration,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    /// The sign-in (family of refresh tokens) the token belongs to.
    sid: Uuid,
    name: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// The keys stay out of logs.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    /// Derives the signing key from the deployment's secret; every node with the same secret
    /// accepts the tokens of the others.
    pub fn new(secret: &SecretString, clock: Clock, lifetime: Duration) -> Self {
        // Derived, so that the same secret can serve other purposes with other labels.
        let key = Sha256::new()
            .chain_update(b"convene access token v1\0")
            .chain_update(secret.expose_secret().as_bytes())
            .finalize();
        Self {
            signing: EncodingKey::from_secret(&key),
            verifying: DecodingKey::from_secret(&key),
            clock,
            lifetime,
        }
    }

    /// How long a new token counts.
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// A token for `user` under the sign-in `family`, good from now on.
    pub fn issue(
        &self,
        user: UserId,
        name: &str,
        family: FamilyId,
    ) -> Result<AccessToken, TokenError> {
        let now = self.clock.now();
        let exp = now.after(self.lifetime).as_seconds();
        let claims = Claims {
            iss: SELF.to_owned(),
            aud: SELF.to_owned(),
            sub: user.as_uuid(),
            sid: family.as_uuid(),
            name: name.to_owned(),
            iat: now.as_seconds(),
            nbf: now.as_seconds(),
            exp,
        };
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        let text = encode(&header, &claims, &self.signing)
            .map_err(|error| TokenError::Invalid(Some(error)))?;
        Ok(AccessToken {
            text: text.into(),
            expires_at: Timestamp::from_micros(exp.saturating_mul(1_000_000)),
        })
    }

    /// Who showed `text`, if it was issued by this deployment and still counts. Whether its sign-in
    /// was revoked is for storage to say.
    pub fn verify(&self, text: &str) -> Result<Principal, TokenError> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid(None));
        }
        let token = decode::<Claims>(text, &self.verifying, &validation())
            .map_err(|error| TokenError::Invalid(Some(error)))?;
        if token.header.typ.as_deref() != Some(TYPE) || token.header.crit.is_some() {
            return Err(TokenError::Invalid(None));
        }
        let claims = token.claims;
        let now = self.clock.now();
        if claims.nbf > now.after(CLOCK_SKEW).as_seconds() {
            return Err(TokenError::Invalid(None));
        }
        if claims.exp <= now.as_seconds() {
            return Err(TokenError::Expired);
        }
        Ok(Principal {
            user: UserId::from_uuid(claims.sub),
            // Only who has a password is issued one.
            kind: PrincipalKind::Person,
            name: claims.name,
            family: FamilyId::from_uuid(claims.sid),
            expires_at: Timestamp::from_micros(claims.exp.saturating_mul(1_000_000)),
        })
    }
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[SELF]);
    validation.set_audience(&[SELF]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    // The library would ask the machine's time; ours comes from the Clock.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    struct Bench {
        clock: Clock,
        tokens: Tokens,
        user: UserId,
        family: FamilyId,
    }

    fn bench() -> Bench {
        let clock = Clock::manual(Timestamp::from_micros(1_700_000_000_000_000));
        Bench {
            tokens: tokens("a secret of more than 32 characters", &clock),
            user: UserId::generate(&clock),
            family: FamilyId::generate(&clock),
            clock,
        }
    }

    fn tokens(secret: &str, clock: &Clock) -> Tokens {
        Tokens::new(&secret.into(), clock.clone(), Duration::from_mins(15))
    }

    /// A token with this header and the usual claims after `change`, signed with the right key.
    fn crafted(bench: &Bench, header: &Header, change: impl FnOnce(&mut Value)) -> String {
        let now = bench.clock.now().as_seconds();
        let mut claims = json!({
            "iss": SELF, "aud": SELF, "sub": bench.user, "sid": bench.family, "name": "Ada",
            "iat": now, "nbf": now, "exp": now + 900,
        });
        change(&mut claims);
        encode(header, &claims, &bench.tokens.signing).unwrap()
    }

    fn access_header() -> Header {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        header
    }

    #[test]
    fn an_issued_token_names_its_user_until_it_expires() {
        let bench = bench();
        let token = bench.tokens.issue(bench.user, "Ada", bench.family).unwrap();
        let text = token.text.expose_secret();
        let principal = bench.tokens.verify(text).unwrap();
        assert_eq!(principal.user, bench.user);
        assert_eq!(principal.family, bench.family);
        assert_eq!(principal.name, "Ada");
        assert_eq!(principal.expires_at, token.expires_at);
        bench.clock.advance(Duration::from_secs(899));
        assert!(bench.tokens.verify(text).is_ok());
        bench.clock.advance(Duration::from_secs(1));
        assert!(matches!(
            bench.tokens.verify(text),
            Err(TokenError::Expired)
        ));
    }

    #[test]
    fn a_token_of_another_secret_is_refused() {
        let bench = bench();
        let other = tokens("another secret of the same sort!!!!", &bench.clock);
        let token = other.issue(bench.user, "Ada", bench.family).unwrap();
        assert!(matches!(
            bench.tokens.verify(token.text.expose_secret()),
            Err(TokenError::Invalid(_))
        ));
    }

    #[test]
    fn a_token_of_another_kind_issuer_audience_or_algorithm_is_refused() {
        let bench = bench();
        let good = crafted(&bench, &access_header(), |_| ());
        assert!(bench.tokens.verify(&good).is_ok());
        let mut bad = vec![
            crafted(&bench, &Header::new(Algorithm::HS256), |_| ()),
            crafted(&bench, &access_header(), |claims| {
                claims["iss"] = json!("other");
            }),
            crafted(&bench, &access_header(), |claims| {
                claims["aud"] = json!("other");
            }),
            crafted(&bench, &access_header(), |claims| {
                claims["sub"] = json!("ada");
            }),
            crafted(&bench, &access_header(), |claims| {
                claims["nbf"] = json!(1_800_000_000);
            }),
        ];
        for claim in ["iss", "aud", "sub", "sid", "name", "exp", "nbf"] {
            bad.push(crafted(&bench, &access_header(), |claims| {
                claims.as_object_mut().unwrap().remove(claim);
            }));
        }
        let mut longer = access_header();
        longer.alg = Algorithm::HS512;
        bad.push(crafted(&bench, &longer, |_| ()));
        let (_, rest) = good.split_once('.').unwrap();
        let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
        bad.push(format!("{unsigned}.{rest}"));
        bad.push(format!("{unsigned}.{}.", rest.split_once('.').unwrap().0));
        for token in bad {
            assert!(
                matches!(bench.tokens.verify(&token), Err(TokenError::Invalid(_))),
                "{token}"
            );
        }
    }

    #[test]
    fn no_text_makes_verification_panic() {
        let bench = bench();
        for text in ["", ".", "..", "a.b.c", "é.é.é", &"x".repeat(100_000)] {
            assert!(matches!(
                bench.tokens.verify(text),
                Err(TokenError::Invalid(_))
            ));
        }
    }
}
