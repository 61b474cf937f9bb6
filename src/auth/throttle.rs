//! Limits how often somebody may try a password: per account and per address, in bounded memory.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::clock::{Clock, Timestamp};

/// The window of the limits: so many tries a minute, all of which may come at once.
const WINDOW: Duration = Duration::from_mins(1);

/// How many accounts, and how many addresses, are remembered: about 20 MiB when both are full.
/// Beyond that the one that is nearest to being free again is forgotten.
const ENTRIES_MAX: usize = 100_000;

/// Too many tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries")]
pub struct Throttled {
    /// When the next try will be let through.
    pub retry_after: Duration,
}

/// One count that several servers share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedCount {
    /// Its name, which tells no e-mail address.
    pub key: String,
    /// After how long it gets one try back.
    pub interval: Duration,
    /// How many tries may come at once.
    pub burst: u32,
}

/// Counts tries, successful or not.
#[derive(Debug)]
pub struct Throttle {
    clock: Clock,
    buckets: Mutex<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    // E-mail addresses are kept as hashes, so that a memory dump holds none that was only tried.
    accounts: Table<[u8; 32]>,
    addresses: Table<IpAddr>,
}

impl Throttle {
    /// Lets through `per_account` tries a minute for one e-mail address and `per_address` for one
    /// network address (IPv6: one /64). A limit of 0 counts as 1.
    pub fn new(clock: Clock, per_account: u32, per_address: u32) -> Self {
        Self {
            clock,
            buckets: Mutex::new(Buckets {
                accounts: Table::new(per_account, ENTRIES_MAX),
                addresses: Table::new(per_address, ENTRIES_MAX),
            }),
        }
    }

    /// Counts one try on the account of `email` from `address`, or says when to come back. A
    /// refused try counts for neither.
    pub fn count(&self, email: &str, address: IpAddr) -> Result<(), Throttled> {
        let now = self.clock.now();
        let account = Sha256::digest(email.trim().to_lowercase().as_bytes()).into();
        let network = network_of(address);
        let mut buckets = self.lock();
        let wait = buckets
            .accounts
            .wait(&account, now)
            .max(buckets.addresses.wait(&network, now));
        if !wait.is_zero() {
            return Err(Throttled { retry_after: wait });
        }
        buckets.accounts.take(account, now);
        buckets.addresses.take(network, now);
        Ok(())
    }

    /// The same two counts for a limit that several servers share: a name of each, how often it gets a
    /// try back, and how many it may have at once.
    pub fn shared(&self, email: &str, address: IpAddr) -> [SharedCount; 2] {
        let account = Sha256::digest(email.trim().to_lowercase().as_bytes());
        let buckets = self.lock();
        let count = |key, interval: Duration| SharedCount {
            key,
            interval,
            burst: u32::try_from(WINDOW.as_micros() / interval.as_micros().max(1)).unwrap_or(1),
        };
        [
            count(
                format!("account/{}", URL_SAFE_NO_PAD.encode(account)),
                buckets.accounts.interval,
            ),
            count(
                format!("address/{}", network_of(address)),
                buckets.addresses.interval,
            ),
        ]
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        // Every change under the lock is complete in itself.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One subscriber usually holds a whole /64 of IPv6.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

/// Token buckets, each kept as the one moment at which it will be full again.
#[derive(Debug)]
struct Table<K> {
    interval: Duration,
    entries_max: usize,
    full_at: HashMap<K, Timestamp>,
    by_time: BTreeSet<(Timestamp, K)>,
}

impl<K: Copy + Eq + Hash + Ord> Table<K> {
    fn new(per_window: u32, entries_max: usize) -> Self {
        Self {
            interval: WINDOW / per_window.max(1),
            entries_max,
            full_at: HashMap::new(),
            by_time: BTreeSet::new(),
        }
    }

    /// How long until `key` has a token; zero if it has one now.
    fn wait(&self, key: &K, now: Timestamp) -> Duration {
        let missing = self
            .full_at
            .get(key)
            .map_or(Duration::ZERO, |full_at| full_at.since(now));
        (missing + self.interval).saturating_sub(WINDOW)
    }

    fn take(&mut self, key: K, now: Timestamp) {
        let before = self.full_at.get(&key).copied();
        if let Some(full_at) = before {
            self.by_time.remove(&(full_at, key));
        }
        let full_at = before.unwrap_or(now).max(now).after(self.interval);
        self.full_at.insert(key, full_at);
        self.by_time.insert((full_at, key));
        while let Some(&(soonest, key)) = self.by_time.first() {
            if soonest > now && self.full_at.len() <= self.entries_max {
                break;
            }
            self.by_time.pop_first();
            self.full_at.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock::manual(Timestamp::from_micros(1_000_000_000))
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_sixth_try_on_an_account_waits_wherever_it_comes_from() {
        let clock = clock();
        let throttle = Throttle::new(clock.clone(), 5, 20);
        for from in 1..=5 {
            throttle.count("ada@example.org", address(from)).unwrap();
        }
        let refused = throttle.count(" Ada@Example.org", address(6)).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(12));
        throttle.count("bob@example.org", address(6)).unwrap();
        clock.advance(Duration::from_secs(12));
        throttle.count("ada@example.org", address(6)).unwrap();
        assert!(throttle.count("ada@example.org", address(6)).is_err());
    }

    #[test]
    fn an_address_may_try_many_accounts_but_not_too_many() {
        let throttle = Throttle::new(clock(), 5, 20);
        for account in 0..20 {
            let email = format!("{account}@example.org");
            throttle.count(&email, address(1)).unwrap();
        }
        assert!(throttle.count("20@example.org", address(1)).is_err());
        throttle.count("20@example.org", address(2)).unwrap();
    }

    #[test]
    fn a_whole_ipv6_subscriber_counts_as_one_address() {
        let throttle = Throttle::new(clock(), 5, 1);
        throttle
            .count("a@example.org", "2001:db8::1".parse().unwrap())
            .unwrap();
        let neighbour = "2001:db8::ffff".parse().unwrap();
        assert!(throttle.count("b@example.org", neighbour).is_err());
        let elsewhere = "2001:db8:0:1::1".parse().unwrap();
        throttle.count("b@example.org", elsewhere).unwrap();
    }

    #[test]
    fn a_full_table_forgets_the_key_that_is_nearest_to_being_free() {
        let clock = clock();
        let mut table = Table::new(2, 2);
        table.take(1, clock.now());
        table.take(1, clock.now());
        table.take(2, clock.now());
        table.take(3, clock.now());
        assert_eq!(table.full_at.len(), 2);
        assert!(!table.wait(&1, clock.now()).is_zero());
        assert!(table.full_at.contains_key(&3) && table.by_time.len() == 2);
    }

    #[test]
    fn a_key_that_is_free_again_takes_no_memory() {
        let clock = clock();
        let mut table = Table::new(5, 100);
        table.take(1, clock.now());
        clock.advance(WINDOW);
        table.take(2, clock.now());
        assert_eq!(table.full_at.len(), 1);
    }
}
