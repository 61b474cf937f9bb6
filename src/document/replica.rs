//! One replica of a plan's document: what yrs holds, behind the guard, with its panics caught.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use convene_plan::content::Content;
use yrs::{ClientID, Doc, ReadTxn, Transact, TransactionMut};

use super::applying::{Failure, integrate, new_doc_as, said};
use super::content::{self, RootKind};
use super::forgetting::{collect, forget_deleted_runs};
use super::guard::{Admitted, Guard, Writer};
use super::joining::join;
use super::reading;
use super::same_history::is_same_history;
use super::wire::{Id, Update};
use super::{ClientId, Refusal, StateVector};
use crate::ids::UserId;

/// Clients that a state vector may name beyond those of the document: edits it has yet to send.
const OTHER_CLIENTS_MAX: usize = 64;

/// What storage keeps of a plan.
#[derive(Debug)]
pub struct Stored<'a> {
    /// The merged state up to some row.
    pub snapshot: Option<&'a [u8]>,
    /// The rows after it, in order.
    pub rows: Vec<&'a [u8]>,
    /// Whose each client id is.
    pub bindings: Vec<(ClientId, UserId)>,
}

/// What came of it.
#[derive(Debug)]
pub struct Loaded {
    /// The document.
    pub replica: Replica,
    /// Rows that could not be applied, by their position in [`Stored::rows`].
    pub broken_rows: Vec<usize>,
    /// The snapshot could not be read. Nothing was applied: load again from the first row.
    pub snapshot_broken: bool,
}

/// What an update did.
#[derive(Debug)]
pub struct Applied {
    /// The new part of it as yrs encoded it; `None` when everything was known.
    pub update: Option<Bytes>,
    /// Where each client's clock stands after it.
    pub ends: Vec<(ClientId, u32)>,
    /// Client ids that belong to the author from now on.
    pub first_seen: Vec<ClientId>,
}

/// A document in memory. One task owns it.
#[derive(Debug)]
pub struct Replica {
    doc: Doc,
    guard: Guard,
    /// Whether yrs has failed on this document: nothing of it counts any more.
    harmed: bool,
    /// The whole state, encoded since the last change; every newcomer is sent it.
    whole: RefCell<Option<Bytes>>,
    /// What the roots of a plan hold, read since the last change.
    plan: RefCell<Option<Arc<Content>>>,
}

impl Replica {
    /// An empty document whose client ids may be taken already.
    fn empty(bindings: &[(ClientId, UserId)]) -> Self {
        Self {
            doc: new_doc_as(0),
            guard: Guard::new(bindings),
            harmed: false,
            whole: RefCell::default(),
            plan: RefCell::default(),
        }
    }

    /// Builds the document from what is stored. A row that cannot be applied is left out and named.
    pub fn load(stored: &Stored<'_>) -> Loaded {
        let mut broken = BTreeSet::new();
        // Each turn ends or leaves out one row more.
        loop {
            let mut replica = Self::empty(&stored.bindings);
            if let Some(snapshot) = stored.snapshot
                && replica.replay(snapshot).is_err()
            {
                let replica = Self::empty(&stored.bindings);
                return Loaded {
                    replica,
                    broken_rows: Vec::new(),
                    snapshot_broken: true,
                };
            }
            let was_harmed = stored.rows.iter().enumerate().any(|(number, row)| {
                if !broken.contains(&number) && replica.replay(row).is_err() {
                    broken.insert(number);
                }
                replica.harmed
            });
            if !was_harmed {
                let broken_rows = broken.into_iter().collect();
                return Loaded {
                    replica,
                    broken_rows,
                    snapshot_broken: false,
                };
            }
        }
    }

    fn replay(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.take(bytes, Writer::Journal, |_| ()).map(|_| ())
    }

    /// Applies an untrusted update of `user`. Refusals leave the document as it was, except
    /// [`Refusal::Poisoned`].
    pub fn apply(&mut self, update: &[u8], user: UserId) -> Result<Applied, Refusal> {
        let (admitted, update) = self.take(update, Writer::User(user), |txn| {
            let is_new = !txn.insert_set().is_empty() || !txn.delete_set().is_empty();
            is_new.then(|| Bytes::from(txn.encode_update_v1()))
        })?;
        Ok(Applied {
            update: update.flatten(),
            ends: admitted.ends,
            first_seen: admitted.first_seen,
        })
    }

    /// Whether `client` has ever written to this plan, in whatever line of its history.
    pub fn has_heard_of(&self, client: ClientId) -> bool {
        self.guard.has_heard_of(client)
    }

    /// How many clients have ever written to this plan.
    pub fn clients(&self) -> usize {
        self.guard.clients()
    }

    /// Notes whose client ids are that another node has committed. Answers one that somebody else uses
    /// here, whose edits can never be committed.
    pub fn learn(&mut self, owners: &[(ClientId, UserId)]) -> Result<(), ClientId> {
        self.guard.learn(owners)
    }

    /// Applies what another node has committed; client ids that are new in it are `author`'s. Answers
    /// where the clocks of its clients stand in it, whether or not that was new here. Refusals leave
    /// the document as it was, except [`Refusal::Poisoned`]: [`Refusal::Hole`] when something before
    /// it is missing, and [`Refusal::ForeignClientId`] when what is here of a client is not what the
    /// other node has of it.
    pub fn apply_committed(
        &mut self,
        update: &[u8],
        author: Option<UserId>,
    ) -> Result<Vec<(ClientId, u32)>, Refusal> {
        self.take(update, Writer::Node(author), |_| ())?;
        let sections = Update::parse(update)?.sections;
        let ends = sections.iter().map(|section| (section.client, section.end));
        Ok(ends.collect())
    }

    /// Guards and applies; `emit` reads the transaction before it ends. `None` in place of what it
    /// says when yrs was not asked, because nothing was new.
    fn take<T>(
        &mut self,
        bytes: &[u8],
        writer: Writer,
        emit: impl FnOnce(&TransactionMut<'_>) -> T,
    ) -> Result<(Admitted, Option<T>), Refusal> {
        self.check_harmed()?;
        let update = Update::parse(bytes)?;
        // In this order: merging updates loses what tells an overwritten map value, and so some are
        // joined that only may be one because they are deleted.
        let joined = join(&update, |client| self.guard.known(client));
        let (bytes, update) = in_place_of(bytes, update, joined.as_deref())?;
        let forgotten = forget_deleted_runs(&update);
        let (bytes, update) = in_place_of(bytes, update, forgotten.as_deref())?;
        let admitted = self.guard.admit(&update, writer)?;
        let is_untrusted = writer != Writer::Journal;
        if is_untrusted && let Some(client) = self.reused_client(&update, &admitted.repeated) {
            self.guard.take_back();
            return Err(Refusal::ForeignClientId(client));
        }
        if admitted.ends.is_empty() && update.deletes.is_empty() {
            return Ok((admitted, None));
        }
        let collected = collect(&update, &admitted.torn);
        let bytes = collected.as_deref().unwrap_or(bytes);
        drop(update);
        self.whole.take();
        self.plan.take();
        match integrate(&self.doc, bytes, emit) {
            Ok(emitted) => {
                self.guard.bind(&admitted, writer);
                Ok((admitted, Some(emitted)))
            }
            Err(Failure::Undecodable) => {
                self.guard.take_back();
                Err(Refusal::Malformed("a value cannot be read"))
            }
            Err(Failure::Harmed(reason)) => {
                self.abandon();
                Err(Refusal::Poisoned(reason))
            }
        }
    }

    /// A client id whose known structs, which begin at the clocks in `repeated`, the update tells
    /// otherwise: two replicas share it.
    fn reused_client(&self, update: &Update<'_>, repeated: &[(ClientId, u32)]) -> Option<ClientId> {
        if repeated.is_empty() {
            return None;
        }
        let mut vector = self.guard.state_vector();
        for (client, start) in repeated {
            vector.set_back(*client, *start);
        }
        let stored = self.encode_from(&vector).ok()?;
        is_same_history(&stored, update).err()
    }

    /// Forgets a document that yrs failed on, without touching it again: its destructors would walk
    /// what may be torn.
    fn abandon(&mut self) {
        self.harmed = true;
        std::mem::forget(std::mem::replace(&mut self.doc, new_doc_as(0)));
    }

    fn check_harmed(&self) -> Result<(), Refusal> {
        if self.harmed {
            Err(Refusal::Poisoned("it has failed before".to_owned()))
        } else {
            Ok(())
        }
    }

    /// What a client lacks that has come as far as `state_vector`, untrusted.
    pub fn diff(&self, state_vector: &[u8]) -> Result<Bytes, Refusal> {
        let own = self.guard.state_vector();
        let theirs = StateVector::decode(state_vector, own.len() + OTHER_CLIENTS_MAX)?;
        if theirs.is_empty() {
            return self.encode();
        }
        // Only clients of this document: yrs need not hash what others made up.
        let shared: StateVector = theirs
            .iter()
            .filter(|(client, _)| own.get(*client) > 0)
            .collect();
        self.encode_from(&shared)
    }

    /// The whole document.
    pub fn encode(&self) -> Result<Bytes, Refusal> {
        if let Some(whole) = &*self.whole.borrow() {
            return Ok(whole.clone());
        }
        let whole = self.encode_from(&StateVector::default())?;
        *self.whole.borrow_mut() = Some(whole.clone());
        Ok(whole)
    }

    fn encode_from(&self, vector: &StateVector) -> Result<Bytes, Refusal> {
        self.read(|txn| {
            let vector = vector
                .iter()
                .map(|(client, clock)| (ClientID::new(client), clock));
            Bytes::from(txn.encode_diff_v1(&vector.collect()))
        })
    }

    /// Whether `update`, untrusted, holds nothing that is not here. Refused when it tells what is
    /// here otherwise.
    pub fn contains(&self, update: &[u8]) -> Result<bool, Refusal> {
        self.check_harmed()?;
        let update = Update::parse(update)?;
        if update
            .sections
            .iter()
            .any(|section| section.end > self.guard.known(section.client))
        {
            return Ok(false);
        }
        let starts = update
            .sections
            .iter()
            .map(|section| (section.client, section.start));
        if let Some(client) = self.reused_client(&update, &starts.collect::<Vec<_>>()) {
            return Err(Refusal::ForeignClientId(client));
        }
        if update.deletes.is_empty() {
            return Ok(true);
        }
        let all = self.encode_from(&self.guard.state_vector())?;
        Ok(Update::parse(&all)?.has_deleted(&update))
    }

    /// Whether `update`, untrusted, does nothing but delete formats of texts.
    pub fn deletes_only_formats(&self, update: &[u8]) -> Result<bool, Refusal> {
        let update = Update::parse(update)?;
        let is_known = |end, client| end <= self.guard.known(client);
        if update
            .sections
            .iter()
            .any(|section| !is_known(section.end, section.client))
        {
            return Ok(false);
        }
        let all = self.encode_from(&self.guard.state_vector())?;
        let all = Update::parse(&all)?;
        Ok(update.deletes.iter().all(|deletes| {
            deletes.ranges.iter().all(|(start, end)| {
                let mut clock = *start;
                while clock < *end {
                    let id = Id {
                        client: deletes.client,
                        clock,
                    };
                    let next = self.guard.formats_from(id, *end).max(all.deleted_from(id));
                    if next == clock {
                        return false;
                    }
                    clock = next;
                }
                true
            })
        }))
    }

    /// Keeps a client id that `user` has announced from everybody else, unless somebody has it.
    pub fn reserve(&mut self, client: ClientId, user: UserId) {
        self.guard.reserved.keep(client, user);
    }

    /// Keeps the ids that were announced to the replica in whose place this one comes.
    pub fn take_reservations(&mut self, other: &mut Self) {
        self.guard.reserved = std::mem::take(&mut other.guard.reserved);
    }

    /// How far the document has come with every client, encoded.
    pub fn state_vector(&self) -> Bytes {
        self.guard.state_vector().encode()
    }

    /// SHA-256 of the canonical JSON of `roots`, in hex. Refused when one is not what it is read as.
    pub fn content_hash(&self, roots: &[(String, RootKind)]) -> Result<String, Refusal> {
        for (name, kind) in roots {
            kind.check(self.guard.seen_in(name))?;
        }
        self.read(|txn| content::hash(txn, roots))
    }

    /// What the roots of a plan hold.
    pub fn plan_content(&self) -> Result<Arc<Content>, Refusal> {
        if let Some(content) = &*self.plan.borrow() {
            return Ok(Arc::clone(content));
        }
        let content = Arc::new(self.read(|txn| reading::content(txn))?);
        *self.plan.borrow_mut() = Some(Arc::clone(&content));
        Ok(content)
    }

    fn read<T>(&self, reading: impl FnOnce(&yrs::Transaction<'_>) -> T) -> Result<T, Refusal> {
        self.check_harmed()?;
        catch_unwind(AssertUnwindSafe(|| {
            let txn = self.doc.try_transact().map_err(|error| error.to_string())?;
            Ok(reading(&txn))
        }))
        .unwrap_or_else(|panic| Err(said(&*panic)))
        .map_err(Refusal::Poisoned)
    }
}

/// Whether `snapshot` can be loaded again, alone.
pub fn verify_snapshot(snapshot: &[u8]) -> bool {
    !Replica::load(&Stored {
        snapshot: Some(snapshot),
        rows: Vec::new(),
        bindings: Vec::new(),
    })
    .snapshot_broken
}

/// The simpler form of an update that yrs takes well, where there is one.
fn in_place_of<'a>(
    bytes: &'a [u8],
    update: Update<'a>,
    simpler: Option<&'a [u8]>,
) -> Result<(&'a [u8], Update<'a>), Refusal> {
    Ok(match simpler {
        Some(simpler) => (simpler, Update::parse(simpler)?),
        None => (bytes, update),
    })
}

#[cfg(test)]
mod tests;
