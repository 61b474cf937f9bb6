//! Secrets that are handed out once and kept only as a hash: refresh tokens, invitations, agents' tokens.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// How an agent's token begins, so that whoever scans for leaked secrets knows one.
const AGENT_PREFIX: &str = "cva_";

/// 256 random bits as 43 characters of base64url, told to its holder and to nobody else.
#[derive(Debug, Clone)]
pub struct OpaqueToken(SecretString);

/// What is stored of an [`OpaqueToken`]. A plain SHA-256 is enough: 256 random bits cannot be
/// guessed, however fast the hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl OpaqueToken {
    /// A new one from the generator that the operating system seeds.
    pub fn generate() -> Self {
        let bits: [u8; 32] = rand::random();
        Self(URL_SAFE_NO_PAD.encode(bits).into())
    }

    /// A new one for an agent, told from others by how it begins.
    pub fn generate_for_agent() -> Self {
        let Self(bits) = Self::generate();
        Self(format!("{AGENT_PREFIX}{}", bits.expose_secret()).into())
    }

    /// Whether `text` would be an agent's token, and no signed one.
    pub fn is_of_agent(text: &str) -> bool {
        text.starts_with(AGENT_PREFIX)
    }

    /// Wraps what a client sent; any text has a hash, only a real one is found.
    pub fn from_text(text: impl Into<SecretString>) -> Self {
        Self(text.into())
    }

    /// The text for its holder.
    pub fn expose_text(&self) -> &str {
        self.0.expose_secret()
    }

    /// The hash to store or to look for.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.expose_secret().as_bytes()).into())
    }
}

impl TokenHash {
    /// The bytes as stored.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_again_by_the_hash_of_its_text() {
        let token = OpaqueToken::generate();
        assert_eq!(token.expose_text().len(), 43);
        assert_eq!(
            OpaqueToken::from_text(token.expose_text()).hash(),
            token.hash()
        );
        assert_ne!(OpaqueToken::generate().hash(), token.hash());
    }

    #[test]
    fn an_agents_token_is_known_by_how_it_begins() {
        let token = OpaqueToken::generate_for_agent();
        assert!(OpaqueToken::is_of_agent(token.expose_text()));
        assert_eq!(token.expose_text().len(), 47);
        assert!(!OpaqueToken::is_of_agent("eyJ0eXAiOiJhdCtqd3Qi"));
    }

    #[test]
    fn a_token_does_not_show_in_debug_output() {
        let token = OpaqueToken::generate();
        let shown = format!("{token:?} {:?}", token.hash());
        assert!(!shown.contains(token.expose_text()), "{shown}");
    }
}
