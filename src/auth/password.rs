//! Turns passwords into argon2id hashes and compares them, off the async threads and a few at once.

use std::num::NonZeroUsize;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// The shortest password, in bytes: the minimum of OWASP ASVS 5.0, 6.2.1.
pub const PASSWORD_BYTES_MIN: usize = 8;

/// The longest password, in bytes: holds any passphrase and bounds what one request makes us hash.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// How many hashings may wait for a core, for each core. At about 35 ms a hash the last one in the
/// queue waits a second; whoever comes later is told to come back.
const WAITING_PER_CORE: usize = 32;

// OWASP ASVS 5.0, appendix C: the least memory (KiB) and passes for argon2id with one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Why a password was not hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Fewer bytes than [`PASSWORD_BYTES_MIN`].
    #[error("the password has fewer than {PASSWORD_BYTES_MIN} bytes")]
    TooShort,
    /// More bytes than [`PASSWORD_BYTES_MAX`].
    #[error("the password has more than {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// Too many hashings wait already.
    #[error("too many passwords are being checked at once")]
    Busy,
    /// The hashing itself failed, or a stored hash cannot be read.
    #[error("argon2 failed")]
    Hash(#[source] HashError),
    /// The thread that hashed is gone.
    #[error("the hashing thread ended early")]
    Interrupted(#[source] tokio::task::JoinError),
}

/// Hashes and compares passwords, never more at once than there are cores.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    argon2: Argon2<'static>,
    // Compared against when there is no account, so that both answers take as long.
    dummy_hash: String,
    // Held while a hash is computed; one permit a core.
    cores: Arc<Semaphore>,
    // Held from the request to its answer; without a permit the request is refused.
    queue: Arc<Semaphore>,
}

impl Passwords {
    /// Makes ready to hash on `cores` threads at most. Costs one hashing (about 35 ms).
    pub fn new(cores: NonZeroUsize) -> Result<Self, PasswordError> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
            .map_err(|error| PasswordError::Hash(error.into()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobodys: [u8; 32] = rand::random();
        let dummy_hash = hash(&argon2, &nobodys)?;
        Ok(Self(Arc::new(Inner {
            argon2,
            dummy_hash,
            cores: Arc::new(Semaphore::new(cores.get())),
            queue: Arc::new(Semaphore::new(
                cores.get().saturating_mul(1 + WAITING_PER_CORE),
            )),
        })))
    }

    /// Makes ready to hash on every core of the machine.
    pub fn on_every_core() -> Result<Self, PasswordError> {
        Self::new(std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// A hash of `password` with a fresh salt, as a PHC string. Refuses a password whose length is
    /// not between [`PASSWORD_BYTES_MIN`] and [`PASSWORD_BYTES_MAX`].
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        match password.expose_secret().len() {
            ..PASSWORD_BYTES_MIN => return Err(PasswordError::TooShort),
            PASSWORD_BYTES_MIN..=PASSWORD_BYTES_MAX => {}
            _ => return Err(PasswordError::TooLong),
        }
        self.on_a_core(move |inner| hash(&inner.argon2, password.expose_secret().as_bytes()))
            .await
    }

    /// Whether `password` is the one behind `stored`. Without a stored hash the answer is no and
    /// takes as long as a real comparison.
    pub async fn verify_or_dummy(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        self.on_a_core(move |inner| {
            let known = stored.is_some();
            let text = stored.as_ref().unwrap_or(&inner.dummy_hash);
            let parsed =
                PasswordHash::new(text).map_err(|error| PasswordError::Hash(error.into()))?;
            let password = password.expose_secret().as_bytes();
            match inner.argon2.verify_password(password, &parsed) {
                Ok(()) => Ok(known),
                Err(HashError::PasswordInvalid) => Ok(false),
                Err(error) => Err(PasswordError::Hash(error)),
            }
        })
        .await
    }

    async fn on_a_core<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = Arc::clone(&self.0.queue)
            .try_acquire_owned()
            .map_err(|_| PasswordError::Busy)?;
        let core = Arc::clone(&self.0.cores)
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Busy)?;
        let inner = Arc::clone(&self.0);
        // The permits move along: a request that was given up still occupies its core.
        spawn_blocking(move || {
            let answer = work(&inner);
            drop((core, place));
            answer
        })
        .await
        .map_err(PasswordError::Interrupted)?
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, PasswordError> {
    let hash: PasswordHash = argon2
        .hash_password(password)
        .map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(NonZeroUsize::MIN).unwrap()
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_with_its_own_salt_and_matches_only_its_password() {
        let passwords = passwords();
        let first = passwords.hash("correct horse".into()).await.unwrap();
        let second = passwords.hash("correct horse".into()).await.unwrap();
        assert!(
            first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{first}"
        );
        assert_ne!(first, second);
        let right = passwords.verify_or_dummy("correct horse".into(), Some(first.clone()));
        assert!(right.await.unwrap());
        let wrong = passwords.verify_or_dummy("battery staple".into(), Some(first));
        assert!(!wrong.await.unwrap());
    }

    #[tokio::test]
    async fn nothing_matches_an_account_that_does_not_exist() {
        assert!(
            !passwords()
                .verify_or_dummy("correct horse".into(), None)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn the_length_of_a_new_password_is_bounded_on_both_sides() {
        let passwords = passwords();
        for (length, fits) in [(7, false), (8, true), (1024, true), (1025, false)] {
            let answer = passwords.hash("x".repeat(length).into()).await;
            assert_eq!(answer.is_ok(), fits, "{length}");
        }
    }

    #[tokio::test]
    async fn a_stored_hash_that_cannot_be_read_is_an_error_and_no_match() {
        let passwords = passwords();
        let answer = passwords.verify_or_dummy("correct horse".into(), Some("plain".into()));
        assert!(matches!(answer.await, Err(PasswordError::Hash(_))));
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_is_told_so_at_once() {
        let passwords = passwords();
        let all = u32::try_from(passwords.0.queue.available_permits()).unwrap();
        let taken = passwords.0.queue.try_acquire_many(all).unwrap();
        let answer = passwords
            .verify_or_dummy("correct horse".into(), None)
            .await;
        assert!(matches!(answer, Err(PasswordError::Busy)));
        drop(taken);
    }
}
