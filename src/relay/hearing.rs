//! The task that hears what other nodes say, and notices when it hears nothing any more.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use fred::clients::Client;
use fred::interfaces::{ClientLike, EventInterface};
use fred::types::config::Server;
use fred::types::{Message, Value};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::Heard;
use super::envelope::{Envelope, Said};
use super::redis::Listener;
use super::seal::Seal;
use crate::ids::{NodeId, PlanId};

/// How often a node says that it lives.
pub(super) const BEAT_EVERY: Duration = Duration::from_secs(1);
/// After so long without its own beat a node knows that it does not hear.
const DEAF_AFTER: Duration = Duration::from_secs(3);
/// After so long it makes its connections anew, once each time.
const FORCE_AFTER: Duration = Duration::from_secs(6);
/// How long asking for all channels again may take.
const LISTEN_MAX: Duration = Duration::from_secs(5);

/// Hears for one node.
pub(super) struct Hearing {
    listener: Arc<Listener>,
    seal: Seal,
    node: NodeId,
    /// To the rooms' dispatcher; it is waited for, and what the connection drops meanwhile is noticed.
    heard: mpsc::Sender<Heard>,
    messages: broadcast::Receiver<Message>,
    reconnections: broadcast::Receiver<Server>,
    own_beat_at: Instant,
    forced_at: Instant,
}

/// What one round of waiting brought.
enum Event {
    Message(Result<Message, RecvError>),
    Reconnected,
    Time,
}

impl Hearing {
    /// Must be made before anything is subscribed to.
    pub(super) fn new(
        listener: Arc<Listener>,
        seal: Seal,
        node: NodeId,
        heard: mpsc::Sender<Heard>,
    ) -> Self {
        let now = Instant::now();
        Self {
            messages: listener.client.message_rx(),
            reconnections: listener.client.reconnect_rx(),
            listener,
            seal,
            node,
            heard,
            own_beat_at: now,
            forced_at: now,
        }
    }

    pub(super) async fn run(
        mut self,
        out: mpsc::Sender<(Option<PlanId>, Said)>,
        speaker: Client,
        stop: CancellationToken,
    ) {
        metrics::gauge!("convene_relay_connected").set(1.0);
        let mut beat = tokio::time::interval(BEAT_EVERY);
        loop {
            let event = tokio::select! {
                () = stop.cancelled() => break,
                message = self.messages.recv() => Event::Message(message),
                _ = self.reconnections.recv() => Event::Reconnected,
                _ = beat.tick() => Event::Time,
            };
            let is_open = match event {
                Event::Message(Ok(message)) => self.take(message).await,
                Event::Message(Err(RecvError::Lagged(_))) => self.tell(Heard::Missed).await,
                // The client lives as long as this task.
                Event::Message(Err(RecvError::Closed)) => false,
                Event::Reconnected => self.listen_again().await,
                Event::Time => {
                    // A full queue is a beat that is not heard, which is what it then means.
                    out.try_send((None, Said::Beat)).ok();
                    self.look_for_silence(&speaker).await
                }
            };
            if !is_open {
                break;
            }
        }
        timeout(LISTEN_MAX, self.listener.client.quit()).await.ok();
    }

    async fn take(&mut self, message: Message) -> bool {
        let Value::Bytes(bytes) = message.value else {
            // Text is no message of ours.
            count_dropped("version");
            return true;
        };
        metrics::counter!("convene_relay_heard_total").increment(1);
        if Envelope::is_echo(&bytes, self.node) {
            return true;
        }
        match self.read(&bytes) {
            Some(envelope) if envelope.node == self.node => {
                if envelope.said == Said::Beat {
                    self.own_beat_at = Instant::now();
                    if !self.listener.is_connected.load(Ordering::Relaxed) {
                        return self.listen_again().await;
                    }
                }
                true
            }
            Some(envelope) => self.tell(Heard::Said(envelope)).await,
            None => true,
        }
    }

    fn read(&self, bytes: &Bytes) -> Option<Envelope> {
        Envelope::decode(bytes, &self.seal)
            .inspect_err(|foreign| count_dropped(foreign.as_str()))
            .ok()
    }

    /// Asks for every channel again, and says that something was missed in between.
    async fn listen_again(&mut self) -> bool {
        match timeout(LISTEN_MAX, self.listener.listen_to_all()).await {
            Ok(Ok(())) => {
                self.own_beat_at = Instant::now();
                if !self.listener.is_connected.swap(true, Ordering::Relaxed) {
                    tracing::info!("Redis is back");
                }
                metrics::gauge!("convene_relay_connected").set(1.0);
                self.tell(Heard::Missed).await
            }
            // The next beat that is heard, or the next connection, tries again.
            Ok(Err(_)) | Err(_) => true,
        }
    }

    async fn look_for_silence(&mut self, speaker: &Client) -> bool {
        let now = Instant::now();
        let silence = now.duration_since(self.own_beat_at);
        if silence < DEAF_AFTER {
            return true;
        }
        if silence >= FORCE_AFTER && now.duration_since(self.forced_at) >= FORCE_AFTER {
            self.forced_at = now;
            // One that knows that it is lost makes a new one by itself.
            for client in [speaker, &self.listener.client] {
                if client.is_connected() {
                    // It is tried again with the next silence.
                    timeout(BEAT_EVERY, client.force_reconnection()).await.ok();
                }
            }
        }
        if self.listener.is_connected.swap(false, Ordering::Relaxed) {
            tracing::warn!("Redis does not answer; nodes go on by comparing heads in the database");
            metrics::gauge!("convene_relay_connected").set(0.0);
            return self.tell(Heard::Deaf).await;
        }
        true
    }

    /// False when nobody wants to hear any more.
    async fn tell(&self, heard: Heard) -> bool {
        self.heard.send(heard).await.is_ok()
    }
}

fn count_dropped(reason: &'static str) {
    metrics::counter!("convene_relay_dropped_total", "reason" => reason).increment(1);
}
