//! Plans: what happens in one simulated run, as data made from a seed.

use convene::auth::access::Role;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

/// Accounts; peers beyond them are further tabs of the same people. The first is the owner for good.
pub(crate) const USERS: u8 = 4;
/// Steps of a plan at least, and at most.
const STEPS: std::ops::RangeInclusive<usize> = 220..=280;

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
    EditInside { key: u8, value: u16 },
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
    Connect {
        peer: u8,
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
    /// A frame over the limit, which the server does not read.
    Oversized {
        peer: u8,
    },
    /// A state vector that is none.
    Garbage {
        peer: u8,
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
    /// The journal writer tries its queue.
    Commit {
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
    SpoilSnapshot,
    Wait {
        ms: u16,
    },
    Role {
        user: u8,
        role: Option<Role>,
    },
    /// An update does not end: the room's thread is given up.
    GiveUp {
        back: Return,
    },
    Crash {
        fate: Fate,
    },
    /// The server stops: nothing is committed any more.
    WriterEnds {
        fate: Fate,
    },
    Restart,
    /// The peer's client id is bound to another account by another node.
    BindElsewhere {
        peer: u8,
    },
    NewEpoch,
    DeletePlan,
}

impl Plan {
    /// The plan of `seed`.
    pub(crate) fn generate(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let shape = Shape::generate(&mut rng);
        let mut steps = Vec::with_capacity(*STEPS.end());
        for peer in 0..shape.peers {
            steps.push(Step::Connect { peer });
        }
        for _ in shape.peers.into()..rng.random_range(STEPS) {
            steps.push(Step::generate(&mut rng));
        }
        let at = rng.random_range(0..steps.len());
        if rng.random_ratio(1, 6) {
            steps.insert(at, Step::NewEpoch);
        } else if rng.random_ratio(1, 50) {
            steps.insert(at, Step::DeletePlan);
        }
        Self { seed, shape, steps }
    }
}

impl Shape {
    fn generate(rng: &mut StdRng) -> Self {
        let peers = rng.random_range(5..=7);
        let is_tight = |rng: &mut StdRng, ratio| rng.random_ratio(1, ratio);
        Self {
            peers,
            snapshot_rows: rng.random_range(3..=12),
            outbox_bytes: rng.random_range(200..=1_500),
            document_bytes: if is_tight(rng, 20) { 700 } else { 1 << 20 },
            backlog_bytes: if is_tight(rng, 8) { 60 } else { 1 << 16 },
            sessions: usize::from(peers) + if is_tight(rng, 10) { 0 } else { 20 },
            rejects: rng.random_range(1..=6),
        }
    }
}

impl Edit {
    fn generate(rng: &mut StdRng) -> Self {
        let (at, key, value) = (
            rng.random(),
            rng.random_range(0..4),
            rng.random_range(0..1_000),
        );
        let (word, len) = (rng.random_range(0..6), rng.random_range(1..4));
        match rng.random_range(0..20) {
            0..=6 => Self::Insert { at, word },
            7..=9 => Self::Delete { at, len },
            10 => Self::Format { at, len },
            11..=12 => Self::Set { key, value },
            13 => Self::Unset { key },
            14 => Self::NestMap { key, value },
            15 => Self::NestText { key, word },
            16..=17 => Self::EditInside { key, value },
            18 => Self::Push { at, value },
            _ => Self::Pull { at },
        }
    }
}

fn outcome(rng: &mut StdRng) -> Outcome {
    match rng.random_range(0..8) {
        0 => Outcome::Failed,
        1 => Outcome::DoneUnheard,
        _ => Outcome::Done,
    }
}

fn fate(rng: &mut StdRng) -> Fate {
    match rng.random_range(0..3) {
        0 => Fate::Lost,
        1 => Fate::Done,
        _ => Fate::Later,
    }
}

impl Step {
    fn generate(rng: &mut StdRng) -> Self {
        match rng.random_range(0..100) {
            0..=90 => Self::usual(rng),
            91..=96 => Self::of_a_client(rng),
            _ => Self::of_the_server(rng),
        }
    }

    /// What happens all the time.
    fn usual(rng: &mut StdRng) -> Self {
        let (peer, nth) = (rng.random(), rng.random());
        match rng.random_range(0..100) {
            0..=15 => Self::Edit {
                peer,
                edit: Edit::generate(rng),
            },
            16 => Self::Undo { peer },
            17..=18 => Self::Presence {
                peer,
                value: rng.random_range(0..100),
            },
            19..=50 => Self::Traffic {
                // Some sockets are slow.
                peers: rng.random::<u8>() | rng.random::<u8>(),
                first: rng.random(),
                way: [Way::Up, Way::Down, Way::Receive][rng.random_range(0..3)],
                frames: rng.random_range(1..12),
            },
            51..=70 => Self::Room {
                nth,
                requests: rng.random_range(1..20),
            },
            71..=75 => Self::Load {
                nth,
                outcome: outcome(rng),
            },
            76..=83 => Self::Commit {
                outcome: outcome(rng),
            },
            84..=87 => Self::Snapshot {
                nth,
                outcome: outcome(rng),
            },
            88..=90 => Self::Wait {
                ms: [20, 60, 300, 1_100][rng.random_range(0..4)],
            },
            91..=92 => Self::Restart,
            _ => Self::Connect { peer },
        }
    }

    /// What a client, its user or its network does now and then.
    fn of_a_client(rng: &mut StdRng) -> Self {
        let (peer, nth) = (rng.random(), rng.random());
        match rng.random_range(0..24) {
            0..=5 => Self::Break {
                peer,
                arrive: rng.random_range(0..4),
            },
            6..=7 => Self::Leave { peer },
            8..=9 => Self::Reload { peer },
            10..=11 => Self::Steal {
                peer,
                victim: rng.random(),
            },
            12 => Self::PresenceGone { peer },
            13 => Self::AskPresence { peer },
            14 => Self::WatchHashes { peer },
            15 => Self::Resync { peer },
            16 => Self::Oversized { peer },
            17 if rng.random_ratio(1, 4) => Self::Garbage { peer },
            17..=18 => Self::Straggle {
                nth,
                frames: rng.random_range(1..6),
            },
            _ => Self::Notice {
                nth,
                how: if rng.random_ratio(1, 4) {
                    Notice::Vanished
                } else {
                    Notice::Told
                },
            },
        }
    }

    /// What an operator, an owner or bad luck does to the server.
    fn of_the_server(rng: &mut StdRng) -> Self {
        let nth = rng.random();
        match rng.random_range(0..40) {
            0..=8 => Self::Role {
                user: rng.random_range(1..USERS),
                role: match rng.random_range(0..6) {
                    0 => None,
                    1 => Some(Role::Viewer),
                    2 => Some(Role::Suggester),
                    3 => Some(Role::Approver),
                    _ => Some(Role::Editor),
                },
            },
            9..=12 => Self::GiveUp {
                back: if rng.random_ratio(1, 2) {
                    Return::Later
                } else {
                    Return::Never
                },
            },
            13..=16 => Self::Crash { fate: fate(rng) },
            17 => Self::WriterEnds { fate: fate(rng) },
            18..=19 => Self::BindElsewhere { peer: rng.random() },
            20..=22 => Self::SpoilSnapshot,
            23..=30 => Self::Late {
                nth,
                outcome: outcome(rng),
            },
            31..=32 => Self::Wait { ms: 20_000 },
            _ => Self::Wait { ms: 4_000 },
        }
    }
}
