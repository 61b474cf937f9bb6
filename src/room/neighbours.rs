//! Brings what is heard of other nodes to the rooms it concerns, and notices nodes that are silent.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::ids::{FamilyId, NodeId, PlanId};
use crate::relay::envelope::{Envelope, Said};
use crate::relay::{Heard, NODE_SILENT_MAX};
use crate::room::comparing::Looks;
use crate::room::input::Elsewhere;
use crate::room::registry::Registry;

/// How often nodes that are silent are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The neighbours of a node.
pub struct Neighbours<F> {
    /// The rooms of this node.
    pub registry: Registry,
    /// Has plans compared with the database at once.
    pub looks: Looks,
    /// Closes the sockets of a sign-in.
    pub end_sign_in: F,
    /// The time.
    pub clock: Clock,
}

impl<F: Fn(FamilyId)> Neighbours<F> {
    /// Runs until `stop`, or until nothing will be heard any more.
    pub async fn run(self, mut heard: mpsc::Receiver<Heard>, stop: CancellationToken) {
        let mut nodes: HashMap<NodeId, Instant> = HashMap::new();
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                next = heard.recv() => match next {
                    Some(Heard::Said(envelope)) => self.hear(&mut nodes, envelope),
                    Some(Heard::Missed) => {
                        self.tell_all(&Elsewhere::Missed);
                        self.looks.at_all();
                    }
                    Some(Heard::Deaf) => {
                        nodes.clear();
                        self.tell_all(&Elsewhere::Deaf);
                    }
                    None => return,
                },
                _ = look.tick() => self.forget_silent(&mut nodes),
            }
        }
    }

    fn hear(&self, nodes: &mut HashMap<NodeId, Instant>, envelope: Envelope) {
        let Envelope { node, plan, said } = envelope;
        nodes.insert(node, self.clock.monotonic());
        match (said, plan) {
            (Said::Bye, _) => {
                nodes.remove(&node);
                self.tell_all(&Elsewhere::NodeGone(node));
            }
            (Said::SignedOut(family), _) => (self.end_sign_in)(family),
            (Said::Changed, Some(plan)) => self.looks.at(plan),
            (Said::Beat, _) | (_, None) => {}
            (said, Some(plan)) => self.tell(node, plan, said),
        }
    }

    /// Tells the plan's room, if it is live here.
    fn tell(&self, node: NodeId, plan: PlanId, said: Said) {
        let Some(room) = self.registry.find(plan) else {
            return;
        };
        if let Some(elsewhere) = Elsewhere::of(node, said, room.standing().epoch()) {
            room.hear(elsewhere);
        }
    }

    fn tell_all(&self, elsewhere: &Elsewhere) {
        for room in self.registry.all() {
            room.hear(elsewhere.clone());
        }
    }

    fn forget_silent(&self, nodes: &mut HashMap<NodeId, Instant>) {
        let now = self.clock.monotonic();
        let is_silent = |heard_at: &Instant| now.duration_since(*heard_at) > NODE_SILENT_MAX;
        let silent: Vec<NodeId> = nodes
            .extract_if(|_, heard_at| is_silent(heard_at))
            .map(|(node, _)| node)
            .collect();
        for node in silent {
            tracing::info!(node.id = %node, "a node is silent");
            self.tell_all(&Elsewhere::NodeGone(node));
        }
    }
}
