//! Makes this process one node among others that serve the same plans.

use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::AppError;
use crate::accounts::LiveSessions;
use crate::clock::Clock;
use crate::config::Config;
use crate::ids::{FamilyId, NodeId};
use crate::relay::envelope::Said;
use crate::relay::{Heard, Relay, RelayParts};
use crate::room::comparing::Comparing;
use crate::room::neighbours::Neighbours;
use crate::room::registry::Registry;
use crate::session::directory::Directory;
use crate::storage::Storage;

/// What connects this node with others.
#[derive(Debug)]
pub(super) struct Nodes {
    pub(super) relay: Relay,
    /// What is heard of them, when there is a Redis.
    heard: Option<mpsc::Receiver<Heard>>,
    pub(super) tracker: TaskTracker,
    /// Cancelled when the node has nothing more to say.
    pub(super) stop: CancellationToken,
}

impl Nodes {
    /// Connects to Redis, if there is to be one.
    pub(super) async fn connect(
        config: &Config,
        secret: &SecretString,
        clock: &Clock,
    ) -> Result<Self, AppError> {
        let (node, tracker) = (NodeId::generate(clock), TaskTracker::new());
        let stop = CancellationToken::new();
        let (relay, heard) = match &config.relay {
            None => (Relay::off(node), None),
            Some(relay) => {
                let parts = RelayParts {
                    node,
                    secret: secret.clone(),
                    tracker: tracker.clone(),
                    stop: stop.clone(),
                };
                let (relay, heard) = Relay::connect(relay, parts).await?;
                tracing::info!(node.id = %node, "other nodes are told through Redis");
                (relay, Some(heard))
            }
        };
        Ok(Self {
            relay,
            heard,
            tracker,
            stop,
        })
    }

    /// Begins to bring to this node's rooms and sockets what happens at others.
    pub(super) fn attend(
        self,
        storage: Storage,
        registry: &Registry,
        directory: &Directory,
        clock: &Clock,
    ) {
        let (comparing, looks) = Comparing::new(registry.clone(), storage, self.relay);
        self.tracker.spawn(comparing.run(self.stop.clone()));
        if let Some(heard) = self.heard {
            let directory = directory.clone();
            let neighbours = Neighbours {
                registry: registry.clone(),
                looks,
                end_sign_in: move |family| directory.end_family(family),
                clock: clock.clone(),
            };
            self.tracker.spawn(neighbours.run(heard, self.stop));
        }
    }
}

/// The sockets of all nodes, as whoever ends a sign-in sees them.
pub(super) struct Sockets {
    pub(super) here: Directory,
    pub(super) relay: Relay,
}

impl LiveSessions for Sockets {
    fn end_family(&self, family: FamilyId) {
        self.here.end_family(family);
        self.relay.say_to_all(Said::SignedOut(family));
    }

    fn count(&self) -> usize {
        self.here.count()
    }

    fn families(&self) -> Vec<FamilyId> {
        self.here.families()
    }
}
