//! Makes plans from seeds.

use convene::auth::access::Role;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::plan::{
    Connection, Edit, Fate, Fault, Link, Notice, Outcome, Plan, Relay, RelayIs, Return, Say, Shape,
    Step, USERS, Way,
};
use crate::relay::ELSEWHERE_MAX;

/// Steps of a plan at least, and at most.
const STEPS: std::ops::RangeInclusive<usize> = 220..=280;

impl Plan {
    /// The plan of `seed`.
    pub(crate) fn generate(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let shape = Shape::generate(&mut rng);
        let mut steps = Vec::with_capacity(*STEPS.end());
        for peer in 0..shape.peers {
            steps.push(Step::Link(Link::Connect { peer, node: peer }));
        }
        for _ in shape.peers.into()..rng.random_range(STEPS) {
            steps.push(if shape.nodes > 1 && rng.random_ratio(1, 5) {
                Step::between_nodes(&mut rng)
            } else {
                Step::generate(&mut rng)
            });
        }
        let at = rng.random_range(0..steps.len());
        if rng.random_ratio(1, 6) {
            steps.insert(at, Step::Fault(Fault::NewEpoch));
        } else if rng.random_ratio(1, 50) {
            steps.insert(at, Step::Fault(Fault::DeletePlan));
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
            nodes: [1, 1, 1, 2, 2, 3][rng.random_range(0..6)],
            relay: if rng.random_ratio(4, 5) {
                RelayIs::On
            } else {
                RelayIs::Off
            },
            ear: if is_tight(rng, 6) { 3 } else { ELSEWHERE_MAX },
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
            16..=17 => Self::TypeInside { key, value },
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

    /// What happens where there is more than one node.
    fn between_nodes(rng: &mut StdRng) -> Self {
        let (nth, at) = (rng.random(), rng.random());
        match rng.random_range(0..100) {
            0..=39 => Self::Relay(Relay::Deliver {
                nth,
                count: rng.random_range(1..8),
            }),
            40..=45 => Self::Relay(Relay::Lose { nth, at }),
            46..=49 => Self::Relay(Relay::Repeat { nth, at }),
            50..=55 => Self::Relay(Relay::Delay { nth, at }),
            56..=57 => Self::Relay(Relay::Cut {
                node: nth,
                connection: [Connection::Speaker, Connection::Listener, Connection::Both]
                    [rng.random_range(0..3)],
            }),
            58 => Self::Relay(Relay::CutWay { from: nth, to: at }),
            59..=64 => Self::Relay(Relay::Mend),
            65..=84 => Self::Look {
                node: nth,
                outcome: outcome(rng),
            },
            _ => Self::Rows {
                nth,
                outcome: outcome(rng),
            },
        }
    }

    /// What happens all the time.
    fn usual(rng: &mut StdRng) -> Self {
        let (peer, nth) = (rng.random(), rng.random());
        match rng.random_range(0..100) {
            0..=15 => Self::Say(Say::Edit {
                peer,
                edit: Edit::generate(rng),
            }),
            16 if rng.random_ratio(1, 2) => Self::Say(Say::Operate {
                peer,
                count: rng.random(),
            }),
            16 => Self::Say(Say::Undo { peer }),
            17..=18 => Self::Say(Say::Presence {
                peer,
                value: rng.random_range(0..100),
            }),
            19..=50 => Self::Link(Link::Traffic {
                // Some sockets are slow.
                peers: rng.random::<u8>() | rng.random::<u8>(),
                first: rng.random(),
                way: [Way::Up, Way::Down, Way::Receive][rng.random_range(0..3)],
                frames: rng.random_range(1..12),
            }),
            51..=70 => Self::Room {
                nth,
                requests: rng.random_range(1..20),
            },
            71..=75 => Self::Load {
                nth,
                outcome: outcome(rng),
            },
            76..=83 => Self::Commit {
                nth,
                outcome: outcome(rng),
            },
            84..=87 => Self::Snapshot {
                nth,
                outcome: outcome(rng),
            },
            88..=90 => Self::Wait {
                ms: [20, 60, 300, 1_100][rng.random_range(0..4)],
            },
            91..=92 => Self::Fault(Fault::Restart),
            _ => Self::Link(Link::Connect {
                peer,
                node: rng.random(),
            }),
        }
    }

    /// What a client, its user or its network does now and then.
    fn of_a_client(rng: &mut StdRng) -> Self {
        let (peer, nth) = (rng.random(), rng.random());
        match rng.random_range(0..24) {
            0..=5 => Self::Link(Link::Break {
                peer,
                arrive: rng.random_range(0..4),
            }),
            6..=7 => Self::Link(Link::Leave { peer }),
            8..=9 => Self::Link(Link::Reload { peer }),
            10..=11 => Self::Link(Link::Steal {
                peer,
                victim: rng.random(),
            }),
            12 => Self::Say(Say::PresenceGone { peer }),
            13 => Self::Say(Say::AskPresence { peer }),
            14 => Self::Say(Say::WatchHashes { peer }),
            15 => Self::Say(Say::Resync { peer }),
            16 => Self::Say(Say::Oversized { peer }),
            17 if rng.random_ratio(1, 4) => Self::Say(Say::Garbage { peer }),
            17..=18 => Self::Link(Link::Straggle {
                nth,
                frames: rng.random_range(1..6),
            }),
            _ => Self::Link(Link::Notice {
                nth,
                how: if rng.random_ratio(1, 4) {
                    Notice::Vanished
                } else {
                    Notice::Told
                },
            }),
        }
    }

    /// What an operator, an owner or bad luck does to the server.
    fn of_the_server(rng: &mut StdRng) -> Self {
        let (nth, node) = (rng.random(), rng.random());
        match rng.random_range(0..42) {
            0..=8 => Self::Fault(Fault::Role {
                user: rng.random_range(1..USERS),
                role: match rng.random_range(0..6) {
                    0 => None,
                    1 => Some(Role::Viewer),
                    2 => Some(Role::Suggester),
                    3 => Some(Role::Approver),
                    _ => Some(Role::Editor),
                },
                node,
            }),
            9..=12 => Self::Fault(Fault::GiveUp {
                back: if rng.random_ratio(1, 2) {
                    Return::Later
                } else {
                    Return::Never
                },
                node,
            }),
            13..=16 => Self::Fault(Fault::Crash {
                fate: fate(rng),
                node,
            }),
            17 => Self::Fault(Fault::WriterEnds {
                fate: fate(rng),
                node,
            }),
            18..=19 => Self::Fault(Fault::BindElsewhere { peer: rng.random() }),
            20..=22 => Self::Fault(Fault::SpoilSnapshot),
            23..=30 => Self::Late {
                nth,
                outcome: outcome(rng),
            },
            31..=32 => Self::Wait { ms: 20_000 },
            33..=34 => Self::Fault(Fault::Stop { node }),
            _ => Self::Wait { ms: 4_000 },
        }
    }
}
