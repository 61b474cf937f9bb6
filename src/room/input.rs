//! Everything that can happen to a room, as one closed list.

use std::collections::HashMap;

use bytes::Bytes;
use convene_protocol::control::document::RootKind;
use convene_protocol::frame::ClientMessage;

use crate::auth::access::{Grant, Role};
use crate::clock::Timestamp;
use crate::document::{ClientId, PresenceEntry};
use crate::ids::{NodeId, SessionId, UserId};
use crate::relay::envelope::{Batch, Said};
use crate::room::ask::{Ask, Ticket};
use crate::storage::journal::{AppendRefused, Committed, Epoch, Row, Seq};

/// One thing that happened, in the past tense, with all the core needs to decide.
#[derive(Debug)]
pub enum Input {
    /// A session was let in.
    Joined(Joined),
    /// A session is over.
    Left {
        /// Which.
        session: SessionId,
    },
    /// A client told what it has.
    SyncStep1 {
        /// Which session.
        session: SessionId,
        /// Its encoded state vector, untrusted.
        state_vector: Bytes,
    },
    /// A client sent an update or a sync step 2; both are owed exactly one status.
    Updated {
        /// Which session.
        session: SessionId,
        /// The update, lib0 v1, untrusted.
        update: Bytes,
        /// Which of the two.
        kind: UpdateKind,
    },
    /// An update that could not be decided is tried once more, now that more is known.
    TriedAgain {
        /// Which session.
        session: SessionId,
        /// The update, lib0 v1, untrusted.
        update: Bytes,
        /// What is known by now.
        attempt: Attempt,
    },
    /// A client sent an update that harmed a replica before.
    HarmfulUpdate {
        /// Which session.
        session: SessionId,
    },
    /// A client sent a frame over the limit, which was not read.
    FrameTooLarge {
        /// Which session.
        session: SessionId,
        /// What to tell it.
        say: String,
    },
    /// A client told who it is and where its cursor is.
    PresenceSent {
        /// Which session.
        session: SessionId,
        /// The awareness update, untrusted.
        update: Bytes,
    },
    /// A client asked who is here.
    PresenceAsked {
        /// Which session.
        session: SessionId,
    },
    /// A session's queue was full, so it missed what the room sent.
    FellBehind {
        /// Which session.
        session: SessionId,
    },
    /// A sync step 2 was not queued for a session, because so much waits for it already.
    CatchUpPutOff {
        /// Which session.
        session: SessionId,
    },
    /// A session that fell behind has taken everything that was queued for it.
    Drained {
        /// Which session.
        session: SessionId,
    },
    /// A client wants a content hash of these roots from time to time.
    HashWatched {
        /// Which session.
        session: SessionId,
        /// The roots by name, with what each holds; empty ends it.
        roots: Vec<(String, RootKind)>,
    },
    /// A member's role changed; `None` is a member no more.
    RoleChanged {
        /// Whose.
        user: UserId,
        /// The new role.
        role: Option<Role>,
    },
    /// The journal committed the append that was under way.
    Appended {
        /// The sequence numbers its rows got.
        committed: Committed,
    },
    /// The journal will never commit the append that was under way.
    AppendRefused {
        /// Why.
        why: AppendRefused,
    },
    /// A snapshot was written, or found to be superseded, or failed.
    SnapshotSettled {
        /// The sequence it was made at.
        seq: Seq,
        /// Whether rows up to `seq` are covered by a snapshot now.
        covered: bool,
    },
    /// The server asks something for somebody.
    Asked {
        /// To be named in the answer.
        ticket: Ticket,
        /// A client id that nobody has written with.
        client: ClientId,
        /// What.
        ask: Ask,
    },
    /// Something happened at another node.
    Elsewhere(Elsewhere),
    /// The journal was read after the last row this room had; none when it could not be.
    RowsRead {
        /// At most [`ROWS_PER_READ`] of them, in order.
        rows: Option<Vec<Row>>,
    },
    /// Time passed.
    Ticked,
}

/// As what an update came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateKind {
    /// A change.
    Change,
    /// A sync step 2: all that the client has and the server had not when it asked.
    Answer,
    /// The same, before its turn: it has no status yet.
    AnswerAhead,
}

/// What was done already for an update that is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// As what it came.
    pub kind: UpdateKind,
    /// The journal was read since it came.
    pub journal_read: bool,
    /// Its client has sent all that it has since it came.
    pub answered: bool,
}

impl Attempt {
    /// The first of an update.
    pub fn first(kind: UpdateKind) -> Self {
        Self {
            kind,
            journal_read: false,
            answered: false,
        }
    }
}

/// Rows of one read of what was missed.
pub const ROWS_PER_READ: u32 = 1_000;

/// What a room hears of other nodes: from them, where all may get lost, or by comparing with the
/// database.
#[derive(Debug, Clone)]
pub enum Elsewhere {
    /// A node has committed rows.
    Committed(Batch),
    /// The journal of this epoch has come so far.
    Moved {
        /// Its last row.
        head: Seq,
        /// The last row that a snapshot covers, if that is known.
        snapshot: Option<Seq>,
    },
    /// The plan's history has begun anew with this epoch.
    EpochMoved(Epoch),
    /// Somebody's role has changed: these are all there are.
    Roles(HashMap<UserId, Role>),
    /// A node says who is present with it.
    Present {
        /// Which.
        node: NodeId,
        /// Of whom it speaks.
        entries: Vec<PresenceEntry>,
        /// Whether it speaks of all of them.
        scope: PresenceScope,
    },
    /// A node asks who is present with this one.
    Asked,
    /// A node has ended, or is silent.
    NodeGone(NodeId),
    /// Nothing is heard of any node.
    Deaf,
    /// Something may not have been heard.
    Missed,
}

impl Elsewhere {
    /// What it is to a room of this epoch that `node` says something of its plan; none for what concerns the
    /// node and not the room.
    pub fn of(node: NodeId, said: Said, room_epoch: Option<Epoch>) -> Option<Self> {
        let present = |entries, scope| Self::Present {
            node,
            entries,
            scope,
        };
        match said {
            Said::Committed(batch) => Some(Self::Committed(batch)),
            Said::Moved { epoch, head } => (room_epoch == Some(epoch)).then_some(Self::Moved {
                head,
                snapshot: None,
            }),
            Said::Present(entries) => Some(present(entries, PresenceScope::Some)),
            Said::PresentAll(entries) => Some(present(entries, PresenceScope::All)),
            Said::WhoIsHere => Some(Self::Asked),
            Said::Changed | Said::Beat | Said::Bye | Said::SignedOut(_) => None,
        }
    }
}

/// Of whom a node speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceScope {
    /// Of those who have changed.
    Some,
    /// Of all there are with it.
    All,
}

impl Input {
    /// The session that asked for this, if one did.
    pub fn asked_by(&self) -> Option<SessionId> {
        match self {
            Self::SyncStep1 { session, .. }
            | Self::Updated { session, .. }
            | Self::TriedAgain { session, .. }
            | Self::HarmfulUpdate { session }
            | Self::FrameTooLarge { session, .. }
            | Self::PresenceSent { session, .. }
            | Self::PresenceAsked { session }
            | Self::Drained { session }
            | Self::HashWatched { session, .. } => Some(*session),
            Self::Joined(_)
            | Self::Left { .. }
            | Self::FellBehind { .. }
            | Self::CatchUpPutOff { .. }
            | Self::RoleChanged { .. }
            | Self::Appended { .. }
            | Self::AppendRefused { .. }
            | Self::SnapshotSettled { .. }
            | Self::Asked { .. }
            | Self::Elsewhere(_)
            | Self::RowsRead { .. }
            | Self::Ticked => None,
        }
    }

    /// What a message of `session` is to its room; none for what is the dialect's business alone.
    pub fn of(session: SessionId, message: ClientMessage) -> Option<Self> {
        match message {
            ClientMessage::SyncStep1(state_vector) => Some(Self::SyncStep1 {
                session,
                state_vector,
            }),
            ClientMessage::SyncStep2(update) => Some(Self::Updated {
                session,
                update,
                kind: UpdateKind::Answer,
            }),
            ClientMessage::Update(update) => Some(Self::Updated {
                session,
                update,
                kind: UpdateKind::Change,
            }),
            ClientMessage::Awareness(update) => Some(Self::PresenceSent { session, update }),
            ClientMessage::QueryAwareness => Some(Self::PresenceAsked { session }),
            ClientMessage::Auth { .. }
            | ClientMessage::Stateless(_)
            | ClientMessage::Detach
            | ClientMessage::Pong
            | ClientMessage::Ignored => None,
        }
    }
}

/// A session as its room knows it.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The session.
    pub session: SessionId,
    /// What its user may do in this plan.
    pub grant: Grant,
    /// The name other peers see.
    pub name: String,
}

/// The moment of an input: wall-clock time, as told by the task.
pub type Now = Timestamp;
