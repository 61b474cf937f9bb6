//! One connection to Redis that speaks for a node, and one that hears for it.
//!
//! On one server with `PUBLISH` and `SUBSCRIBE`, on a cluster with their sharded forms, so that a plan's
//! messages pass through the shard of its channel alone. A node hears its own beat like any other:
//! when it does not for a while, the connection is not what it seems.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fred::clients::Client;
use fred::interfaces::{ClientLike, FredResult, LuaInterface, PubsubInterface};
use fred::types::Builder;
use fred::types::config::{Config as FredConfig, ReconnectPolicy, UnresponsiveConfig};
use secrecy::ExposeSecret;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::envelope::{Envelope, Said};
use super::hearing::Hearing;
use super::names::Names;
use super::seal::Seal;
use super::{Heard, RelayError, RelayParts};
use crate::config::RelayConfig;
use crate::ids::{NodeId, PlanId};

/// How long the first connection may take before the node does not start.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long one command may take; what is published later than that is of no use to anybody.
const COMMAND_MAX: Duration = Duration::from_secs(2);
/// How long a try waits for the limit that all nodes share, before the node's own count decides.
const COUNT_MAX: Duration = Duration::from_millis(500);
/// How long a room that starts waits until it hears of its plan; the comparison of heads finds what it
/// misses.
const LISTEN_MAX: Duration = Duration::from_millis(100);
/// A connection that answers nothing for so long is given up and made anew.
const UNRESPONSIVE_MAX: Duration = Duration::from_secs(5);
/// How long after a failed connection the next is tried, and how much later at random, in
/// milliseconds.
const RECONNECT_AFTER: (u32, u32) = (200, 100);
/// Messages that wait to be published; further ones are dropped.
const OUT_MAX: usize = 4_096;
/// Messages sent with one write.
const AT_ONCE: usize = 128;
/// Messages that wait to be heard; when more come, rooms are told that they have missed something.
const HEARD_MAX: usize = 1_024;
/// The same between the connection and this module.
const RECEIVED_MAX: usize = 1_024;

/// A token bucket, kept as the one moment at which it will be full again, by Redis' own clock.
/// Answers how many microseconds there are to wait.
const COUNT: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = full + interval - interval * tonumber(ARGV[2]) - now
if wait > 0 then return wait end
full = full + interval
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return 0";

/// What a node says, and of which plan.
type Saying = (Option<PlanId>, Said);

/// The connections of one node.
#[derive(Debug)]
pub(super) struct Redis {
    names: Names,
    speaker: Client,
    listener: Arc<Listener>,
    /// To the task that publishes; at most [`OUT_MAX`], then they are dropped.
    out: mpsc::Sender<Saying>,
}

/// The connection that hears.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) client: Client,
    names: Names,
    is_cluster: bool,
    /// What is to be heard, and by how many rooms, whether or not there is a connection at the moment.
    plans: Mutex<HashMap<PlanId, usize>>,
    pub(super) is_connected: AtomicBool,
}

impl Redis {
    pub(super) async fn connect(
        config: &RelayConfig,
        parts: RelayParts,
    ) -> Result<(Self, mpsc::Receiver<Heard>), RelayError> {
        let settings = FredConfig::from_url(config.url.expose_secret())
            .map_err(|error| RelayError::Url(error.details().to_owned()))?;
        let is_cluster = settings.server.is_clustered();
        let (speaker, listening) = tokio::join!(open(&settings), open(&settings));
        let (speaker, client) = (speaker?, listening?);
        let names = Names::new(&config.prefix);
        let listener = Arc::new(Listener {
            client,
            names: names.clone(),
            is_cluster,
            plans: Mutex::default(),
            is_connected: AtomicBool::new(true),
        });
        let seal = Seal::new(&parts.secret);
        let (out, sayings) = mpsc::channel(OUT_MAX);
        let (heard, heard_by_rooms) = mpsc::channel(HEARD_MAX);
        // Before the first message can arrive.
        let hearing = Hearing::new(Arc::clone(&listener), seal.clone(), parts.node, heard);
        listener
            .listen_to_all()
            .await
            .map_err(|error| RelayError::Unusable(error.to_string()))?;
        let speaking = Speaking {
            node: parts.node,
            seal,
            names: names.clone(),
            client: speaker.clone(),
            is_cluster,
            sayings,
        };
        let stop = parts.stop;
        parts.tracker.spawn(speaking.run(stop.clone()));
        parts
            .tracker
            .spawn(hearing.run(out.clone(), speaker.clone(), stop));
        let redis = Self {
            names,
            speaker,
            listener,
            out,
        };
        Ok((redis, heard_by_rooms))
    }

    pub(super) fn is_connected(&self) -> bool {
        self.listener.is_connected.load(Ordering::Relaxed)
    }

    pub(super) fn say(&self, plan: Option<PlanId>, said: Said) {
        if self.out.try_send((plan, said)).is_err() {
            metrics::counter!("convene_relay_unsaid_total").increment(1);
        }
    }

    pub(super) async fn listen(&self, plan: PlanId) {
        *self.listener.plans().entry(plan).or_default() += 1;
        self.listen_again(plan).await;
    }

    pub(super) async fn listen_again(&self, plan: PlanId) {
        if self.is_connected() {
            // What is not in time is tried again with the next connection.
            let listening = self.listener.subscribe(self.names.plan(plan));
            timeout(LISTEN_MAX, listening).await.ok();
        }
    }

    pub(super) async fn stop_listening(&self, plan: PlanId) {
        if self.listener.forget(plan) && self.is_connected() {
            // What goes wrong here is only heard in vain.
            timeout(COMMAND_MAX, self.listener.unsubscribe(plan))
                .await
                .ok();
        }
    }

    pub(super) async fn count(
        &self,
        key: &str,
        interval: Duration,
        burst: u32,
    ) -> Option<Duration> {
        if !self.speaker.is_connected() {
            return None;
        }
        let micros = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
        let arguments = vec![micros, i64::from(burst)];
        let counting = self
            .speaker
            .eval::<i64, _, _, _>(COUNT, self.names.limit(key), arguments);
        let wait = timeout(COUNT_MAX, counting).await.ok()?.ok()?;
        Some(Duration::from_micros(u64::try_from(wait).unwrap_or(0)))
    }
}

/// Makes one connection, or says why there is none.
async fn open(settings: &FredConfig) -> Result<Client, RelayError> {
    let unusable = |error: fred::error::Error| RelayError::Unusable(error.to_string());
    let (delay, jitter) = RECONNECT_AFTER;
    let client = Builder::from_config(settings.clone())
        .with_config(|config| {
            config.fail_fast = true;
            // What is heard and what is answered come on one connection.
            config.version = fred::types::RespVersion::RESP3;
        })
        .with_performance_config(|performance| {
            performance.default_command_timeout = COMMAND_MAX;
            performance.broadcast_channel_capacity = RECEIVED_MAX;
        })
        .with_connection_config(|connection| {
            connection.connection_timeout = CONNECT_MAX;
            connection.internal_command_timeout = CONNECT_MAX;
            connection.max_command_attempts = 1;
            connection.max_command_buffer_len = OUT_MAX;
            connection.tcp.nodelay = Some(true);
            connection.unresponsive = UnresponsiveConfig {
                max_timeout: Some(UNRESPONSIVE_MAX),
                interval: UNRESPONSIVE_MAX / 5,
            };
        })
        .set_policy(ReconnectPolicy::Constant {
            attempts: 0,
            max_attempts: 0,
            delay,
            jitter,
        })
        .build()
        .map_err(unusable)?;
    match timeout(CONNECT_MAX, client.init()).await {
        Ok(Ok(_)) => Ok(client),
        Ok(Err(error)) => Err(unusable(error)),
        Err(_) => {
            client.quit().await.ok();
            Err(RelayError::Unusable(
                "no answer within 5 seconds".to_owned(),
            ))
        }
    }
}

impl Listener {
    fn plans(&self) -> std::sync::MutexGuard<'_, HashMap<PlanId, usize>> {
        // The map is whole after every statement.
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn subscribe(&self, channel: String) -> FredResult<()> {
        if self.is_cluster {
            self.client.ssubscribe(channel).await
        } else {
            self.client.subscribe(channel).await
        }
    }

    /// Whether no room wants to hear of the plan any more.
    fn forget(&self, plan: PlanId) -> bool {
        let mut plans = self.plans();
        let Some(rooms) = plans.get_mut(&plan) else {
            return false;
        };
        *rooms -= 1;
        let is_last = *rooms == 0;
        if is_last {
            plans.remove(&plan);
        }
        is_last
    }

    async fn unsubscribe(&self, plan: PlanId) -> FredResult<()> {
        let channel = self.names.plan(plan);
        if self.is_cluster {
            self.client.sunsubscribe(channel.clone()).await?;
        } else {
            self.client.unsubscribe(channel.clone()).await?;
        }
        // A room that began to listen meanwhile would hear nothing.
        let is_wanted = self.plans().contains_key(&plan);
        if is_wanted {
            self.subscribe(channel).await?;
        }
        Ok(())
    }

    /// Asks for every channel that is wanted, as after a connection was lost.
    pub(super) async fn listen_to_all(&self) -> FredResult<()> {
        self.subscribe(self.names.nodes()).await?;
        let plans: Vec<PlanId> = self.plans().keys().copied().collect();
        let channels: Vec<String> = plans.iter().map(|plan| self.names.plan(*plan)).collect();
        if self.is_cluster {
            // Each may belong to another shard.
            for channel in channels {
                self.subscribe(channel).await?;
            }
        } else {
            for channels in channels.chunks(AT_ONCE) {
                self.client.subscribe(channels.to_vec()).await?;
            }
        }
        Ok(())
    }
}

/// The task that publishes.
struct Speaking {
    node: NodeId,
    seal: Seal,
    names: Names,
    client: Client,
    is_cluster: bool,
    sayings: mpsc::Receiver<Saying>,
}

impl Speaking {
    async fn run(mut self, stop: tokio_util::sync::CancellationToken) {
        let mut sayings = Vec::with_capacity(AT_ONCE);
        while stop
            .run_until_cancelled(self.sayings.recv_many(&mut sayings, AT_ONCE))
            .await
            .is_some_and(|count| count > 0)
        {
            self.publish(sayings.drain(..)).await;
        }
        // The last words: who left, and that this node does.
        self.sayings.close();
        while let Ok(saying) = self.sayings.try_recv() {
            sayings.push(saying);
        }
        sayings.push((None, Said::Bye));
        self.publish(sayings.drain(..)).await;
        timeout(COMMAND_MAX, self.client.quit()).await.ok();
    }

    async fn publish(&self, sayings: impl Iterator<Item = Saying>) {
        // While there is no connection it would be sent later, and be wrong by then.
        if !self.client.is_connected() {
            let count = sayings.count();
            metrics::counter!("convene_relay_unsaid_total").increment(count as u64);
            return;
        }
        let pipeline = self.client.pipeline();
        let mut count = 0;
        for (plan, said) in sayings {
            let channel = plan.map_or_else(|| self.names.nodes(), |plan| self.names.plan(plan));
            let node = self.node;
            let Some(bytes) = (Envelope { node, plan, said }).encode(&self.seal) else {
                metrics::counter!("convene_relay_unsaid_total").increment(1);
                continue;
            };
            // In a pipeline this only puts it into memory.
            let queued: FredResult<()> = if self.is_cluster {
                pipeline.spublish(channel, as_value(bytes)).await
            } else {
                pipeline.publish(channel, as_value(bytes)).await
            };
            count += u64::from(queued.is_ok());
        }
        let sent: FredResult<Vec<fred::types::Value>> = pipeline.all().await;
        match sent {
            Ok(_) => metrics::counter!("convene_relay_said_total").increment(count),
            Err(error) => {
                metrics::counter!("convene_relay_unsaid_total").increment(count);
                tracing::debug!(%error, "Redis did not take what this node said");
            }
        }
    }
}

fn as_value(bytes: Bytes) -> fred::types::Value {
    fred::types::Value::Bytes(bytes)
}
