//! What other nodes commit, and how this room stays level with the journal.
//!
//! Rows are taken in the journal's order, as if this node had loaded them. What a node says of its commits
//! usually comes in that order and at once. Where it does not, what is ahead is kept and the rest waited
//! for a moment, since two nodes that commit at the same time are heard in either order; then it is read
//! from the journal. Nothing is taken on trust: whatever cannot be applied is read there too, and if
//! that does not help the replica is made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::document::{ClientId, Refusal};
use crate::ids::UserId;
use crate::relay::envelope::{Batch, Said};
use crate::room::core::backlog::Row as OwnRow;
use crate::room::core::shown::Shown;
use crate::room::core::sync::NEW_EPOCH;
use crate::room::core::{Others, RoomCore};
use crate::room::effect::Effect;
use crate::room::input::{Elsewhere, ROWS_PER_READ};
use crate::storage::journal::{Committed, Epoch, Row, Seq};

/// How long rows that were announced out of order may take to be heard before they are read.
const JUMP_MAX: Duration = Duration::from_millis(30);
/// How long after a failed read the next one is tried.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Batches that are kept until what comes before them is here, and their bytes. What is dropped is read.
const AHEAD_MAX: usize = 64;
const AHEAD_BYTES_MAX: usize = 4 << 20;
/// Rows beyond which loading from the newest snapshot is less work than reading each.
const FAR: i64 = 5_000;

/// How this room stands to the journal, which others write too.
#[derive(Debug)]
pub(super) struct Level {
    epoch: Epoch,
    /// Rows beyond the head, by their first.
    ahead: BTreeMap<Seq, Ahead>,
    ahead_bytes: usize,
    /// The last row that is known to be in the journal.
    known: Seq,
    /// When what is missing is to be read.
    due: Option<Timestamp>,
    is_reading: bool,
}

#[derive(Debug)]
enum Ahead {
    /// What this room committed: it is in the replica and shown.
    Own(Seq),
    /// What another node did.
    Heard(Batch),
}

impl Level {
    /// Level with a journal of this epoch that ends at `head`.
    pub(super) fn new(epoch: Epoch, head: Seq) -> Self {
        Self {
            epoch,
            ahead: BTreeMap::new(),
            ahead_bytes: 0,
            known: head,
            due: None,
            is_reading: false,
        }
    }

    fn keep(&mut self, first: Seq, ahead: Ahead) {
        self.known = self.known.max(ahead.last());
        let bytes = ahead.bytes();
        let fits = self.ahead.len() < AHEAD_MAX
            && self.ahead_bytes.saturating_add(bytes) <= AHEAD_BYTES_MAX;
        // Own rows take no bytes and are never forgotten: they would be shown twice.
        if (bytes == 0 || fits) && !self.ahead.contains_key(&first) {
            self.ahead_bytes += bytes;
            self.ahead.insert(first, ahead);
        }
    }

    /// The next rows that are kept and begin at or below the one after `head`.
    fn next(&mut self, head: Seq) -> Option<(Seq, Ahead)> {
        let (first, _) = self.ahead.first_key_value()?;
        if first.0 > head.0 + 1 {
            return None;
        }
        let next = self.ahead.pop_first()?;
        self.ahead_bytes -= next.1.bytes();
        Some(next)
    }
}

impl Ahead {
    fn last(&self) -> Seq {
        match self {
            Self::Own(last) => *last,
            Self::Heard(batch) => batch.last,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Own(_) => 0,
            Self::Heard(batch) => batch.updates.iter().map(Bytes::len).sum::<usize>() + 1,
        }
    }
}

impl RoomCore {
    /// Whether rows are missing that are known to be in the journal.
    pub(super) fn has_gap(&self) -> bool {
        self.level.known > self.head
    }

    /// When what is missing is to be read, if something is.
    pub(super) fn gap_due(&self) -> Option<Timestamp> {
        self.level.due.filter(|_| !self.level.is_reading)
    }

    pub(super) fn hear(&mut self, now: Timestamp, elsewhere: Elsewhere) {
        match elsewhere {
            Elsewhere::Committed(batch) => self.hear_committed(now, batch),
            Elsewhere::Moved { head, snapshot } => {
                self.level.known = self.level.known.max(head);
                if let Some(seq) = snapshot {
                    self.snapshots.cover_elsewhere(seq, self.head);
                }
            }
            // It is told again until this room has noticed.
            Elsewhere::EpochMoved(epoch) if self.level.epoch >= epoch || self.poisoned => {}
            Elsewhere::EpochMoved(_) => {
                self.load_again();
                let sessions = self.members.all();
                self.refuse_all(sessions, NEW_EPOCH);
            }
            Elsewhere::Roles(roles) => {
                let changed = self
                    .members
                    .roles()
                    .filter(|(user, before)| roles.get(user) != Some(before));
                for user in changed.map(|(user, _)| user).collect::<BTreeSet<UserId>>() {
                    self.change_role(user, roles.get(&user).copied());
                }
            }
            Elsewhere::Present {
                node,
                entries,
                scope,
            } => self.hear_presence(now, node, &entries, scope),
            Elsewhere::Asked => self.presence.tell_all_soon(),
            Elsewhere::NodeGone(node) => self.presence.forget_node(node),
            Elsewhere::Deaf => self.presence.forget_elsewhere(),
            Elsewhere::Missed => {
                self.presence.tell_all_soon();
                self.presence.ask_soon();
            }
        }
    }

    fn hear_committed(&mut self, now: Timestamp, batch: Batch) {
        if self.level.epoch != batch.epoch || batch.last <= self.head {
            return;
        }
        if batch.first.0 > self.head.0 + 1 {
            metrics::counter!("convene_jumps_total").increment(1);
            return self.level.keep(batch.first, Ahead::Heard(batch));
        }
        let mut shown = Shown::default();
        if self.take(now, batch, &mut shown) {
            self.take_what_follows(now, &mut shown);
        }
        self.show(&shown);
    }

    /// Takes rows that come next; false when they cannot be.
    fn take(&mut self, now: Timestamp, batch: Batch, shown: &mut Shown) -> bool {
        self.level.known = self.level.known.max(batch.last);
        if self.replica.learn(&batch.owners).is_err() {
            // Whoever uses the same id here is refused when its edits come to the journal.
            self.load_again();
            return false;
        }
        for update in &batch.updates {
            match self.replica.apply_committed(update, None) {
                Ok(ends) => shown.ends.extend(ends),
                Err(refusal) => {
                    self.cannot_take(now, &refusal);
                    return false;
                }
            }
        }
        shown.rows += u64::try_from(batch.last.0 - self.head.0).unwrap_or(0);
        shown.updates.extend(batch.updates);
        self.head = batch.last;
        true
    }

    /// Takes what was kept until now.
    pub(super) fn take_what_follows(&mut self, now: Timestamp, shown: &mut Shown) {
        while let Some((_, ahead)) = self.level.next(self.head) {
            match ahead {
                Ahead::Own(last) => self.head = self.head.max(last),
                Ahead::Heard(batch) if batch.last <= self.head => {}
                Ahead::Heard(batch) => {
                    if !self.take(now, batch, shown) {
                        return;
                    }
                }
            }
        }
    }

    /// What a node said cannot be applied: the journal has it as it is.
    fn cannot_take(&mut self, now: Timestamp, refusal: &Refusal) {
        match refusal {
            Refusal::Poisoned(_) => self.load_again(),
            Refusal::ForeignClientId(client) => self.tell_apart(*client),
            Refusal::Hole | Refusal::Malformed(_) | Refusal::Wiring(_) | Refusal::TooLarge(_) => {
                self.level.due = Some(now);
            }
        }
    }

    /// Two replicas with one client id were written with at two nodes at once. The journal's order says
    /// which counts; whoever has been shown the other must load again.
    fn tell_apart(&mut self, client: ClientId) {
        tracing::warn!(plan.id = %self.plan, client, "two replicas share client id {client}");
        self.load_again();
        let sessions = self.members.all();
        self.refuse_all(
            sessions,
            "two pages wrote with the same client id; reload the document",
        );
    }

    /// This replica lacks rows, or has what the journal has not, so it must not become a snapshot: it is
    /// made anew, and everybody is sent what they lack.
    fn load_again(&mut self) {
        self.poisoned = true;
        self.lacks_rows = true;
    }

    /// Places the rows that this room has committed, and tells other nodes of them.
    pub(super) fn place(&mut self, committed: Committed, rows: &[OwnRow], shown: &Shown) {
        self.tell_committed(committed, rows, shown);
        if committed.first.0 == self.head.0 + 1 {
            self.head = committed.last;
            self.level.known = self.level.known.max(committed.last);
        } else if committed.last > self.head {
            self.level.keep(committed.first, Ahead::Own(committed.last));
        }
    }

    fn tell_committed(&mut self, committed: Committed, rows: &[OwnRow], shown: &Shown) {
        if self.others != Others::Told {
            return;
        }
        let owners = rows
            .iter()
            .flat_map(|row| row.first_seen.iter().map(|client| (*client, row.author)));
        self.effects.push(Effect::Tell(Said::Committed(Batch {
            epoch: self.level.epoch,
            first: committed.first,
            last: committed.last,
            updates: shown.updates.clone(),
            owners: owners.collect(),
        })));
    }

    /// The journal's answer to what was missing.
    pub(super) fn take_read(&mut self, now: Timestamp, rows: Option<Vec<Row>>) {
        self.level.is_reading = false;
        if self.poisoned {
            return;
        }
        let Some(rows) = rows else {
            self.level.due = Some(now.after(READ_AGAIN_AFTER));
            return;
        };
        self.level.due = None;
        let is_end = (rows.len() as u64) < u64::from(ROWS_PER_READ);
        let end = rows.last().map_or(self.head, |row| row.seq);
        let mut shown = Shown::default();
        for row in rows {
            self.take_what_follows(now, &mut shown);
            if self.poisoned || !self.take_row(row, &mut shown) {
                break;
            }
        }
        self.take_what_follows(now, &mut shown);
        if !is_end && self.deferred.want_reading() {
            self.level.due = Some(now);
        }
        if is_end && !self.poisoned {
            self.deferred.settle();
            // What was said to be beyond this is not there, or not yet: then it is heard of again.
            let own = self.level.ahead.values().map(Ahead::last).max();
            self.level.known = end.max(self.head).max(own.unwrap_or_default());
        }
        self.show(&shown);
    }

    /// Takes one row of the journal; false when this replica cannot.
    fn take_row(&mut self, row: Row, shown: &mut Shown) -> bool {
        if row.seq <= self.head {
            return true;
        }
        if row.seq.0 != self.head.0 + 1 || row.epoch != self.level.epoch {
            self.load_again();
            return false;
        }
        match self.replica.apply_committed(&row.update, row.author) {
            Ok(ends) => shown.ends.extend(ends),
            Err(Refusal::ForeignClientId(client)) => {
                self.tell_apart(client);
                return false;
            }
            Err(_) => {
                self.load_again();
                return false;
            }
        }
        shown.updates.push(row.update);
        shown.rows += 1;
        self.head = row.seq;
        true
    }

    /// Has what is missing read, once it had time to be heard.
    pub(super) fn mend_gap(&mut self, now: Timestamp) {
        let is_doubted = self.deferred.want_reading();
        if !self.has_gap() && !is_doubted {
            self.level.due = None;
            return;
        }
        if self.level.is_reading || self.poisoned {
            return;
        }
        let wait = if is_doubted { Duration::ZERO } else { JUMP_MAX };
        let due = *self.level.due.get_or_insert(now.after(wait));
        if now < due {
            return;
        }
        if self.level.known.0 - self.head.0 > FAR {
            return self.load_again();
        }
        metrics::counter!("convene_gaps_total").increment(1);
        self.level.is_reading = true;
        self.deferred.begin_reading();
        self.effects.push(Effect::ReadRows { after: self.head });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use convene_protocol::frame::{ServerMessage, SyncStatus};

    use super::*;
    use crate::auth::access::{Grant, Role};
    use crate::auth::principal::Actor;
    use crate::clock::Clock;
    use crate::config::Limits;
    use crate::document;
    use crate::ids::{PlanId, SessionId};
    use crate::room::core::RoomLimits;
    use crate::room::core::stage::{appended, join, start, tried_again, updated};
    use crate::room::input::{Input, Joined};
    use crate::storage::journal::Origin;

    /// One letter in the root `t`, by `client`.
    fn letter(client: u8, letter: u8) -> Bytes {
        Bytes::from(vec![1, 1, client, 0, 4, 1, 1, b't', 1, letter, 0])
    }

    struct Stage {
        core: RoomCore,
        now: Timestamp,
        reader: SessionId,
        others: UserId,
    }

    impl Stage {
        /// A room of an empty plan, among nodes, with an editor who has synced.
        fn new() -> Self {
            let clock = Clock::system();
            let (plan, now) = (PlanId::generate(&clock), clock.now());
            let core = RoomCore::new(start(plan, &[]), RoomLimits::from(&Limits::default()));
            let mut core = core.among_nodes();
            let reader = join(&mut core, now, Role::Editor);
            let mut stage = Self {
                core,
                now,
                reader,
                others: UserId::generate(&clock),
            };
            stage.core.end_turn(now);
            stage
        }

        fn feed(&mut self, input: Input) -> Vec<Effect> {
            let mut effects = self.core.handle(self.now, input);
            effects.extend(self.core.end_turn(self.now));
            effects
        }

        fn hear(&mut self, first: i64, update: Bytes) -> Vec<Effect> {
            let client = u64::from(update[2]);
            self.feed(Input::Elsewhere(Elsewhere::Committed(Batch {
                epoch: Epoch(1),
                first: Seq(first),
                last: Seq(first),
                updates: vec![update],
                owners: vec![(client, self.others)],
            })))
        }

        fn write(&mut self, update: Bytes) -> Vec<Effect> {
            self.feed(updated(self.reader, update))
        }

        fn commit(&mut self, seq: i64) -> Vec<Effect> {
            self.feed(appended(seq))
        }

        fn pass(&mut self, time: Duration) -> Vec<Effect> {
            self.now = self.now.after(time);
            self.core.end_turn(self.now)
        }

        fn row(&self, seq: i64, update: Bytes) -> Row {
            Row {
                seq: Seq(seq),
                epoch: Epoch(1),
                update,
                author: Some(self.others),
                origin: Origin::Import,
                at: self.now,
            }
        }

        fn has_gap_read(effects: &[Effect]) -> Option<Seq> {
            let mut read = None;
            for effect in effects {
                if let Effect::ReadRows { after } = effect {
                    read = Some(*after);
                }
            }
            read
        }
    }

    fn shown(effects: &[Effect]) -> Vec<Bytes> {
        let mut updates = Vec::new();
        for effect in effects {
            if let Effect::Broadcast { update, .. } = effect {
                updates.push(update.clone());
            }
        }
        updates
    }

    fn told(effects: &[Effect]) -> Vec<(Seq, Seq)> {
        let mut ranges = Vec::new();
        for effect in effects {
            if let Effect::Tell(Said::Committed(batch)) = effect {
                ranges.push((batch.first, batch.last));
            }
        }
        ranges
    }

    #[test]
    fn what_another_node_commits_is_shown_and_neither_appended_nor_told_again() {
        let mut stage = Stage::new();
        let effects = stage.hear(1, letter(7, b'x'));
        assert_eq!(shown(&effects), [letter(7, b'x')]);
        assert!(told(&effects).is_empty());
        let appends = |effect: &Effect| matches!(effect, Effect::Append { .. });
        assert!(!effects.iter().any(appends));
        assert_eq!(stage.core.head(), Seq(1));
        assert!(shown(&stage.hear(1, letter(7, b'x'))).is_empty(), "again");
    }

    #[test]
    fn other_nodes_are_told_after_the_commit_and_not_before() {
        let mut stage = Stage::new();
        let effects = stage.write(letter(1, b'a'));
        assert!(told(&effects).is_empty());
        assert_eq!(told(&stage.commit(1)), [(Seq(1), Seq(1))]);
    }

    #[test]
    fn a_sync_step_2_that_waits_for_a_commit_is_sent_what_others_commit_meanwhile() {
        let mut stage = Stage::new();
        stage.write(letter(1, b'a'));
        let session = SessionId::generate(&Clock::system());
        let grant = Grant::new(
            stage.core.plan.into(),
            Actor::person(stage.others),
            Role::Viewer,
        );
        let name = "Eve".to_owned();
        stage.feed(Input::Joined(Joined {
            session,
            grant,
            name,
        }));
        let state_vector = Bytes::from_static(&[0]);
        stage.feed(Input::SyncStep1 {
            session,
            state_vector,
        });
        stage.hear(1, letter(7, b'x'));
        let effects = stage.commit(2);
        let all = document::merge(&[letter(1, b'a'), letter(7, b'x')]).unwrap();
        let is_all = |effect: &Effect| {
            let step2 = ServerMessage::SyncStep2(all.clone());
            matches!(effect, Effect::Send { to, message } if *to == session && *message == step2)
        };
        assert!(effects.iter().any(is_all), "{effects:?}");
    }

    #[test]
    fn rows_heard_out_of_order_are_shown_in_order() {
        let mut stage = Stage::new();
        assert!(shown(&stage.hear(2, letter(8, b'y'))).is_empty());
        let effects = stage.hear(1, letter(7, b'x'));
        assert_eq!(shown(&effects).len(), 1, "in one frame");
        assert_eq!(stage.core.head(), Seq(2));
        assert_eq!(Stage::has_gap_read(&stage.pass(JUMP_MAX)), None);
    }

    #[test]
    fn what_was_not_heard_is_read_after_a_moment() {
        let mut stage = Stage::new();
        stage.hear(3, letter(9, b'z'));
        assert_eq!(Stage::has_gap_read(&stage.pass(JUMP_MAX / 2)), None);
        assert_eq!(Stage::has_gap_read(&stage.pass(JUMP_MAX)), Some(Seq(0)));
        let rows = vec![
            stage.row(1, letter(7, b'x')),
            stage.row(2, letter(8, b'y')),
            stage.row(3, letter(9, b'z')),
        ];
        let effects = stage.feed(Input::RowsRead { rows: Some(rows) });
        assert_eq!(shown(&effects).len(), 1);
        assert_eq!(stage.core.head(), Seq(3));
        let late = stage.hear(2, letter(8, b'y'));
        assert!(shown(&late).is_empty(), "it comes after all");
    }

    #[test]
    fn a_read_that_fails_is_tried_again_later() {
        let mut stage = Stage::new();
        stage.hear(2, letter(8, b'y'));
        assert!(Stage::has_gap_read(&stage.pass(JUMP_MAX)).is_some());
        stage.feed(Input::RowsRead { rows: None });
        assert_eq!(Stage::has_gap_read(&stage.pass(JUMP_MAX)), None);
        assert!(Stage::has_gap_read(&stage.pass(READ_AGAIN_AFTER)).is_some());
    }

    #[test]
    fn own_rows_beyond_those_of_others_are_acknowledged_and_the_others_read() {
        let mut stage = Stage::new();
        stage.write(letter(1, b'a'));
        let effects = stage.commit(3);
        let is_applied = |effect: &Effect| {
            let applied = ServerMessage::SyncStatus(SyncStatus::Applied);
            matches!(effect, Effect::Send { message, .. } if *message == applied)
        };
        assert!(effects.iter().any(is_applied), "it is committed");
        assert_eq!(shown(&effects), [letter(1, b'a')]);
        assert_eq!(stage.core.head(), Seq(0));
        assert_eq!(Stage::has_gap_read(&effects), None);
        assert_eq!(Stage::has_gap_read(&stage.pass(JUMP_MAX)), Some(Seq(0)));
        let rows = vec![
            stage.row(1, letter(7, b'x')),
            stage.row(2, letter(8, b'y')),
            stage.row(3, letter(1, b'a')),
        ];
        stage.feed(Input::RowsRead { rows: Some(rows) });
        assert_eq!(stage.core.head(), Seq(3));
        assert!(!stage.core.is_poisoned());
    }

    #[test]
    fn no_snapshot_is_written_while_rows_are_missing() {
        let mut stage = Stage::new();
        stage.core.limits.snapshot_rows = 1;
        stage.write(letter(1, b'a'));
        let is_snapshot = |effect: &Effect| matches!(effect, Effect::WriteSnapshot { .. });
        assert!(!stage.commit(2).iter().any(is_snapshot));
        assert!(stage.core.final_snapshot().is_empty());
        let effects = stage.hear(1, letter(7, b'x'));
        assert!(effects.iter().any(is_snapshot));
    }

    #[test]
    fn rows_that_do_not_fit_are_read_and_then_loaded_anew() {
        let mut stage = Stage::new();
        // It builds on a letter that no row holds.
        let hole = Bytes::from_static(&[1, 1, 7, 1, 132, 7, 0, 1, b'x', 0]);
        let effects = stage.hear(1, hole.clone());
        assert_eq!(Stage::has_gap_read(&effects), Some(Seq(0)), "at once");
        let rows = Some(vec![stage.row(1, hole)]);
        let effects = stage.feed(Input::RowsRead { rows });
        assert!(
            effects
                .iter()
                .any(|effect| matches!(effect, Effect::Rebuild))
        );
    }

    fn last_tried_again(effects: &[Effect]) -> Input {
        let tried = effects.last().and_then(tried_again);
        tried.expect("it is tried again")
    }

    #[test]
    fn what_a_page_brings_from_another_node_is_looked_up_before_it_is_refused() {
        let mut stage = Stage::new();
        stage.hear(1, letter(7, b'x'));
        // More of that client, which this node has not heard of.
        let more = Bytes::from_static(&[1, 1, 7, 1, 132, 7, 0, 1, b'y', 0]);
        let effects = stage.write(more.clone());
        let is_refused = |effect: &Effect| matches!(effect, Effect::Refuse { .. });
        assert!(!effects.iter().any(is_refused));
        assert_eq!(Stage::has_gap_read(&effects), Some(Seq(1)));
        let rows = Some(vec![stage.row(2, more.clone())]);
        let effects = stage.feed(Input::RowsRead { rows });
        let effects = stage.feed(last_tried_again(&effects));
        let applied = ServerMessage::SyncStatus(SyncStatus::Applied);
        let is_applied =
            |effect: &Effect| matches!(effect, Effect::Send { message, .. } if *message == applied);
        assert!(effects.iter().any(is_applied), "{effects:?}");
        // The journal does not know this one.
        let forged = Bytes::from_static(&[1, 1, 7, 2, 132, 7, 1, 1, b'z', 0]);
        assert!(!stage.write(forged).iter().any(is_refused));
        let effects = stage.feed(Input::RowsRead {
            rows: Some(Vec::new()),
        });
        let effects = stage.feed(last_tried_again(&effects));
        assert!(effects.iter().any(is_refused));
    }

    #[test]
    fn a_client_id_that_was_used_at_two_nodes_at_once_is_told_apart() {
        let mut stage = Stage::new();
        stage.write(letter(7, b'a'));
        stage.commit(1);
        let rows = Some(vec![stage.row(2, letter(7, b'b'))]);
        stage.feed(Input::Elsewhere(Elsewhere::Moved {
            head: Seq(2),
            snapshot: None,
        }));
        stage.pass(JUMP_MAX);
        let effects = stage.feed(Input::RowsRead { rows });
        let is_refused = |effect: &Effect| matches!(effect, Effect::Refuse { .. });
        assert!(effects.iter().any(is_refused), "{effects:?}");
        assert!(
            effects
                .iter()
                .any(|effect| matches!(effect, Effect::Rebuild))
        );
    }

    #[test]
    fn roles_that_changed_elsewhere_reach_the_sessions() {
        let mut stage = Stage::new();
        let user = stage.core.user_of(stage.reader).unwrap();
        let viewer = [(user, Role::Viewer)].into_iter().collect();
        let effects = stage.feed(Input::Elsewhere(Elsewhere::Roles(viewer)));
        let is_told = |effect: &Effect| matches!(effect, Effect::TellAccess { .. });
        assert!(effects.iter().any(is_told));
        let session = SessionId::generate(&Clock::system());
        let grant = Grant::new(stage.core.plan.into(), Actor::person(user), Role::Editor);
        let name = "Ada".to_owned();
        stage.feed(Input::Joined(Joined {
            session,
            grant,
            name,
        }));
        let viewer = [(user, Role::Viewer)].into_iter().collect();
        stage.feed(Input::Elsewhere(Elsewhere::Roles(viewer)));
        let is_viewer = |(_, role)| role == Role::Viewer;
        assert!(
            stage.core.members.roles().all(is_viewer),
            "one that came with an older role"
        );
        let effects = stage.feed(Input::Elsewhere(Elsewhere::Roles(HashMap::default())));
        let is_refused = |effect: &Effect| matches!(effect, Effect::Refuse { .. });
        assert!(effects.iter().any(is_refused));
    }
}
