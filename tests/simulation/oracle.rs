//! What must hold: the promises that every run is held to.

use std::collections::{BTreeMap, HashMap, VecDeque};

use bytes::Bytes;
use convene::auth::access::{Grant, Role};
use convene::ids::{SessionId, UserId};
use convene_protocol::frame::SyncStatus;
use uuid::Uuid;
use yrs::updates::decoder::Decode;
use yrs::{ClientID, Doc, IdSet, ReadTxn, Transact, Update};

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Which.
    pub(crate) promise: Promise,
    /// What was seen.
    pub(crate) seen: String,
}

/// Everything that is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// What is acknowledged is in the journal.
    AcknowledgedIsCommitted,
    /// What anyone is shown is in the journal.
    ShownIsCommitted,
    /// What is shown builds on what was shown before.
    ShownIsWhole,
    /// Every update is owed one status.
    OneStatusPerUpdate,
    /// A client id belongs to one user for good.
    ClientIdHasOneOwner,
    /// Who may not write writes nothing.
    OnlyWritersWrite,
    /// Rows are in order, without holes.
    JournalHasNoHoles,
    /// An append becomes rows once.
    AppendedOnce,
    /// Of two who decide about the same state of a proposal, one does. What keeps it is the server's own
    /// `storage/settlement.rs`.
    DecidedOnce,
    /// A stored snapshot is never older than the one before. The fence that keeps it is the model's,
    /// and so is what this tests: the server's is one statement of SQL, which `tests/it/storage/`
    /// tries.
    SnapshotOnlyForward,
    /// A snapshot holds exactly the rows up to its sequence.
    SnapshotIsItsRows,
    /// A load brings back everything committed.
    LoadIsWhole,
    /// A plan has one live room on a node. The registry that keeps it is the model's too; the
    /// server's is tried by `tests/it/first_visitors.rs`.
    OneRoomPerPlan,
    /// A content hash is of the state vector beside it.
    HashIsTrue,
    /// A session's role in its room is the one in the database.
    RoleIsCurrent,
    /// Everybody has the same document in the end.
    Converged,
    /// Everybody who is here is seen.
    PresentAreSeen,
    /// Nobody who left is seen.
    AbsentAreNotSeen,
    /// Everything comes to rest.
    Settles,
    /// Nothing panics.
    NothingPanics,
    /// A room that nobody needs leaves memory.
    RoomsEnd,
    /// Every room comes as far as the journal, whatever it heard of other nodes.
    NodesAreLevel,
}

/// The committed document, built row by row beside the server's own replicas.
#[derive(Debug)]
pub(crate) struct Truth {
    pub(crate) doc: Doc,
    clocks: BTreeMap<ClientID, u32>,
    deleted: IdSet,
    owners: BTreeMap<ClientID, UserId>,
}

impl Truth {
    pub(crate) fn new() -> Self {
        let mut options = yrs::Options::with_client_id(ClientID::new(0));
        options.offset_kind = yrs::OffsetKind::Utf16;
        options.cleanup_formatting = false;
        Self {
            doc: Doc::with_options(options),
            clocks: BTreeMap::new(),
            deleted: IdSet::default(),
            owners: BTreeMap::new(),
        }
    }

    /// Takes a committed row in; says which promise it breaks.
    pub(crate) fn commit(&mut self, row: &[u8], author: Option<UserId>) -> Option<Violation> {
        let update = Update::decode_v1(row).unwrap();
        let mut broken = None;
        for (client, ranges) in update.insertions(true).iter() {
            let end = ranges.iter().map(|range| range.end).max().unwrap_or(0);
            let clock = self.clocks.entry(*client).or_default();
            let is_new = end > *clock;
            *clock = end.max(*clock);
            let Some(author) = author.filter(|_| is_new) else {
                continue;
            };
            let owner = *self.owners.entry(*client).or_insert(author);
            if owner != author {
                let seen = format!("client {client} of {owner} was used by {author}");
                broken = Some(violation(Promise::ClientIdHasOneOwner, seen));
            }
        }
        let mut txn = self.doc.transact_mut();
        txn.apply_update(update).unwrap();
        txn.commit();
        self.deleted.merge_with(txn.delete_set().clone());
        if txn.has_missing_updates() {
            let seen = "a row builds on what no row holds".to_owned();
            broken = Some(violation(Promise::JournalHasNoHoles, seen));
        }
        broken
    }

    /// Whether `doc` holds something of `client` that is not committed.
    pub(crate) fn is_behind(&self, doc: &Doc, client: u64) -> bool {
        let client = ClientID::new(client);
        let committed = self.clocks.get(&client).copied().unwrap_or(0);
        doc.transact().state_vector().get(&client) > committed
    }

    /// What of `update` is not committed.
    pub(crate) fn lacks(&self, update: &[u8]) -> Option<String> {
        let update = Update::decode_v1(update).ok()?;
        for (client, ranges) in update.insertions(true).iter() {
            let end = ranges.iter().map(|range| range.end).max().unwrap_or(0);
            let clock = self.clocks.get(client).copied().unwrap_or(0);
            if end > clock {
                return Some(format!(
                    "{end} of client {client}, of which {clock} is committed"
                ));
            }
        }
        update.delete_set().iter().find_map(|(client, ranges)| {
            let is_deleted = |range: &std::ops::Range<u32>| {
                let known = self.deleted.get(client);
                range
                    .clone()
                    .all(|clock| known.is_some_and(|known| known.contains_clock(clock)))
            };
            let lost = ranges.iter().find(|range| !is_deleted(range))?;
            Some(format!("the deletion of {lost:?} of client {client}"))
        })
    }

    /// What `state`, a whole document, has too little or too much.
    pub(crate) fn differs(&self, state: &[u8]) -> Option<String> {
        let Ok(update) = Update::decode_v1(state) else {
            return Some("it cannot be read".to_owned());
        };
        let clocks: BTreeMap<ClientID, u32> = update
            .state_vector()
            .iter()
            .map(|(id, clock)| (*id, *clock))
            .collect();
        if clocks != self.clocks {
            return Some(format!(
                "it holds {clocks:?} and the rows {:?}",
                self.clocks
            ));
        }
        let deleted = update.delete_set();
        (*deleted != self.deleted)
            .then(|| format!("it deleted {deleted:?} and the rows {:?}", self.deleted))
    }

    /// Whether `doc` has come exactly as far.
    pub(crate) fn is_as_far_as(&self, doc: &Doc) -> bool {
        let theirs = doc.transact().state_vector();
        theirs.len() == self.clocks.len()
            && self
                .clocks
                .iter()
                .all(|(client, clock)| theirs.get(client) == *clock)
    }

    /// Whether `vector` names exactly what is committed.
    pub(crate) fn is_at(&self, vector: &convene::document::StateVector) -> bool {
        vector.len() == self.clocks.len()
            && self
                .clocks
                .iter()
                .all(|(client, clock)| vector.get(client.get()) == *clock)
    }
}

/// A broken promise and what was seen.
pub(crate) fn violation(promise: Promise, seen: impl Into<String>) -> Violation {
    Violation {
        promise,
        seen: seen.into(),
    }
}

/// What a session is owed and may do, as told to its room.
#[derive(Debug)]
struct Watched {
    /// None when it is a member no more.
    role: Option<Role>,
    user: UserId,
    /// Updates without a status, oldest first.
    owed: VecDeque<Bytes>,
    /// Updates that may still become rows.
    may_write: u64,
    /// Its updates, with whether it might write when they came.
    came: Vec<(Bytes, bool)>,
}

/// Every session that a room was told of.
#[derive(Debug, Default)]
pub(crate) struct Sessions(BTreeMap<Seat, Watched>);

/// A session in the room with this serial: one that is given up may still hold it too.
pub(crate) type Seat = (u64, SessionId);

/// Whether a status follows directly from the update it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// To the update that was handed in last.
    Newest,
    /// To one that waited.
    Oldest,
}

impl Sessions {
    pub(crate) fn joined(&mut self, seat: Seat, grant: Grant) {
        let watched = Watched {
            role: Some(grant.role()),
            user: grant.user(),
            owed: VecDeque::new(),
            may_write: 0,
            came: Vec::new(),
        };
        self.0.insert(seat, watched);
    }

    pub(crate) fn left(&mut self, seat: Seat) {
        self.0.remove(&seat);
    }

    pub(crate) fn role_changed(&mut self, serial: u64, user: UserId, role: Option<Role>) {
        for ((room, _), watched) in &mut self.0 {
            if *room == serial && watched.user == user {
                watched.role = role;
            }
        }
    }

    /// The room `serial` is told all roles there are.
    pub(crate) fn roles(&mut self, serial: u64, roles: &HashMap<UserId, Role>) {
        for ((room, _), watched) in &mut self.0 {
            if *room == serial {
                watched.role = roles.get(&watched.user).copied();
            }
        }
    }

    /// An update of `seat` is handed to the room.
    pub(crate) fn updated(&mut self, seat: Seat, update: Bytes) {
        if let Some(watched) = self.0.get_mut(&seat) {
            let counts = watched.role.is_some_and(writes);
            watched.came.push((update.clone(), counts));
            watched.owed.push_back(update);
            watched.may_write += u64::from(counts);
        }
    }

    /// An update of `seat` is tried once more: what counts is its role now, and not when it came.
    pub(crate) fn tried_again(&mut self, seat: Seat, update: &Bytes) {
        if let Some(watched) = self.0.get_mut(&seat) {
            // Its status comes in the order of this try.
            if let Some(at) = watched.owed.iter().position(|one| one == update)
                && let Some(owed) = watched.owed.remove(at)
            {
                watched.owed.push_back(owed);
            }
            let came = watched.came.iter().rposition(|(one, _)| one == update);
            let counted = came.is_some_and(|at| watched.came.remove(at).1);
            if watched.role.is_some_and(writes) {
                // One too many where it counted before under the same bytes: clients send again.
                watched.may_write += 1;
            } else {
                watched.may_write -= u64::from(counted).min(watched.may_write);
            }
        }
    }

    /// An answer of `seat` is tried before its turn, when it will have its status.
    pub(crate) fn tried_ahead(&mut self, seat: Seat) {
        if let Some(watched) = self.0.get_mut(&seat)
            && watched.role.is_some_and(writes)
        {
            watched.may_write += 1;
        }
    }

    /// A row that came from `seat` is to be appended.
    pub(crate) fn appends(&mut self, seat: Seat, author: Option<UserId>) -> Option<Violation> {
        // One that has left meanwhile is not watched any more; its row was taken before.
        let watched = self.0.get_mut(&seat)?;
        if author != Some(watched.user) {
            let seen = format!("a row of {seat:?} is said to be of {author:?}");
            return Some(violation(Promise::OnlyWritersWrite, seen));
        }
        let Some(rest) = watched.may_write.checked_sub(1) else {
            let seen = format!("{seat:?} wrote a row and may not write");
            return Some(violation(Promise::OnlyWritersWrite, seen));
        };
        watched.may_write = rest;
        None
    }

    /// A status goes to `seat`. Gives the update it is for.
    pub(crate) fn status(
        &mut self,
        seat: Seat,
        status: SyncStatus,
        answers: Answers,
    ) -> Result<Option<Bytes>, Violation> {
        let Some(watched) = self.0.get_mut(&seat) else {
            return Ok(None);
        };
        let update = match (answers, status) {
            (Answers::Newest, _) => watched.owed.pop_back(),
            (Answers::Oldest, SyncStatus::Applied) => watched.owed.pop_front(),
            // Its replica is ended, not over an update, and hears so in the same words.
            (Answers::Oldest, SyncStatus::NotApplied) => None,
        };
        match (update, status) {
            (Some(update), SyncStatus::Applied) => Ok(Some(update)),
            (Some(_) | None, SyncStatus::NotApplied) => Ok(None),
            (None, SyncStatus::Applied) => {
                let seen = format!("{seat:?} was told of an update it did not send");
                Err(violation(Promise::OneStatusPerUpdate, seen))
            }
        }
    }

    /// `seat` ends over the update that was handed in last, which therefore gets no status.
    pub(crate) fn ends_over_update(&mut self, seat: Seat) {
        if let Some(watched) = self.0.get_mut(&seat) {
            watched.owed.pop_back();
        }
    }

    /// Nothing uncommitted of the room `serial` will be. Gives the sessions that waited for a status,
    /// which are owed an end instead; not those of which an update is deferred, which will have one.
    pub(crate) fn gives_up(
        &mut self,
        serial: u64,
        has_deferred: impl Fn(SessionId) -> bool,
    ) -> Vec<SessionId> {
        let of_room = self
            .0
            .range_mut((serial, SessionId::from_uuid(Uuid::nil()))..);
        let mut waited = Vec::new();
        for ((_, session), watched) in of_room.take_while(|((room, _), _)| *room == serial) {
            watched.may_write = 0;
            if !watched.owed.is_empty() && !has_deferred(*session) {
                watched.owed.clear();
                waited.push(*session);
            }
        }
        waited
    }

    /// How many statuses `seat` is still owed.
    pub(crate) fn owed(&self, seat: Seat) -> usize {
        self.0.get(&seat).map_or(0, |watched| watched.owed.len())
    }

    /// The role of `seat`, as its room was told.
    pub(crate) fn role(&self, seat: Seat) -> Option<Role> {
        self.0.get(&seat).and_then(|watched| watched.role)
    }
}

/// Said again here on purpose: the rule must not be judged by itself.
fn writes(role: Role) -> bool {
    match role {
        Role::Owner | Role::Approver | Role::Editor => true,
        Role::Suggester | Role::Viewer => false,
    }
}
