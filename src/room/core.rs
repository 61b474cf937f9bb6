//! The room's decisions, with no clock, socket, task or database: an input in, effects out.
//!
//! What anyone sees is committed. An accepted update is in the replica at once, because the next
//! one may build on it, but everything that would show it waits for its commit: the
//! acknowledgement, the broadcast, and every sync step 2 that was computed with it inside. Each of
//! these is held at the position of the last update it depends on.

mod asking;
mod backlog;
mod committed;
mod deferred;
mod elsewhere;
mod hash_watch;
mod members;
mod presence;
mod shown;
mod size;
mod snapshots;
#[cfg(test)]
mod stage;
mod sync;

use std::time::Duration;

use convene_protocol::error_code::ErrorCode;

use self::asking::Scribes;
use self::backlog::Backlog;
pub use self::backlog::ROWS_PER_APPEND;
use self::committed::Committed;
use self::deferred::Deferred;
use self::elsewhere::Level;
use self::hash_watch::HashWatch;
use self::members::Members;
use self::presence::PresenceBoard;
use self::size::Size;
use self::snapshots::Snapshots;
use crate::clock::Timestamp;
use crate::config::Limits;
use crate::document::{ClientId, Loaded, Replica, Stored, epoch_client};
use crate::ids::{PlanId, SessionId, UserId};
use crate::room::effect::Effect;
use crate::room::input::{Attempt, Input, UpdateKind};
use crate::storage::journal::{Epoch, Seq, StoredPlan};

/// The limits a room keeps by itself; see [`Limits`] for each.
#[derive(Debug, Clone)]
pub struct RoomLimits {
    backlog_bytes_max: usize,
    document_bytes_max: usize,
    presence_bytes_max: usize,
    rejects_per_minute: u32,
    sessions_max: usize,
    sessions_per_user_max: usize,
    snapshot_rows: u64,
    hash_every: Duration,
}

impl From<&Limits> for RoomLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            backlog_bytes_max: limits.backlog_bytes_max,
            document_bytes_max: limits.document_bytes_max,
            presence_bytes_max: limits.presence_bytes_max,
            rejects_per_minute: limits.rejects_per_minute,
            sessions_max: limits.sessions_per_plan_max,
            sessions_per_user_max: limits.sessions_per_user_max,
            snapshot_rows: limits.snapshot_rows,
            hash_every: limits.hash_every,
        }
    }
}

/// What a room starts from.
#[derive(Debug)]
pub struct Start {
    /// The plan.
    pub plan: PlanId,
    /// The line of history.
    pub epoch: Epoch,
    /// The document as committed.
    pub replica: Replica,
    /// The last committed row.
    pub head: Seq,
    /// The last row that a snapshot covers.
    pub snapshot_seq: Seq,
    /// Roughly how large the encoded document is.
    pub bytes: usize,
    /// The client id in every state vector of this epoch, when it is not the first.
    pub epoch_marker: Option<ClientId>,
}

impl Start {
    /// Makes a replica of what storage holds of a plan.
    pub fn load(stored: &StoredPlan) -> Loaded {
        Replica::load(&Stored {
            snapshot: stored.snapshot.as_ref().map(|(_, bytes)| bytes.as_ref()),
            rows: stored.rows.iter().map(|row| row.update.as_ref()).collect(),
            bindings: stored.bindings.clone(),
        })
    }

    /// What a room of `plan` starts from, given what storage holds and the replica made of it.
    pub fn of(plan: PlanId, stored: &StoredPlan, replica: Replica) -> Self {
        let (snapshot_seq, snapshot_bytes) = stored
            .snapshot
            .as_ref()
            .map_or((Seq(0), 0), |(seq, bytes)| (*seq, bytes.len()));
        let row_bytes: usize = stored.rows.iter().map(|row| row.update.len()).sum();
        Self {
            plan,
            epoch: stored.epoch,
            replica,
            head: stored.head,
            snapshot_seq,
            bytes: snapshot_bytes + row_bytes,
            epoch_marker: (stored.epoch > Epoch(1)).then(|| epoch_client(plan, stored.epoch.0)),
        }
    }
}

/// Who else may write the same journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    /// Nobody.
    None,
    /// Other nodes, which hear nothing of this one.
    Unheard,
    /// Other nodes that are told what happens here.
    Told,
}

/// The state of one room.
#[derive(Debug)]
pub struct RoomCore {
    plan: PlanId,
    limits: RoomLimits,
    replica: Replica,
    /// What of the replica is committed; the replica itself may be ahead.
    committed: Committed,
    epoch_marker: Option<ClientId>,
    /// Every row of the journal up to this one is in the replica.
    head: Seq,
    level: Level,
    others: Others,
    deferred: Deferred,
    scribes: Scribes,
    backlog: Backlog,
    members: Members,
    presence: PresenceBoard,
    snapshots: Snapshots,
    size: Size,
    hash_watch: HashWatch,
    /// The replica was harmed and must be made anew before it is used again.
    poisoned: bool,
    /// Rows below `head` are by somebody else: neither the replica nor any session has them.
    lacks_rows: bool,
    effects: Vec<Effect>,
}

impl RoomCore {
    /// A room without sessions, at what the journal holds.
    pub fn new(start: Start, limits: RoomLimits) -> Self {
        Self {
            plan: start.plan,
            size: Size::of(&start, &limits),
            committed: Committed::of(&start.replica),
            replica: start.replica,
            epoch_marker: start.epoch_marker,
            head: start.head,
            level: Level::new(start.epoch, start.head),
            others: Others::None,
            deferred: Deferred::default(),
            scribes: Scribes::default(),
            backlog: Backlog::default(),
            members: Members::default(),
            presence: PresenceBoard::default(),
            snapshots: Snapshots::new(start.head, start.snapshot_seq, start.bytes),
            hash_watch: HashWatch::default(),
            poisoned: false,
            lacks_rows: false,
            limits,
            effects: Vec::new(),
        }
    }

    /// The same where other nodes may write the same journal.
    pub fn sharing_its_journal(mut self) -> Self {
        self.others = Others::Unheard;
        self
    }

    /// The same among other nodes that are told what happens here, and asked who is there.
    pub fn among_nodes(mut self) -> Self {
        self.others = Others::Told;
        self.presence.tell_all_soon();
        self.presence.ask_soon();
        self
    }

    /// Decides what follows from `input`. The effects are to be performed in order, before the next
    /// input; [`RoomCore::end_turn`] is to be called when no more inputs are waiting.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        match input {
            Input::Joined(joined) => self.members.insert(joined),
            Input::Left { session } => self.leave(session),
            Input::SyncStep1 {
                session,
                state_vector,
            } => {
                self.answer_sync_step1(session, &state_vector);
            }
            Input::Updated {
                session,
                update,
                kind,
            } => {
                if kind == UpdateKind::Answer {
                    self.members.answered(session);
                }
                self.accept_update(now, session, (Attempt::first(kind), &update));
            }
            Input::TriedAgain {
                session,
                update,
                attempt,
            } => self.accept_update(now, session, (attempt, &update)),
            Input::HarmfulUpdate { session } => self.refuse_harmful(session),
            Input::FrameTooLarge { session, say } => {
                self.refuse(session, ErrorCode::TooLarge, say);
            }
            Input::PresenceSent { session, update } => self.accept_presence(session, &update),
            Input::PresenceAsked { session } => self.answer_presence(session),
            Input::FellBehind { session } => self.fall_behind(session),
            Input::CatchUpPutOff { session } => self.put_off(session),
            Input::Drained { session } => self.catch_up(session),
            Input::HashWatched { session, roots } => self.hash_watch.watch(session, roots),
            Input::RoleChanged { user, role } => self.change_role(user, role),
            Input::Appended { committed } => self.show_committed(now, committed),
            Input::AppendRefused { why } => self.give_up_append(&why),
            Input::SnapshotSettled { seq, covered: true } => self.snapshots.cover(seq),
            Input::SnapshotSettled {
                seq,
                covered: false,
            } => self.snapshots.give_up(seq),
            Input::Asked {
                ticket,
                client,
                ask,
            } => self.answer_ask(now, ticket, client, &ask),
            Input::Elsewhere(elsewhere) => self.hear(now, elsewhere),
            Input::RowsRead { rows } => self.take_read(now, rows),
            Input::Ticked => self.tick(now),
        }
        std::mem::take(&mut self.effects)
    }

    /// Starts what was gathered in this turn: the next append, presence, what is missing of the journal, a
    /// snapshot, a rebuild.
    pub fn end_turn(&mut self, now: Timestamp) -> Vec<Effect> {
        if let Some(append) = self.backlog.next_append() {
            self.effects.push(append);
        }
        self.flush_presence(now);
        self.mend_gap(now);
        self.try_settled();
        if self.backlog.is_idle() {
            if self.poisoned {
                self.effects.push(Effect::Rebuild);
            } else if !self.has_gap() {
                self.begin_snapshot();
            }
        }
        std::mem::take(&mut self.effects)
    }

    /// Puts a replica made anew from the journal in the place of a harmed one, and sends everybody
    /// what the journal holds beyond what this room had committed.
    pub fn rebuilt(&mut self, mut start: Start) -> Vec<Effect> {
        self.scribes.clear();
        start.replica.take_reservations(&mut self.replica);
        let shown = std::mem::replace(&mut self.committed, Committed::of(&start.replica));
        let is_further = start.head != self.head || self.lacks_rows;
        let size = Size::of(&start, &self.limits);
        self.snapshots = Snapshots::new(start.head, start.snapshot_seq, start.bytes);
        self.replica = start.replica;
        self.head = start.head;
        self.level = Level::new(start.epoch, start.head);
        self.epoch_marker = start.epoch_marker;
        self.poisoned = false;
        self.lacks_rows = false;
        // All of the journal is here.
        self.deferred.settle_all();
        if is_further {
            self.catch_up_all(shown.now());
        }
        self.resize(size);
        std::mem::take(&mut self.effects)
    }

    /// The account behind a session, if it is here.
    pub fn user_of(&self, session: SessionId) -> Option<UserId> {
        self.members.get(session).map(|member| member.grant.user())
    }

    /// Whether inputs of sessions may come now. Not while the replica is harmed, and not while a
    /// snapshot is overdue: that needs one moment in which nothing is under way.
    pub fn takes_input(&self) -> bool {
        !self.poisoned
            && (self.backlog.is_idle() || !self.snapshots.is_overdue(self.limits.snapshot_rows))
    }

    /// Whether the replica is harmed: until it is made anew, inputs that need it must wait.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// Whether another session of `user` fits. One account cannot keep all others out.
    pub fn has_seat(&self, user: UserId) -> bool {
        self.members.len() < self.limits.sessions_max
            && self.members.of(user).len() < self.limits.sessions_per_user_max
    }

    /// Whether the room could leave memory now without losing anything.
    pub fn is_idle(&self) -> bool {
        self.members.is_empty() && self.backlog.is_idle() && !self.snapshots.is_writing()
    }

    /// The last snapshot before the room leaves memory, if it would spare the next load work.
    pub fn final_snapshot(&mut self) -> Vec<Effect> {
        let is_whole = self.backlog.is_idle() && !self.poisoned && !self.has_gap();
        if is_whole && self.snapshots.is_worth_a_last_one() {
            self.write_snapshot();
        }
        std::mem::take(&mut self.effects)
    }

    /// When the room has to do something that only time brings: presence that waits, or rows that are
    /// missing.
    pub fn due(&self) -> Option<Timestamp> {
        [self.presence.due(), self.gap_due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Every row of the journal up to this one is in the replica.
    pub fn head(&self) -> Seq {
        self.head
    }

    /// The whole state as committed and shown, for oracles of tests.
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    fn leave(&mut self, session: SessionId) {
        self.members.remove(session);
        self.backlog.forget(session);
        self.deferred.forget(session);
        self.hash_watch.forget(session);
        self.presence.leave(session);
    }

    fn tick(&mut self, now: Timestamp) {
        self.forget_old_presence(now);
        self.give_up_answers(now);
        self.scribes.let_go(now);
        if !self.poisoned {
            self.send_hashes(now);
        }
    }

    /// Performs `effect` once every update accepted so far is committed: now, if all are.
    fn when_committed(&mut self, effect: Effect) {
        self.effects.extend(self.backlog.hold(effect));
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use convene_protocol::frame::{ServerMessage, SyncStatus};

    use super::stage::{appended, start, statuses, updated};
    use super::*;
    use crate::auth::access::{Grant, Role};
    use crate::auth::principal::Actor;
    use crate::clock::Clock;
    use crate::room::input::Joined;
    use crate::storage::journal::AppendRefused;

    /// Text "hi" in the root `t`, by client 1.
    const HI: &[u8] = &[1, 1, 1, 0, 4, 1, 1, b't', 2, b'h', b'i', 0];

    struct Stage {
        core: RoomCore,
        now: Timestamp,
        plan: PlanId,
        clock: Clock,
    }

    impl Stage {
        fn new() -> Self {
            let clock = Clock::system();
            let plan = PlanId::generate(&clock);
            let core = RoomCore::new(start(plan, &[]), RoomLimits::from(&Limits::default()));
            Self {
                core,
                now: clock.now(),
                plan,
                clock,
            }
        }

        fn join(&mut self, role: Role) -> SessionId {
            stage::join(&mut self.core, self.now, role)
        }

        fn update(&mut self, session: SessionId) -> Vec<Effect> {
            let update = Bytes::from_static(HI);
            self.core.handle(self.now, updated(session, update))
        }

        fn commit(&mut self, seq: i64) -> Vec<Effect> {
            self.core.handle(self.now, appended(seq))
        }

        fn rebuild(&mut self, rows: &[&[u8]]) -> Vec<Effect> {
            self.core.rebuilt(start(self.plan, rows))
        }
    }

    fn is_shown(effects: &[Effect]) -> bool {
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Broadcast { .. }))
    }

    #[test]
    fn an_update_is_acknowledged_and_shown_only_after_its_commit() {
        let mut stage = Stage::new();
        let (ada, _) = (stage.join(Role::Editor), stage.join(Role::Viewer));
        let effects = stage.update(ada);
        assert!(statuses(&effects).is_empty() && !is_shown(&effects));
        let effects = stage.core.end_turn(stage.now);
        assert!(matches!(effects[..], [Effect::Append { .. }]));
        let effects = stage.commit(1);
        assert_eq!(statuses(&effects), [SyncStatus::Applied]);
        assert!(is_shown(&effects));
    }

    #[test]
    fn a_sync_step_2_with_an_uncommitted_update_inside_waits_for_it() {
        let mut stage = Stage::new();
        let ada = stage.join(Role::Editor);
        stage.update(ada);
        stage.core.end_turn(stage.now);
        let late = SessionId::generate(&stage.clock);
        let grant = Grant::new(
            stage.plan.into(),
            Actor::person(UserId::generate(&stage.clock)),
            Role::Viewer,
        );
        let joined = Joined {
            session: late,
            grant,
            name: "Ben".to_owned(),
        };
        stage.core.handle(stage.now, Input::Joined(joined));
        let state_vector = Bytes::from_static(&[0]);
        let step_1 = Input::SyncStep1 {
            session: late,
            state_vector,
        };
        let has_step_2 = |effects: &[Effect]| {
            effects.iter().any(|effect| {
                matches!(
                    effect,
                    Effect::Send {
                        message: ServerMessage::SyncStep2(_),
                        ..
                    }
                )
            })
        };
        assert!(!has_step_2(&stage.core.handle(stage.now, step_1)));
        assert!(has_step_2(&stage.commit(1)));
    }

    #[test]
    fn a_viewer_may_send_nothing_new() {
        let mut stage = Stage::new();
        let viewer = stage.join(Role::Viewer);
        let effects = stage.update(viewer);
        assert_eq!(statuses(&effects), [SyncStatus::NotApplied]);
        assert!(
            effects
                .iter()
                .any(|effect| matches!(effect, Effect::Refuse { .. }))
        );
    }

    #[test]
    fn rows_that_a_rebuild_brings_are_sent_to_those_who_stay() {
        let mut stage = Stage::new();
        let reader = stage.join(Role::Viewer);
        let effects = stage.rebuild(&[HI]);
        let brings_hi = |effect: &Effect| {
            matches!(
                effect,
                Effect::Send { to, message: ServerMessage::SyncStep2(update) }
                    if *to == reader && update.as_ref() == HI
            )
        };
        assert!(effects.iter().any(brings_hi), "{effects:?}");
        assert_eq!(stage.core.members.live(), [reader]);
    }

    #[test]
    fn rows_that_a_rebuild_brings_count_and_those_it_lacks_do_not() {
        let mut stage = Stage::new();
        stage.core.limits.document_bytes_max = 2 * HI.len();
        let reader = stage.join(Role::Viewer);
        let is_told = |effects: &[Effect]| {
            effects.iter().any(|effect| {
                matches!(
                    effect,
                    Effect::Send { to, message: ServerMessage::Stateless(text) }
                        if *to == reader && text.contains("plan.read_only")
                )
            })
        };
        // Text "hello, all of you" in the root `t`, by client 2.
        let mut long = vec![1, 1, 2, 0, 4, 1, 1, b't', 17];
        long.extend_from_slice(b"hello, all of you\0");
        let full = stage.rebuild(&[HI, &long]);
        assert!(is_told(&full) && stage.core.size.is_full());
        assert!(!is_told(&stage.rebuild(&[HI, &long])), "it is told once");
        // A new epoch of a backup from before.
        stage.rebuild(&[HI]);
        assert!(!stage.core.size.is_full());
        assert!(
            is_told(&stage.rebuild(&[HI, &long])),
            "it was not full in between"
        );
    }

    #[test]
    fn rows_that_are_slow_to_apply_get_a_snapshot_however_few_they_are() {
        let mut stage = Stage::new();
        let ada = stage.join(Role::Editor);
        stage.update(ada);
        stage.core.end_turn(stage.now);
        stage.commit(1);
        let is_snapshot = |effect: &Effect| matches!(effect, Effect::WriteSnapshot { .. });
        let effects = stage.core.end_turn(stage.now);
        assert!(!effects.iter().any(is_snapshot));
        stage.core.applied_for(Duration::from_secs(1));
        let effects = stage.core.end_turn(stage.now);
        assert!(effects.iter().any(is_snapshot));
        let covered = Input::SnapshotSettled {
            seq: Seq(1),
            covered: true,
        };
        stage.core.handle(stage.now, covered);
        let effects = stage.core.end_turn(stage.now);
        assert!(!effects.iter().any(is_snapshot), "it is covered");
    }

    #[test]
    fn what_was_not_committed_is_in_no_snapshot_when_the_room_ends() {
        let mut stage = Stage::new();
        stage.core.limits.snapshot_rows = 1;
        let ada = stage.join(Role::Editor);
        stage.update(ada);
        stage.core.end_turn(stage.now);
        stage.commit(1);
        let update = Bytes::from_static(&[1, 1, 1, 2, 132, 1, 1, 1, b'!', 0]);
        let input = updated(ada, update);
        stage.core.handle(stage.now, input);
        stage.core.end_turn(stage.now);
        let why = AppendRefused::WriterEnded;
        let effects = stage.core.handle(stage.now, Input::AppendRefused { why });
        assert!(matches!(effects[..], [Effect::End]));
        let is_snapshot = |effect: &Effect| matches!(effect, Effect::WriteSnapshot { .. });
        assert!(!stage.core.end_turn(stage.now).iter().any(is_snapshot));
        assert!(stage.core.final_snapshot().is_empty());
    }
}
