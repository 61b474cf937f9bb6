//! The hash chain of the audit: what an entry's hash covers, and whether a chain is whole. No database.

use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::ids::{PlanId, UserId};

/// SHA-256.
pub type Hash = [u8; 32];

/// The hash before the first entry.
pub const ORIGIN: Hash = [0; 32];

/// Which chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chain {
    /// What is about no plan: accounts, invitations, restores.
    Server,
    /// What was done to one plan and its members.
    Plan(PlanId),
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its position, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who; none for the operator and for the server itself.
    pub actor: Option<UserId>,
    /// What was done, for example `member.set_role`.
    pub verb: String,
    /// To what, with values before and after.
    pub detail: Json,
    /// What seals it and everything before it.
    pub hash: Hash,
}

/// What an entry's hash covers, in canonical JSON (RFC 8785).
#[derive(Serialize)]
struct Sealed<'a> {
    chain: String,
    seq: i64,
    at: String,
    actor: Option<String>,
    verb: &'a str,
    detail: &'a Json,
    before: String,
}

/// Why a chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is not there.
    #[error("entry {0} is missing")]
    Missing(i64),
    /// An entry, or one before it, is not what was written.
    #[error("entry {0} is not what was written")]
    Changed(i64),
    /// Entries at the end were cut off, or the note of the end was changed.
    #[error("the end of the chain is not where it was noted")]
    End,
}

impl Chain {
    /// Its name in hashes and for people.
    pub fn name(self) -> String {
        match self {
            Self::Server => "server".to_owned(),
            Self::Plan(plan) => plan.to_string(),
        }
    }
}

/// The hash of an entry behind one whose hash is `before`.
pub fn seal(chain: Chain, before: &Hash, entry: &Entry) -> Hash {
    let sealed = Sealed {
        chain: chain.name(),
        seq: entry.seq,
        at: entry.at.to_rfc3339(),
        actor: entry.actor.map(|actor| actor.to_string()),
        verb: &entry.verb,
        detail: &entry.detail,
        before: hex::encode(before),
    };
    // Only maps with keys that are no texts cannot be written; such an entry would never verify.
    let text = serde_json_canonicalizer::to_vec(&sealed).unwrap_or_default();
    Sha256::digest(&text).into()
}

/// Checks a chain entry by entry.
#[derive(Debug)]
pub struct Verifier {
    chain: Chain,
    seq: i64,
    hash: Hash,
}

impl Verifier {
    /// Nothing is checked yet.
    pub const fn new(chain: Chain) -> Self {
        Self {
            chain,
            seq: 0,
            hash: ORIGIN,
        }
    }

    /// How many entries hold.
    pub const fn entries(&self) -> i64 {
        self.seq
    }

    /// The hash of the last of them.
    pub const fn hash(&self) -> &Hash {
        &self.hash
    }

    /// Checks the next entry.
    pub fn check(&mut self, entry: &Entry) -> Result<(), Broken> {
        let expected = self.seq + 1;
        if entry.seq != expected {
            return Err(Broken::Missing(expected));
        }
        if seal(self.chain, &self.hash, entry) != entry.hash {
            return Err(Broken::Changed(expected));
        }
        self.seq = expected;
        self.hash = entry.hash;
        Ok(())
    }

    /// Checks that the chain ends where its end was noted.
    pub fn end(&self, noted: Option<(i64, &[u8])>) -> Result<(), Broken> {
        let (seq, hash) = noted.unwrap_or((0, &ORIGIN));
        if seq == self.seq && hash == self.hash {
            Ok(())
        } else {
            Err(Broken::End)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;

    fn chain_of(chain: Chain, count: i64) -> Vec<Entry> {
        let actor = UserId::generate(&Clock::system());
        let mut before = ORIGIN;
        let mut entries = Vec::new();
        for seq in 1..=count {
            let mut entry = Entry {
                seq,
                at: Timestamp::from_micros(1_800_000_000_000_000 + seq),
                actor: (seq % 2 == 0).then_some(actor),
                verb: "member.set_role".to_owned(),
                detail: json!({"role": "editor", "number": seq}),
                hash: ORIGIN,
            };
            entry.hash = seal(chain, &before, &entry);
            before = entry.hash;
            entries.push(entry);
        }
        entries
    }

    fn verify(chain: Chain, entries: &[Entry], noted: (i64, Hash)) -> Result<(), Broken> {
        let mut verifier = Verifier::new(chain);
        entries.iter().try_for_each(|entry| verifier.check(entry))?;
        verifier.end(Some((noted.0, &noted.1)))
    }

    #[test]
    fn a_chain_holds_and_every_change_breaks_it() {
        let chain = Chain::Plan(PlanId::generate(&Clock::system()));
        let entries = chain_of(chain, 5);
        let end = (5, entries[4].hash);
        assert_eq!(verify(chain, &entries, end), Ok(()));
        assert_eq!(
            verify(Chain::Server, &entries, end),
            Err(Broken::Changed(1))
        );
        for at in 0..5 {
            let number = i64::try_from(at).unwrap() + 1;
            let mut changed = entries.clone();
            changed[at].detail = json!({"role": "owner", "number": number});
            assert_eq!(verify(chain, &changed, end), Err(Broken::Changed(number)));
            let mut changed = entries.clone();
            changed[at].actor = Some(UserId::generate(&Clock::system()));
            assert_eq!(verify(chain, &changed, end), Err(Broken::Changed(number)));
            let mut missing = entries.clone();
            missing.remove(at);
            let broken = if at == 4 {
                Broken::End
            } else {
                Broken::Missing(number)
            };
            assert_eq!(verify(chain, &missing, end), Err(broken));
        }
        // A chain written anew from the middle on does not end where the old one did.
        let anew = chain_of(chain, 5);
        assert_eq!(verify(chain, &anew, end), Err(Broken::End));
    }

    #[test]
    fn what_a_hash_covers_is_canonical() {
        let entry = Entry {
            seq: 1,
            at: Timestamp::from_micros(1_800_000_000_000_000),
            actor: None,
            verb: "account.registered".to_owned(),
            detail: json!({"b": 1, "a": "é"}),
            hash: ORIGIN,
        };
        let text = concat!(
            r#"{"actor":null,"at":"2027-01-15T08:00:00Z","before":""#,
            "0000000000000000000000000000000000000000000000000000000000000000",
            r#"","chain":"server","detail":{"a":"é","b":1},"seq":1,"verb":"account.registered"}"#
        );
        let expected: Hash = Sha256::digest(text).into();
        assert_eq!(
            hex::encode(seal(Chain::Server, &ORIGIN, &entry)),
            hex::encode(expected)
        );
    }
}
