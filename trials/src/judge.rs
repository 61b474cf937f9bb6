//! The judge of a document: gives a replica what generators make, and checks what must always hold.
//!
//! Whatever is thrown at a replica, nothing may panic in it, run long or take much memory, and the
//! document can be encoded, loaded again from its journal and from its snapshot, and sent to a peer.

use bytes::Bytes;
use convene::document::{
    ClientId, Refusal, Replica, RootKind, StateVector, Stored, merge, verify_snapshot,
};
use convene::ids::UserId;
use convene::room::core::ROWS_PER_APPEND;

use crate::finding::{Finding, Tally, must, within_limits};
use crate::reading::{Content, read};

/// The roots that every generator writes to, and what an honest one writes there.
pub const ROOTS: [(&str, RootKind); 4] = [
    ("t", RootKind::Text),
    ("m", RootKind::Map),
    ("a", RootKind::Array),
    ("x", RootKind::Xml),
];
/// Entries of a state vector that this reads: generators know few clients.
const CLIENTS_MAX: usize = 10_000;

/// How alike a document must be after it was loaded again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// Everything reads the same: nobody wrote what no stock client writes.
    Same,
    /// As much in every root. An editor can craft neighbours in the wrong order, which the guard does
    /// not see and which are ordered by whoever reads them.
    AnyOrder,
}

/// From what a document is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Every row of the journal.
    Rows,
    /// A snapshot of everything.
    Snapshot,
    /// A snapshot of the first half and the rows after it.
    Both,
}

/// What became of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the document; what was new in it, as yrs encoded it.
    Taken(Option<Bytes>),
    /// It was refused.
    Refused(Refusal),
}

/// A replica on trial, with all that a server would have stored of it.
#[derive(Debug)]
pub struct Judge {
    replica: Replica,
    rows: Vec<Bytes>,
    /// The document after half of the rows so far.
    snapshot: Option<(usize, Bytes)>,
    bindings: Vec<(ClientId, UserId)>,
    tally: Tally,
}

impl Default for Judge {
    fn default() -> Self {
        Self {
            replica: load(None, &[], &[]).0,
            rows: Vec::new(),
            snapshot: None,
            bindings: Vec::new(),
            tally: Tally::default(),
        }
    }
}

impl Judge {
    /// How many updates were given and taken.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The document.
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    /// The updates that were taken, as yrs encoded them.
    pub fn rows(&self) -> &[Bytes] {
        &self.rows
    }

    /// Gives an update of user number `user` to the replica.
    pub fn apply(&mut self, user: usize, update: &[u8]) -> Result<Outcome, Finding> {
        let author = user_number(user);
        let before = self.replica.state_vector();
        let replica = &mut self.replica;
        let applied = within_limits("applying", update.len(), || replica.apply(update, author))?;
        self.tally.count(&applied);
        match applied {
            Ok(applied) => {
                let new = applied.first_seen.iter().map(|client| (*client, author));
                self.bindings.extend(new);
                if let Some(row) = &applied.update {
                    self.rows.push(row.clone());
                }
                Ok(Outcome::Taken(applied.update))
            }
            Err(Refusal::Poisoned(reason)) => Err(Finding::Broken(format!(
                "an update harmed the replica: {reason}"
            ))),
            Err(refusal) => {
                must!(
                    self.replica.state_vector() == before,
                    "refused ({refusal}), and yet the state vector is another"
                );
                Ok(Outcome::Refused(refusal))
            }
        }
    }

    /// Keeps a snapshot of the document as it is.
    pub fn take_snapshot(&mut self) -> Result<(), Finding> {
        let state = self.encode()?;
        self.snapshot = Some((self.rows.len(), state));
        Ok(())
    }

    /// Goes on with the document as it is loaded from what is stored.
    pub fn restart(&mut self, from: From, likeness: Likeness) -> Result<(), Finding> {
        self.replica = self.loaded(from, likeness)?;
        Ok(())
    }

    /// Reads every root as everything it could be.
    pub fn read_all(&self) -> Result<(), Finding> {
        readings(&self.replica).map(|_| ())
    }

    /// What a peer lacks that has what `vector` says, untrusted.
    pub fn diff(&self, vector: &[u8]) -> Result<Option<Bytes>, Finding> {
        // The answer is as large as the document.
        let bytes = vector.len() + self.rows.iter().map(Bytes::len).sum::<usize>();
        match within_limits("the diff", bytes, || self.replica.diff(vector))? {
            Ok(diff) => Ok(Some(diff)),
            Err(Refusal::Poisoned(reason)) => {
                Err(Finding::Broken(format!("the diff failed: {reason}")))
            }
            Err(_) => Ok(None),
        }
    }

    /// Asks of an update whether it holds anything new, and whether that is only formats.
    pub fn examine(&self, update: &[u8]) -> Result<(), Finding> {
        let bytes = update.len() + self.rows.iter().map(Bytes::len).sum::<usize>();
        for answer in [
            within_limits("contains", bytes, || self.replica.contains(update))?,
            within_limits("deletes_only_formats", bytes, || {
                self.replica.deletes_only_formats(update)
            })?,
        ] {
            if let Err(Refusal::Poisoned(reason)) = answer {
                return Err(Finding::Broken(format!("examining failed: {reason}")));
            }
        }
        Ok(())
    }

    /// Checks everything that must hold of the document as it is.
    pub fn conclude(&self, likeness: Likeness) -> Result<Tally, Finding> {
        let state = self.encode()?;
        must!(
            verify_snapshot(&state),
            "a state that cannot be loaded again"
        );
        for from in [From::Rows, From::Snapshot, From::Both] {
            self.loaded(from, likeness)?;
        }
        self.check_merged(likeness)?;
        self.check_peer(likeness)?;
        Ok(self.tally)
    }

    fn encode(&self) -> Result<Bytes, Finding> {
        self.replica.encode().map_err(|refusal| {
            Finding::Broken(format!("the document cannot be encoded: {refusal}"))
        })
    }

    fn loaded(&self, from: From, likeness: Likeness) -> Result<Replica, Finding> {
        let all = self.encode()?;
        let (snapshot, rows) = match (from, &self.snapshot) {
            (From::Snapshot, _) => (Some(&all), &[][..]),
            (From::Both, Some((covered, state))) => (Some(state), self.rows.split_at(*covered).1),
            (From::Rows, _) | (From::Both, None) => (None, &self.rows[..]),
        };
        let (replica, broken) = load(snapshot, rows, &self.bindings);
        must!(broken == 0, "{broken} parts cannot be loaded from {from:?}");
        self.expect_alike(&replica, likeness, &format!("loaded from {from:?}"))?;
        Ok(replica)
    }

    /// What a room sends to everybody: an append of as many rows as one may have in one frame.
    fn check_merged(&self, likeness: Likeness) -> Result<(), Finding> {
        let mut merged = Vec::new();
        for rows in self.rows.chunks(ROWS_PER_APPEND) {
            let one = merge(rows)
                .ok_or_else(|| Finding::broken("rows of one journal that cannot be merged"))?;
            merged.push(one);
        }
        let (reader, broken) = load(None, &merged, &[]);
        must!(broken == 0, "a merged frame cannot be read");
        self.expect_alike(&reader, likeness, "read from merged frames")
    }

    /// A peer that has the first half is sent the rest.
    fn check_peer(&self, likeness: Likeness) -> Result<(), Finding> {
        let half = self.rows.split_at(self.rows.len() / 2).0;
        let (behind, _) = load(None, half, &[]);
        let Some(diff) = self.diff(&behind.state_vector())? else {
            return Err(Finding::broken("a peer that is behind gets no answer"));
        };
        let mut rows = half.to_vec();
        rows.push(diff);
        let (peer, broken) = load(None, &rows, &[]);
        must!(broken == 0, "a peer that is behind cannot read the diff");
        self.expect_alike(&peer, likeness, "a peer that was behind")
    }

    fn expect_alike(&self, other: &Replica, likeness: Likeness, what: &str) -> Result<(), Finding> {
        must!(
            other.state_vector() == self.replica.state_vector(),
            "{what}: the state vector is another"
        );
        // First, because it shows what it is that differs.
        self.expect_same_content(other, likeness, what)?;
        let (ours, theirs) = (readings(&self.replica)?, readings(other)?);
        for ((ours, theirs), reading) in ours.iter().zip(&theirs).zip(every_reading()) {
            match (ours, theirs) {
                (Ok(ours), Ok(theirs)) => must!(
                    likeness == Likeness::AnyOrder || ours == theirs,
                    "{what}: {reading:?} reads otherwise"
                ),
                // A snapshot forgets what was deleted, and with it why a root could not be read.
                (Err(Refusal::Wiring(_)), Ok(_) | Err(Refusal::Wiring(_)))
                | (Ok(_), Err(Refusal::Wiring(_))) => {}
                (ours, theirs) => {
                    return Err(Finding::Broken(format!(
                        "{what}: {reading:?} was {ours:?} and is {theirs:?}"
                    )));
                }
            }
        }
        Ok(())
    }

    fn expect_same_content(
        &self,
        other: &Replica,
        likeness: Likeness,
        what: &str,
    ) -> Result<(), Finding> {
        let mut roots = readable(&self.replica);
        roots.retain(|root| readable(other).contains(root));
        let ours = content_of(&self.replica, &roots)?;
        let theirs = content_of(other, &roots)?;
        let is_alike = match likeness {
            Likeness::Same => ours == theirs,
            Likeness::AnyOrder => ours.sizes() == theirs.sizes(),
        };
        must!(
            is_alike,
            "{what}: it holds\n{theirs:?}\nand should hold\n{ours:?}"
        );
        Ok(())
    }
}

/// The roots that hold what they should; anything else runs without end in some readers.
pub(crate) fn readable(replica: &Replica) -> Vec<(&'static str, RootKind)> {
    ROOTS
        .into_iter()
        .filter(|(name, kind)| replica.content_hash(&[((*name).to_owned(), *kind)]).is_ok())
        .collect()
}

fn content_of(replica: &Replica, roots: &[(&str, RootKind)]) -> Result<Content, Finding> {
    let state = replica
        .encode()
        .map_err(|refusal| Finding::Broken(format!("it cannot be encoded: {refusal}")))?;
    read(&state, roots)
}

/// The hash of every reading, or why there is none.
fn readings(replica: &Replica) -> Result<Vec<Result<String, Refusal>>, Finding> {
    every_reading()
        .map(|(name, kind)| {
            // What is read is as large as the document.
            let hash = within_limits(
                "reading",
                replica.encode().map_or(0, |all| all.len()),
                || replica.content_hash(&[(name.to_owned(), kind)]),
            )?;
            match hash {
                Err(Refusal::Poisoned(reason)) => Err(Finding::Broken(format!(
                    "{name} cannot be read as {kind:?}: {reason}"
                ))),
                hash => Ok(hash),
            }
        })
        .collect()
}

fn every_reading() -> impl Iterator<Item = (&'static str, RootKind)> {
    ROOTS
        .into_iter()
        .flat_map(|(name, _)| ROOTS.map(|(_, kind)| (name, kind)))
}

/// Loads a replica; beside it how many parts of it could not be read.
fn load(
    snapshot: Option<&Bytes>,
    rows: &[Bytes],
    bindings: &[(ClientId, UserId)],
) -> (Replica, usize) {
    let loaded = Replica::load(&Stored {
        snapshot: snapshot.map(|snapshot| &snapshot[..]),
        rows: rows.iter().map(|row| &row[..]).collect(),
        bindings: bindings.to_vec(),
    });
    let broken = loaded.broken_rows.len() + usize::from(loaded.snapshot_broken);
    (loaded.replica, broken)
}

/// A user of this number; the same one each time.
pub fn user_number(number: usize) -> UserId {
    format!("00000000-0000-7000-8000-{number:012}")
        .parse()
        .unwrap_or_else(|error| panic!("user {number}: {error}"))
}

/// How far `replica` has come with every client.
pub fn clocks(replica: &Replica) -> StateVector {
    StateVector::decode(&replica.state_vector(), CLIENTS_MAX).unwrap_or_default()
}
