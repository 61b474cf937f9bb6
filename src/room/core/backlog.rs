//! Updates that are in the replica and not yet committed, and what waits for them.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::ServerMessage;

use crate::clock::Timestamp;
use crate::document::{self, ClientId};
use crate::ids::{SessionId, UserId};
use crate::room::ask::{EditRefused, Reply, Ticket};
use crate::room::core::RoomCore;
use crate::room::core::shown::Shown;
use crate::room::core::sync::NEW_EPOCH;
use crate::room::effect::Effect;
use crate::storage::journal::{AppendRefused, Committed, NewRow, Seq};

/// Rows of one append at most, which are shown in one frame: keeps a transaction, and the wait for it,
/// short.
pub const ROWS_PER_APPEND: usize = 256;
/// What waits for a commit at most. A session that asks for more while the database is away comes
/// back later.
const HELD_BYTES_MAX: usize = 64 << 20;

/// One accepted update.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) entry: NewRow,
    /// Whose update it was; none for what the server wrote for somebody.
    pub(super) session: Option<SessionId>,
    /// Which question it answers, if one.
    pub(super) asked: Option<Ticket>,
    pub(super) author: UserId,
    /// Where each client's clock stands after it.
    pub(super) ends: Vec<(ClientId, u32)>,
    /// Client ids that belong to the author from this update on.
    pub(super) first_seen: Vec<ClientId>,
}

/// The queue between the replica and the journal. One append is under way at a time: the rows that
/// arrive meanwhile form the next one.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: VecDeque<Row>,
    under_way: Vec<Row>,
    bytes: usize,
    /// How many updates were ever accepted and committed: the positions that effects wait for.
    accepted: u64,
    committed: u64,
    held: VecDeque<Held>,
    held_bytes: usize,
}

/// An effect that waits for a commit.
#[derive(Debug)]
struct Held {
    /// How many updates must be committed first.
    position: u64,
    effect: Effect,
    /// For a sync step 2: what other nodes have committed since it was made.
    since: Vec<Bytes>,
}

impl Held {
    fn weight(&self) -> usize {
        let since: usize = self.since.iter().map(Bytes::len).sum();
        weight(&self.effect) + since
    }
}

impl Backlog {
    pub(super) fn push(&mut self, row: Row) {
        self.bytes += row.entry.update.len();
        self.accepted += 1;
        self.waiting.push_back(row);
    }

    /// Keeps `effect` until everything accepted so far is committed, or gives it back if it is.
    pub(super) fn hold(&mut self, effect: Effect) -> Option<Effect> {
        if self.accepted == self.committed {
            return Some(effect);
        }
        let held = Held {
            position: self.accepted,
            effect,
            since: Vec::new(),
        };
        self.held_bytes += held.weight();
        self.held.push_back(held);
        None
    }

    /// Whether so much waits for a commit that nothing more may.
    pub(super) fn is_holding_too_much(&self) -> bool {
        self.held_bytes > HELD_BYTES_MAX
    }

    /// Drops what waits for a session that is over.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.held
            .retain(|held| recipient(&held.effect) != Some(session));
        self.held_bytes = self.held.iter().map(Held::weight).sum();
    }

    /// Adds what others have committed to every sync step 2 that was made before: its session is not
    /// live yet, and would never be sent it.
    pub(super) fn follow(&mut self, updates: &[Bytes]) {
        for held in &mut self.held {
            if let Effect::Send {
                message: ServerMessage::SyncStep2(_),
                ..
            } = held.effect
            {
                held.since.extend_from_slice(updates);
                self.held_bytes += updates.iter().map(Bytes::len).sum::<usize>();
            }
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.accepted == self.committed
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn next_append(&mut self) -> Option<Effect> {
        if !self.under_way.is_empty() || self.waiting.is_empty() {
            return None;
        }
        // What may be refused for a reason of its own is alone.
        let alone = |row: &Row| row.entry.along.is_some();
        let count = match self.waiting.iter().position(alone) {
            Some(0) => 1,
            Some(at) => at,
            None => self.waiting.len(),
        };
        let count = count.min(ROWS_PER_APPEND);
        self.under_way = self.waiting.drain(..count).collect();
        let rows = self.under_way.iter().map(|row| row.entry.clone()).collect();
        let bindings = self
            .under_way
            .iter()
            .flat_map(|row| row.first_seen.iter().map(|client| (*client, row.author)))
            .collect();
        Some(Effect::Append { rows, bindings })
    }

    fn take_committed(&mut self) -> Vec<Row> {
        let rows = std::mem::take(&mut self.under_way);
        self.committed += rows.len() as u64;
        self.bytes -= rows.iter().map(|row| row.entry.update.len()).sum::<usize>();
        rows
    }

    /// Says in the answers that wait which rows their operations became.
    fn note_rows(&mut self, committed: Committed, rows: &[Row]) {
        for (seq, row) in (committed.first.0..).zip(rows) {
            let Some(asked) = row.asked else { continue };
            for held in &mut self.held {
                if let Effect::Reply {
                    ticket,
                    reply: Reply::Content(reading),
                } = &mut held.effect
                    && *ticket == asked
                {
                    reading.seq = Seq(seq);
                }
            }
        }
    }

    fn release(&mut self) -> Vec<Held> {
        let ready = self
            .held
            .partition_point(|held| held.position <= self.committed);
        let released: Vec<Held> = self.held.drain(..ready).collect();
        self.held_bytes -= released.iter().map(Held::weight).sum::<usize>();
        released
    }

    /// Drops everything uncommitted and whatever waited for it; tells who waited.
    fn clear(&mut self) -> Dropped {
        let mut rows = std::mem::take(&mut self.under_way);
        rows.extend(self.waiting.drain(..));
        let mut dropped = Dropped {
            rows,
            waited: BTreeSet::new(),
            asked: Vec::new(),
        };
        for held in self.held.drain(..) {
            dropped.waited.extend(recipient(&held.effect));
            if let Effect::Reply { ticket, .. } = held.effect {
                dropped.asked.push(ticket);
            }
        }
        self.held_bytes = 0;
        self.bytes = 0;
        self.committed = self.accepted;
        dropped
    }
}

/// What will not be committed, and who waited for it.
struct Dropped {
    rows: Vec<Row>,
    waited: BTreeSet<SessionId>,
    asked: Vec<Ticket>,
}

fn recipient(effect: &Effect) -> Option<SessionId> {
    if let Effect::Send { to, .. } = effect {
        Some(*to)
    } else {
        None
    }
}

/// Roughly what an effect takes in memory.
fn weight(effect: &Effect) -> usize {
    let mut payload = 0;
    if let Effect::Reply {
        reply: Reply::Content(reading),
        ..
    } = effect
    {
        payload = reading.content.bytes();
    }
    if let Effect::Send {
        message: ServerMessage::SyncStep2(update),
        ..
    } = effect
    {
        payload = update.len();
    }
    payload + 128
}

impl RoomCore {
    /// The rows under way are committed: acknowledge, then show them.
    pub(super) fn show_committed(&mut self, now: Timestamp, committed: Committed) {
        let rows = self.backlog.take_committed();
        self.backlog.note_rows(committed, &rows);
        let mut shown = Shown::own(&rows);
        self.place(committed, &rows, &shown);
        if !self.poisoned {
            self.take_what_follows(now, &mut shown);
        }
        self.show(&shown);
    }

    /// Lets go what waited for what is committed now. Before the broadcast: a sync step 2 that waited for
    /// the middle of this batch makes its session live, so that the rest of the batch reaches it too.
    pub(super) fn release_committed(&mut self) {
        for Held { effect, since, .. } in self.backlog.release() {
            if let Effect::Send {
                to,
                message: ServerMessage::SyncStep2(update),
            } = effect
            {
                self.release_step2(to, update, since);
            } else {
                self.effects.push(effect);
            }
        }
    }

    fn release_step2(&mut self, to: SessionId, update: Bytes, since: Vec<Bytes>) {
        if self.members.is_refused(to) {
            return;
        }
        let mut all = since;
        all.insert(0, update);
        self.members.settle_sync(to);
        if let Some(update) = document::merge(&all) {
            let message = ServerMessage::SyncStep2(update);
            self.effects.push(Effect::Send { to, message });
        } else {
            // They overlap: a client has written at two nodes. It is sent all of it in one piece.
            self.put_off(to);
            self.catch_up(to);
        }
    }

    /// The journal refused for good: nothing uncommitted can stay in the replica.
    pub(super) fn give_up_append(&mut self, why: &AppendRefused) {
        let Dropped {
            rows,
            waited,
            asked,
        } = self.backlog.clear();
        let moved = rows.first().filter(|row| row.entry.along.is_some());
        let moved = moved.filter(|_| matches!(why, AppendRefused::ProposalMoved));
        let moved = moved.and_then(|row| row.asked);
        for ticket in asked {
            let refused = if moved == Some(ticket) {
                EditRefused::Moved
            } else {
                EditRefused::Unavailable
            };
            let reply = Reply::Refused(refused);
            self.effects.push(Effect::Reply { ticket, reply });
        }
        // Also when the room ends: a last snapshot would hold what no row does.
        self.poisoned = true;
        match why {
            AppendRefused::PlanGone => self.effects.push(Effect::EndPlan),
            // The server is stopping: nothing is acknowledged any more, clients keep their edits.
            AppendRefused::WriterEnded => self.effects.push(Effect::End),
            AppendRefused::StaleEpoch => {
                let sessions = self.members.all();
                self.refuse_all(sessions, NEW_EPOCH);
            }
            AppendRefused::ClientIdTaken(client) => {
                // Whoever wrote, and whoever waited for an answer, which will never come.
                let mut others = waited;
                for row in rows {
                    let Some(session) = row.session else {
                        continue;
                    };
                    if row.first_seen.contains(client) {
                        let say = "this client id is in use; reload the document".to_owned();
                        self.refuse(session, ErrorCode::Conflict, say);
                    } else {
                        others.insert(session);
                    }
                }
                self.send_again(others);
            }
            // What came after it may build on it.
            AppendRefused::ProposalMoved => {
                let mut others = waited;
                others.extend(rows.iter().filter_map(|row| row.session));
                self.send_again(others);
            }
        }
    }

    /// Has clients connect anew, so that they send what was not committed once more.
    fn send_again(&mut self, sessions: BTreeSet<SessionId>) {
        let disconnect = |session| Effect::Disconnect {
            session,
            code: ErrorCode::Unavailable,
            say: "the last edits could not be saved yet; reconnecting sends them again".to_owned(),
        };
        self.effects.extend(sessions.into_iter().map(disconnect));
    }

    pub(super) fn refuse_all(&mut self, sessions: Vec<SessionId>, say: &'static str) {
        for session in sessions {
            self.end_replica(session, ErrorCode::Conflict, say.to_owned());
        }
    }
}
