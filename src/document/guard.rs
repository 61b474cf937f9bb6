//! Whether a sound update fits this document: no holes, no crossed wires, nobody else's client id.
//!
//! Structs are taken in an order in which everything they build on is there first; what cannot be
//! ordered so builds on something that is missing. The index learns each struct on the way and
//! forgets all of them again if the update is refused.

use std::collections::HashMap;

use super::index::{Index, Seen};
use super::ordering::Ordering;
use super::reserved::Reserved;
use super::wire::{Id, Update};
use super::{ClientId, Refusal, StateVector};
use crate::ids::UserId;

/// Clients of which one client's update may bring something new: its own, one for each page it wrote
/// in. What is known already does not count: some stock clients send back all they receive.
const NEW_CLIENTS_MAX: usize = 64;
/// Client ids are the keys of hash tables that do not mix their bits, so ids that share their low
/// bits make every look-up slow. Groups of ids that agree in these bits must stay of common size.
const CROWD_BITS: u32 = 10;
/// Ids of one group that chance alone never exceeds in a small document.
const CROWD_MIN: usize = 64;

/// Who wrote an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// Somebody outside: every rule holds.
    User(UserId),
    /// This server, earlier, or another node: the bytes passed the rules of their time.
    Journal,
    /// Another node, just now, for this author: the same, and what it repeats must be what is here.
    Node(Option<UserId>),
}

impl Writer {
    /// Whether the rules were applied before, so that what is in the journal must be taken as it is.
    pub(super) fn is_trusted(self) -> bool {
        !matches!(self, Self::User(_))
    }
}

/// What an update adds.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    /// Where each client's clock stands after it.
    pub(super) ends: Vec<(ClientId, u32)>,
    /// Client ids that are the writer's from now on.
    pub(super) first_seen: Vec<ClientId>,
    /// Clients of which it repeats known structs, and from where.
    pub(super) repeated: Vec<(ClientId, u32)>,
    /// Structs that yrs is to be told as collected.
    pub(super) torn: Vec<Id>,
}

/// The guard of one document.
#[derive(Debug)]
pub(super) struct Guard {
    index: Index,
    /// Whose each client id is.
    owners: HashMap<ClientId, UserId>,
    /// Whose each one is that nobody has written with.
    pub(super) reserved: Reserved,
    crowds: Box<[u32]>,
    clients: usize,
}

impl Guard {
    /// The guard of an empty document whose client ids may be taken already.
    pub(super) fn new(bindings: &[(ClientId, UserId)]) -> Self {
        Self {
            index: Index::default(),
            owners: bindings.iter().copied().collect(),
            reserved: Reserved::default(),
            crowds: vec![0; 1 << CROWD_BITS].into_boxed_slice(),
            clients: 0,
        }
    }

    /// How far every client has come.
    pub(super) fn state_vector(&self) -> StateVector {
        self.index.state_vector()
    }

    /// The clock after the last struct of `client`.
    pub(super) fn known(&self, client: ClientId) -> u32 {
        self.index.known(client)
    }

    /// The clock up to which formats stand from `id` on without a gap, as far as `end` is to be known.
    pub(super) fn formats_from(&self, id: Id, end: u32) -> u32 {
        self.index.formats_from(id, end)
    }

    /// What was seen in a root.
    pub(super) fn seen_in(&self, root: &str) -> Seen {
        self.index.seen_in(root)
    }

    /// Takes `update` into the index, or says why not and leaves the index as it was.
    pub(super) fn admit(
        &mut self,
        update: &Update<'_>,
        writer: Writer,
    ) -> Result<Admitted, Refusal> {
        self.index.begin();
        let admitted = self.try_admit(update, writer);
        if admitted.is_err() {
            self.index.roll_back();
        }
        admitted
    }

    pub(super) fn has_heard_of(&self, client: ClientId) -> bool {
        self.owners.contains_key(&client)
    }

    pub(super) fn clients(&self) -> usize {
        self.owners.len()
    }

    /// Notes whose client ids are, as the journal knows it. The first one that somebody else has used
    /// here meanwhile is answered.
    pub(super) fn learn(&mut self, owners: &[(ClientId, UserId)]) -> Result<(), ClientId> {
        for (client, user) in owners {
            if *self.owners.entry(*client).or_insert(*user) != *user {
                return Err(*client);
            }
        }
        Ok(())
    }

    /// Takes back what was admitted last.
    pub(super) fn take_back(&mut self) {
        self.index.roll_back();
    }

    /// Makes the writer's what it was the first to use. Called once the update is in the document.
    pub(super) fn bind(&mut self, admitted: &Admitted, writer: Writer) {
        if let Writer::User(user) | Writer::Node(Some(user)) = writer {
            for client in &admitted.first_seen {
                self.owners.entry(*client).or_insert(user);
            }
        }
        for client in &admitted.first_seen {
            self.clients += 1;
            if let Some(crowd) = self.crowds.get_mut(crowd_of(*client)) {
                *crowd += 1;
            }
        }
    }

    fn try_admit(&mut self, update: &Update<'_>, writer: Writer) -> Result<Admitted, Refusal> {
        let mut admitted = Admitted::default();
        let mut fresh = Vec::new();
        for section in &update.sections {
            let known = self.index.known(section.client);
            if section.start > known {
                return Err(Refusal::Hole);
            }
            if section.start < known {
                admitted.repeated.push((section.client, section.start));
            }
            if section.end > known {
                if self.is_first_use(section.client, writer)? {
                    admitted.first_seen.push(section.client);
                }
                admitted.ends.push((section.client, section.end));
                fresh.push(section);
            }
        }
        if fresh.len() > NEW_CLIENTS_MAX && !writer.is_trusted() {
            return Err(Refusal::TooLarge("clients whose edits one update carries"));
        }
        admitted.torn = Ordering::of(&fresh).run(&mut self.index, writer)?;
        for deletes in &update.deletes {
            let last = deletes.ranges.last().map_or(0, |(_, end)| *end);
            if last > self.index.known(deletes.client) {
                return Err(Refusal::Hole);
            }
        }
        Ok(admitted)
    }

    /// Whether `client` is new here; refuses one that is not the writer's.
    fn is_first_use(&self, client: ClientId, writer: Writer) -> Result<bool, Refusal> {
        let is_here = self.index.has(client);
        let Writer::User(user) = writer else {
            return Ok(!is_here);
        };
        match self.owners.get(&client) {
            Some(owner) if *owner == user => Ok(!is_here),
            None if self.reserved.is_kept_from(client, user) => {
                Err(Refusal::ForeignClientId(client))
            }
            // Nobody's, and here: what the server itself wrote.
            None if !is_here => {
                let crowd = self
                    .crowds
                    .get(crowd_of(client))
                    .copied()
                    .unwrap_or_default() as usize;
                if crowd < CROWD_MIN + self.clients / CROWD_MIN {
                    Ok(true)
                } else {
                    Err(Refusal::TooLarge("client ids that are alike"))
                }
            }
            Some(_) | None => Err(Refusal::ForeignClientId(client)),
        }
    }
}

fn crowd_of(client: ClientId) -> usize {
    usize::try_from(client & ((1 << CROWD_BITS) - 1)).unwrap_or(0)
}
