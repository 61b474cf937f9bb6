//! Seals what a node says, so that others can tell that it was a node of this installation.
//!
//! Redis is a hint and must not become a way around the rules: without this whoever may publish in it
//! could show everybody an edit that nobody was allowed to make.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Bytes of a seal: half of HMAC-SHA-256, as RFC 2104 section 5 allows.
pub(super) const SEAL_BYTES: usize = 16;
/// What the key of `SECRET_KEY` is used for here, so that no seal is good for anything else.
const PURPOSE: &[u8] = b"convene relay 1";

/// Makes and checks seals.
#[derive(Clone)]
pub struct Seal(Hmac<Sha256>);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// Sealing with a key made from `secret`.
    pub fn new(secret: &SecretString) -> Self {
        let key = keyed(secret.expose_secret().as_bytes()).chain_update(PURPOSE);
        Self(keyed(&key.finalize().into_bytes()))
    }

    /// Appends the seal of `bytes` to them.
    pub(super) fn close(&self, bytes: &mut Vec<u8>) {
        let mac = self.0.clone().chain_update(&*bytes).finalize().into_bytes();
        bytes.extend(mac.iter().take(SEAL_BYTES));
    }

    /// What was sealed, if the seal at its end is good.
    pub(super) fn open<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let (sealed, seal) = bytes.split_at_checked(bytes.len().checked_sub(SEAL_BYTES)?)?;
        let mac = self.0.clone().chain_update(sealed);
        mac.verify_truncated_left(seal).ok()?;
        Some(sealed)
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    match Hmac::new_from_slice(key) {
        Ok(mac) => mac,
        // HMAC takes keys of any length.
        Err(_) => unreachable!("HMAC refused a key"),
    }
}
