//! Plans: what happens in one simulated run, as data.

use convene::auth::access::Role;
use serde::{Deserialize, Serialize};

use crate::relay::ELSEWHERE_MAX;

/// Accounts; peers beyond them are further tabs of the same people. The first is the owner for good.
pub(crate) const USERS: u8 = 4;
/// One run. The same plan runs the same way everywhere; steps that do not apply do nothing, so that
/// any of them can be left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Where it came from.
    pub(crate) seed: u64,
    /// How many take part and what is bounded how tightly.
    pub(crate) shape: Shape,
    /// In order.
    pub(crate) steps: Vec<Step>,
}

/// Sizes that are small, so that every limit is met.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Shape {
    pub(crate) peers: u8,
    pub(crate) snapshot_rows: u64,
    pub(crate) outbox_bytes: usize,
    pub(crate) document_bytes: usize,
    pub(crate) backlog_bytes: usize,
    pub(crate) sessions: usize,
    pub(crate) rejects: u32,
    /// Server processes on the one database.
    #[serde(default = "one")]
    pub(crate) nodes: u8,
    #[serde(default)]
    pub(crate) relay: RelayIs,
    /// Messages of other nodes that one room keeps while there are faults.
    #[serde(default = "ear")]
    pub(crate) ear: usize,
}

/// A plan that was kept before there were several nodes has one.
fn one() -> u8 {
    1
}

fn ear() -> usize {
    ELSEWHERE_MAX
}

/// Whether nodes tell each other anything, or only compare with the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RelayIs {
    #[default]
    Off,
    On,
}

/// One change of a document; positions are taken modulo what is there.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Edit {
    Insert { at: u16, word: u8 },
    Delete { at: u16, len: u8 },
    Format { at: u16, len: u8 },
    Set { key: u8, value: u16 },
    Unset { key: u8 },
    NestMap { key: u8, value: u16 },
    NestText { key: u8, word: u8 },
    TypeInside { key: u8, value: u16 },
    Push { at: u16, value: u16 },
    Pull { at: u16 },
}

/// Which way frames go.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Way {
    /// The server reads from a socket.
    Up,
    /// The server writes to a socket.
    Down,
    /// The client reads.
    Receive,
}

/// What becomes of one try of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Done,
    Failed,
    /// Done, and the answer was lost.
    DoneUnheard,
}

/// What becomes of what was under way when its process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fate {
    Lost,
    Done,
    /// The database still works on it.
    Later,
}

/// How the server notices that a client is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Notice {
    /// The socket's task says so.
    Told,
    /// The socket's task ended without a word.
    Vanished,
}

/// Whether a thread that was given up returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Return {
    Never,
    Later,
}

/// One thing that happens. Peers, sockets and rooms are counted modulo how many there are.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Step {
    Say(Say),
    Link(Link),
    Fault(Fault),
    /// A room's task runs.
    Room {
        nth: u8,
        requests: u8,
    },
    /// A room's load reads, or fails to.
    Load {
        nth: u8,
        outcome: Outcome,
    },
    /// A journal writer tries its queue.
    Commit {
        #[serde(default)]
        nth: u8,
        outcome: Outcome,
    },
    Snapshot {
        nth: u8,
        outcome: Outcome,
    },
    /// What a process left behind in the database comes to its end.
    Late {
        nth: u8,
        outcome: Outcome,
    },
    Wait {
        ms: u16,
    },
    Relay(Relay),
    /// A node goes on with comparing its room with the database.
    Look {
        node: u8,
        outcome: Outcome,
    },
    /// The database answers what a room has missed, or fails to.
    Rows {
        nth: u8,
        outcome: Outcome,
    },
}

/// What happens on the way from node to node; `nth` counts the ways on which something waits.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Relay {
    Deliver {
        nth: u8,
        count: u8,
    },
    Lose {
        nth: u8,
        at: u8,
    },
    Repeat {
        nth: u8,
        at: u8,
    },
    /// One is heard after all that waits behind it.
    Delay {
        nth: u8,
        at: u8,
    },
    /// A node loses a connection until [`Relay::Mend`].
    Cut {
        node: u8,
        connection: Connection,
    },
    /// One node does not hear another any more, and neither notices.
    CutWay {
        from: u8,
        to: u8,
    },
    Mend,
}

/// Which connection of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Connection {
    Speaker,
    Listener,
    Both,
}

/// What a peer does to its document and says to the server.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Say {
    Edit {
        peer: u8,
        edit: Edit,
    },
    Undo {
        peer: u8,
    },
    Presence {
        peer: u8,
        value: u16,
    },
    PresenceGone {
        peer: u8,
    },
    AskPresence {
        peer: u8,
    },
    WatchHashes {
        peer: u8,
    },
    Resync {
        peer: u8,
    },
    /// A frame over the limit, which the server does not read.
    Oversized {
        peer: u8,
    },
    /// A state vector that is none.
    Garbage {
        peer: u8,
    },
    /// An operation by the control channel.
    Operate {
        peer: u8,
        count: u8,
    },
}

/// What happens to connections and pages.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Link {
    Connect {
        peer: u8,
        /// Counts the nodes that are up.
        #[serde(default)]
        node: u8,
    },
    /// The connection breaks; `arrive` of the frames on their way still do.
    Break {
        peer: u8,
        arrive: u8,
    },
    /// The client closes in order.
    Leave {
        peer: u8,
    },
    /// The page is loaded anew: a new replica with a new client id.
    Reload {
        peer: u8,
    },
    /// The page is loaded anew and uses the client id of somebody else.
    Steal {
        peer: u8,
        victim: u8,
    },
    /// Frames of the sockets in the mask `peers`, from the first one on.
    Traffic {
        peers: u8,
        first: u8,
        way: Way,
        frames: u8,
    },
    /// Frames of a connection whose client is gone.
    Straggle {
        nth: u8,
        frames: u8,
    },
    Notice {
        nth: u8,
        how: Notice,
    },
}

/// What goes wrong, or is done on purpose, at the server.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Fault {
    SpoilSnapshot,
    Role {
        user: u8,
        role: Option<Role>,
        /// Where it is changed.
        #[serde(default)]
        node: u8,
    },
    /// An update does not end: the room's thread is given up.
    GiveUp {
        back: Return,
        #[serde(default)]
        node: u8,
    },
    Crash {
        fate: Fate,
        #[serde(default)]
        node: u8,
    },
    /// The server stops: nothing is committed any more.
    WriterEnds {
        fate: Fate,
        #[serde(default)]
        node: u8,
    },
    /// A node stops in order, and says so.
    Stop {
        node: u8,
    },
    /// Every node that is down is started again.
    Restart,
    /// The peer's client id is bound to another account by another node.
    BindElsewhere {
        peer: u8,
    },
    NewEpoch,
    DeletePlan,
}
