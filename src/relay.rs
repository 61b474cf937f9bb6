//! What nodes tell each other: what each has committed, who is present, and that something else has
//! changed in the database.
//!
//! All of it is a hint. Redis may lose, repeat or reorder anything, or be away: rooms repair from the
//! journal, and the comparison of heads finds what was never heard of. Nothing here is ever awaited
//! by a room.

pub mod envelope;
mod hearing;
mod names;
mod redis;
mod seal;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::envelope::{Envelope, Said};
use self::redis::Redis;
use crate::config::RelayConfig;
use crate::ids::{NodeId, PlanId};

/// Why a node does not start: once it runs, a Redis that goes away stops nothing.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The address cannot be read.
    #[error("REDIS_URL cannot be read: {0}")]
    Url(String),
    /// It does not answer, or not as Redis does.
    #[error(
        "the Redis of REDIS_URL cannot be used: {0}; mend or unset REDIS_URL (nodes without it see \
         each other's edits half a second later)"
    )]
    Unusable(String),
}

/// After so long without a word, a node that lives says so every second, a node is gone.
pub const NODE_SILENT_MAX: Duration = Duration::from_millis(3_500);

/// What a node hears.
#[derive(Debug)]
pub enum Heard {
    /// Another node said something.
    Said(Envelope),
    /// Something may have been missed from here on: the connection was lost and is back, or too
    /// much came at once.
    Missed,
    /// There is no connection: what others say is not heard until [`Heard::Missed`].
    Deaf,
}

/// The way out to other nodes; cheap to clone. Without Redis it does nothing.
#[derive(Debug, Clone)]
pub struct Relay {
    node: NodeId,
    redis: Option<Arc<Redis>>,
}

/// What a relay needs beside its address.
#[derive(Debug)]
pub struct RelayParts {
    /// Which node speaks.
    pub node: NodeId,
    /// `SECRET_KEY`: what is said is sealed with a key made from it, so that only nodes are heard.
    pub secret: SecretString,
    /// Where its tasks are tracked.
    pub tracker: TaskTracker,
    /// Ends them.
    pub stop: CancellationToken,
}

impl Relay {
    /// A node that tells nobody anything.
    pub fn off(node: NodeId) -> Self {
        Self { node, redis: None }
    }

    /// Connects, or says why that cannot be. What is heard arrives in the queue that is answered.
    pub async fn connect(
        config: &RelayConfig,
        parts: RelayParts,
    ) -> Result<(Self, mpsc::Receiver<Heard>), RelayError> {
        let node = parts.node;
        let (redis, heard) = Redis::connect(config, parts).await?;
        let redis = Some(Arc::new(redis));
        Ok((Self { node, redis }, heard))
    }

    /// Which node this is.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Whether other nodes may be told anything at all.
    pub fn is_on(&self) -> bool {
        self.redis.is_some()
    }

    /// Whether Redis answers; `None` when there is none.
    pub fn is_connected(&self) -> Option<bool> {
        self.redis.as_ref().map(|redis| redis.is_connected())
    }

    /// Says something to every node that has `plan` open. Dropped when Redis is away or slow.
    pub fn say(&self, plan: PlanId, said: Said) {
        if let Some(redis) = &self.redis {
            redis.say(Some(plan), said);
        }
    }

    /// Says something to every node.
    pub fn say_to_all(&self, said: Said) {
        if let Some(redis) = &self.redis {
            redis.say(None, said);
        }
    }

    /// Begins to hear what is said of `plan`, waiting a little until it does: a room that reads the
    /// journal after that misses nothing.
    pub async fn listen(&self, plan: PlanId) {
        if let Some(redis) = &self.redis {
            redis.listen(plan).await;
        }
    }

    /// Asks again for what is said of `plan`: a cluster that moves a channel to another shard says nothing.
    pub async fn listen_again(&self, plan: PlanId) {
        if let Some(redis) = &self.redis {
            redis.listen_again(plan).await;
        }
    }

    /// Undoes one [`Relay::listen`].
    pub async fn stop_listening(&self, plan: PlanId) {
        if let Some(redis) = &self.redis {
            redis.stop_listening(plan).await;
        }
    }

    /// Counts one try against a limit that all nodes share: how long to wait, if there were too
    /// many. `None` when Redis is away: the node's own count is what there is.
    pub async fn count(&self, key: &str, interval: Duration, burst: u32) -> Option<Duration> {
        self.redis.as_ref()?.count(key, interval, burst).await
    }
}
