//! One socket of the load: a task that sends what it is given and counts what it hears.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use convene_protocol::awareness;
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use tokio::net::TcpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::ledger::Ledger;
use crate::place::{Heard, Place};
use crate::update::{self, FIRST_CLIENT};

/// Frames that may wait for a socket.
const OUTGOING: usize = 4_096;
/// How long a socket may take to open, and to be synced.
const OPEN_MAX: Duration = Duration::from_secs(30);
/// Latencies up to a minute are told apart, in microseconds.
const LATENCY_MAX: u64 = 60_000_000;

/// What a client does beside counting.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Habits {
    /// Its number as a writer: its own edits are told from those of others.
    pub(crate) writer: Option<usize>,
    /// Whether it keeps every update it got, to be compared at the end.
    pub(crate) keeps: Keeps,
    /// The size of the kernel's receive buffer, where a small one is wanted.
    pub(crate) receive_buffer: Option<u32>,
}

/// Whether a client keeps updates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Keeps {
    #[default]
    Nothing,
    Updates,
}

/// A message to the client's task.
enum Order {
    Send(Bytes),
    /// Read nothing for so long.
    Sleep(Duration),
}

/// What a client counted.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) synced: AtomicBool,
    pub(crate) closed: AtomicBool,
    /// Edits of others that arrived.
    pub(crate) delivered: AtomicU64,
    /// Own edits that came back.
    pub(crate) echoed: AtomicU64,
    /// Own edits and step 2s that were acknowledged.
    pub(crate) applied: AtomicU64,
    pub(crate) not_applied: AtomicU64,
    /// Frames of any kind.
    pub(crate) frames: AtomicU64,
    /// Presence states of others that arrived.
    pub(crate) presence: AtomicU64,
    /// Answers to a step 1, each of which is acknowledged too.
    answered: AtomicU64,
    heard: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    /// Until an edit of somebody else at the same node arrived, in microseconds.
    seen: Histogram<u64>,
    /// Until one of somebody at another node did.
    across: Histogram<u64>,
    /// Until an own edit was acknowledged, in microseconds.
    acked: Histogram<u64>,
    updates: Vec<Bytes>,
}

impl Tally {
    fn new() -> Result<Self> {
        let kept = Kept {
            seen: empty()?,
            across: empty()?,
            acked: empty()?,
            updates: Vec::new(),
        };
        Ok(Self {
            synced: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            delivered: AtomicU64::new(0),
            echoed: AtomicU64::new(0),
            applied: AtomicU64::new(0),
            not_applied: AtomicU64::new(0),
            frames: AtomicU64::new(0),
            presence: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            heard: Mutex::new(kept),
        })
    }

    /// Own edits that were acknowledged by a status.
    pub(crate) fn acknowledged(&self) -> u64 {
        let answered = self.answered.load(Ordering::Relaxed);
        self.applied
            .load(Ordering::Relaxed)
            .saturating_sub(answered)
    }

    /// Moves the times counted since the last call into `into`.
    pub(crate) fn take_times(&self, into: &mut Times) -> Result<()> {
        let mut kept = self.lock();
        into.seen.add(&kept.seen)?;
        into.across.add(&kept.across)?;
        into.acked.add(&kept.acked)?;
        kept.seen.reset();
        kept.across.reset();
        kept.acked.reset();
        Ok(())
    }

    /// How many updates were kept.
    pub(crate) fn kept(&self) -> usize {
        self.lock().updates.len()
    }

    /// Everything that was kept.
    pub(crate) fn updates(&self) -> Vec<Bytes> {
        self.lock().updates.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Times of many edits, in microseconds.
#[derive(Debug)]
pub(crate) struct Times {
    /// Until others at the same node saw them.
    pub(crate) seen: Histogram<u64>,
    /// Until others at another node of the cluster did.
    pub(crate) across: Histogram<u64>,
    /// Until their writer heard that they were taken: by a status, or by their coming back.
    pub(crate) acked: Histogram<u64>,
}

impl Times {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            seen: empty()?,
            across: empty()?,
            acked: empty()?,
        })
    }
}

/// For times in microseconds, up to the longest that is told apart.
pub(crate) fn empty() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LATENCY_MAX, 2)?)
}

/// An open socket.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) place: Place,
    pub(crate) tally: Arc<Tally>,
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

type Socket = WebSocketStream<tokio::net::TcpStream>;

impl Client {
    /// Opens a socket and sends what a stock client sends first; does not wait for the answer.
    pub(crate) async fn open(place: &Place, habits: Habits, ledger: &Arc<Ledger>) -> Result<Self> {
        let mut socket = timeout(OPEN_MAX, connect(&place.url, habits.receive_buffer))
            .await
            .with_context(|| format!("{} did not open in {OPEN_MAX:?}", place.url))??;
        for frame in place.opening() {
            socket.feed(Message::Binary(frame)).await?;
        }
        socket.flush().await?;
        let tally = Arc::new(Tally::new()?);
        let (orders, inbox) = mpsc::channel(OUTGOING);
        let task = Task {
            place: place.clone(),
            habits,
            ledger: Arc::clone(ledger),
            tally: Arc::clone(&tally),
        };
        let task = tokio::spawn(task.run(socket, inbox));
        Ok(Self {
            place: place.clone(),
            tally,
            orders,
            task,
        })
    }

    /// Opens a socket and waits until the document is there.
    pub(crate) async fn join(place: &Place, habits: Habits, ledger: &Arc<Ledger>) -> Result<Self> {
        let client = Self::open(place, habits, ledger).await?;
        client.wait_synced().await?;
        Ok(client)
    }

    /// Waits until the document is there.
    pub(crate) async fn wait_synced(&self) -> Result<()> {
        let deadline = Instant::now() + OPEN_MAX;
        while !self.tally.synced.load(Ordering::Acquire) {
            if self.tally.closed.load(Ordering::Acquire) {
                bail!("{} closed before it was synced", self.place.url);
            }
            if Instant::now() > deadline {
                bail!("{} was not synced in {OPEN_MAX:?}", self.place.url);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Sends a frame; an error when the socket takes no more.
    pub(crate) async fn send(&self, frame: Bytes) -> Result<()> {
        self.orders
            .send(Order::Send(frame))
            .await
            .ok()
            .with_context(|| format!("{} has closed", self.place.url))
    }

    /// Stops reading for a while.
    pub(crate) async fn sleep(&self, pause: Duration) -> Result<()> {
        let slept = self.orders.send(Order::Sleep(pause)).await.ok();
        slept.context("the client has ended")
    }
}

/// Breaks the connection, as a closed laptop does.
impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connect(url: &str, receive_buffer: Option<u32>) -> Result<Socket> {
    let request = url.into_client_request()?;
    let authority = request.uri().authority().context("an address")?;
    let address = authority.as_str().parse()?;
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(16 << 10)
        .write_buffer_size(4 << 10);
    let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}

struct Task {
    place: Place,
    habits: Habits,
    ledger: Arc<Ledger>,
    tally: Arc<Tally>,
}

impl Task {
    async fn run(self, mut socket: Socket, mut inbox: mpsc::Receiver<Order>) {
        let ended = self.serve(&mut socket, &mut inbox).await;
        self.tally.closed.store(true, Ordering::Release);
        // A server that ended the connection says so by its absence.
        drop(ended);
    }

    async fn serve(
        &self,
        socket: &mut Socket,
        inbox: &mut mpsc::Receiver<Order>,
    ) -> Result<(), Error> {
        let mut reads_from = Instant::now();
        loop {
            let asleep = reads_from > Instant::now();
            tokio::select! {
                message = socket.next(), if !asleep => {
                    let Some(message) = message.transpose()? else {
                        return Ok(());
                    };
                    if let Message::Binary(frame) = message
                        && let Some(answer) = self.hear(&frame)
                    {
                        socket.send(Message::Binary(answer)).await?;
                    }
                }
                order = inbox.recv() => {
                    let mut next = order;
                    while let Some(order) = next {
                        match order {
                            Order::Send(frame) => socket.feed(Message::Binary(frame)).await?,
                            Order::Sleep(pause) => reads_from = Instant::now() + pause,
                        }
                        next = inbox.try_recv().ok();
                    }
                    socket.flush().await?;
                }
                () = sleep_until(reads_from), if asleep => {}
            }
        }
    }

    /// Counts a frame, and gives what is to be answered.
    fn hear(&self, frame: &Bytes) -> Option<Bytes> {
        let tally = &self.tally;
        tally.frames.fetch_add(1, Ordering::Relaxed);
        match self.place.hear(frame) {
            Heard::SyncStep1 => {
                tally.answered.fetch_add(1, Ordering::Relaxed);
                return Some(self.place.nothing());
            }
            Heard::SyncStep2(update) => {
                self.keep(&update);
                tally.synced.store(true, Ordering::Release);
            }
            Heard::Update(update) => {
                self.count(&update);
                self.keep(&update);
            }
            Heard::Awareness(update) => self.count_presence(&update),
            Heard::Applied => self.count_applied(),
            Heard::NotApplied => {
                tally.not_applied.fetch_add(1, Ordering::Relaxed);
            }
            Heard::Ping => return Some(Place::pong()),
            Heard::Other => {}
        }
        None
    }

    /// A status, in the order of what was sent: first those of step 2s, then those of edits.
    fn count_applied(&self) {
        self.tally.applied.fetch_add(1, Ordering::Relaxed);
        let count = self.tally.acknowledged();
        let Some(number) = count.checked_sub(1).zip(self.habits.writer) else {
            return;
        };
        if let (Ok(number), writer) = (usize::try_from(number.0), number.1)
            && let Some(nanos) = self.ledger.age(writer, number)
        {
            self.tally.lock().acked.saturating_record(nanos / 1_000);
        }
    }

    fn keep(&self, update: &Bytes) {
        if self.habits.keeps == Keeps::Updates {
            self.tally.lock().updates.push(update.clone());
        }
    }

    fn count(&self, update: &[u8]) {
        let (mut delivered, mut echoed) = (0, 0);
        let mut kept = self.tally.lock();
        // An update this tool did not make has no times.
        update::spans(update, |span| {
            self.ledger.ages(span, |writer, _, nanos| {
                if self.habits.writer != Some(writer) {
                    delivered += 1;
                    // What stops reading on purpose is late on purpose: no time of the server.
                    if self.habits.receive_buffer.is_none() {
                        let times = if self.ledger.is_at(writer, self.place.node) {
                            &mut kept.seen
                        } else {
                            &mut kept.across
                        };
                        times.saturating_record(nanos / 1_000);
                    }
                    return;
                }
                echoed += 1;
                if self.place.address.is_none() {
                    kept.acked.saturating_record(nanos / 1_000);
                }
            });
        })
        .ok();
        drop(kept);
        self.tally.delivered.fetch_add(delivered, Ordering::Relaxed);
        self.tally.echoed.fetch_add(echoed, Ordering::Relaxed);
    }

    /// A presence state of this tool names the edit whose time it was sent at.
    fn count_presence(&self, update: &[u8]) {
        let Ok(entries) = awareness::decode(update) else {
            return;
        };
        let own = self
            .habits
            .writer
            .map(|writer| FIRST_CLIENT + writer as u64);
        let mut kept = self.tally.lock();
        let mut seen = 0;
        for entry in entries {
            let number = entry.state.and_then(|state| {
                let digits = state.split("\"at\":").nth(1)?;
                let end = digits.find(|c: char| !c.is_ascii_digit())?;
                digits.get(..end)?.parse::<u64>().ok()
            });
            if let Some(number) = number
                && Some(entry.client_id) != own
            {
                let chars = self.ledger.chars() as u64;
                let span = update::Span {
                    client: entry.client_id,
                    clock: number * chars,
                    chars,
                };
                self.ledger.ages(span, |_, _, nanos| {
                    seen += 1;
                    kept.seen.saturating_record(nanos / 1_000);
                });
            }
        }
        drop(kept);
        self.tally.presence.fetch_add(seen, Ordering::Relaxed);
    }
}
