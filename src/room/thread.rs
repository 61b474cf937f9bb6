//! Threads that run rooms: with a large stack, and watched for work that never ends.
//!
//! Documents are read and written by recursive code, so a room thread has 64 MiB of stack. A
//! watchdog looks at every thread 40 times a second: one that has spent 250 ms of its own processor
//! time on one client's update is given up. Its rooms are rebuilt on a new thread, and the server
//! is told, so that it can replace itself if the lost thread never ends.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::ids::{PlanId, SessionId, UserId};

/// Nested content is limited to a depth that needs a fraction of this.
const STACK_BYTES: usize = 64 << 20;
/// How often the watchdog looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// Rooms that can be waiting to start on one thread.
const STARTS_WAITING: usize = 1_024;

type StartRoom = Box<dyn FnOnce() + Send>;

/// What a thread is applying.
#[derive(Debug, Clone)]
pub struct Work {
    /// In which plan.
    pub plan: PlanId,
    /// From which session.
    pub session: SessionId,
    /// From whom.
    pub author: UserId,
    /// The update.
    pub update: Bytes,
}

/// What one thread is doing, for the watchdog.
#[derive(Debug, Default)]
pub struct Beat {
    /// Odd while an update is applied; moves on at each begin and end.
    serial: AtomicU64,
    work: Mutex<Option<Work>>,
}

impl Beat {
    /// Marks the start of applying an update.
    pub fn begin(&self, work: Work) {
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
        self.serial.fetch_add(1, Ordering::Release);
    }

    /// Marks its end.
    pub fn end(&self) {
        self.serial.fetch_add(1, Ordering::Release);
    }

    fn busy_with(&self) -> Option<u64> {
        let serial = self.serial.load(Ordering::Acquire);
        (serial % 2 == 1).then_some(serial)
    }

    fn work(&self) -> Option<Work> {
        self.work
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// One thread that runs rooms.
#[derive(Debug, Clone)]
pub struct RoomThread {
    starts: mpsc::Sender<StartRoom>,
    beat: Arc<Beat>,
}

impl RoomThread {
    /// Starts a thread called `name`; `watch` learns of it when an update takes longer than
    /// `apply_max`.
    pub fn start(
        name: &str,
        apply_max: Duration,
        watch: impl Fn(&RoomThread, Work) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (starts, inbox) = mpsc::channel(STARTS_WAITING);
        let thread = Self {
            starts,
            beat: Arc::default(),
        };
        let (tell_id, id) = std::sync::mpsc::channel();
        std::thread::Builder::new()
            .name(name.to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                // Nobody waits for the id if the watchdog could not be started.
                tell_id.send(own_schedstat()).ok();
                run(inbox);
            })?;
        let watched = thread.clone();
        let processor_time = ProcessorTime(id.recv().ok().flatten());
        std::thread::Builder::new()
            .name(format!("{name}-watch"))
            .spawn(move || {
                watchdog(&watched, &processor_time, apply_max, watch);
            })?;
        Ok(thread)
    }

    /// Runs the future that `make` returns on this thread; `false` when the thread takes no more.
    pub fn spawn<F>(&self, make: impl FnOnce(Arc<Beat>) -> F + Send + 'static) -> bool
    where
        F: Future<Output = ()> + 'static,
    {
        let beat = Arc::clone(&self.beat);
        let start: StartRoom = Box::new(move || {
            // The task's end is told by the room itself.
            drop(tokio::task::spawn_local(make(beat)));
        });
        self.starts.try_send(start).is_ok()
    }

    /// Whether both are the same thread.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.beat, &other.beat)
    }

    /// Whether the thread is applying an update at this moment.
    pub fn is_busy(&self) -> bool {
        self.beat.busy_with().is_some()
    }
}

fn run(mut inbox: mpsc::Receiver<StartRoom>) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "a room thread has no runtime; its rooms cannot start");
            return;
        }
    };
    LocalSet::new().block_on(&runtime, async move {
        while let Some(start) = inbox.recv().await {
            start();
        }
    });
}

fn watchdog(
    thread: &RoomThread,
    processor_time: &ProcessorTime,
    apply_max: Duration,
    watch: impl Fn(&RoomThread, Work),
) {
    let mut seen: Option<(u64, Duration)> = None;
    let mut looks = 0_u32;
    // The starter holds one sender and this watchdog another; the room thread outlives neither.
    loop {
        std::thread::sleep(LOOK_EVERY);
        looks = looks.wrapping_add(1);
        let Some(serial) = thread.beat.busy_with() else {
            seen = None;
            continue;
        };
        let spent = processor_time.read(looks);
        match seen {
            Some((same, since)) if same == serial => {
                if spent.saturating_sub(since) > apply_max
                    && let Some(work) = thread.beat.work()
                {
                    watch(thread, work);
                    return;
                }
            }
            Some(_) | None => seen = Some((serial, spent)),
        }
    }
}

/// Where the kernel tells how long the calling thread has run.
fn own_schedstat() -> Option<PathBuf> {
    let own = std::fs::read_link("/proc/thread-self").ok()?;
    let path = PathBuf::from("/proc").join(own).join("schedstat");
    std::fs::read_to_string(&path).ok().map(|_| path)
}

/// The processor time of a thread, or the watchdog's own count of looks where the kernel does not
/// tell it.
struct ProcessorTime(Option<PathBuf>);

impl ProcessorTime {
    fn read(&self, looks: u32) -> Duration {
        self.0
            .as_ref()
            .and_then(|path| std::fs::read_to_string(path).ok())
            .and_then(|text| text.split_whitespace().next()?.parse().ok())
            .map_or(LOOK_EVERY * looks, Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use std::sync::mpsc::channel;

    #[test]
    fn an_update_that_never_ends_is_noticed() {
        let clock = Clock::system();
        let (tell, told) = channel();
        let thread = RoomThread::start("spin", Duration::from_millis(100), move |_, work| {
            tell.send(work.session).unwrap();
        })
        .unwrap();
        let work = Work {
            plan: PlanId::generate(&clock),
            session: SessionId::generate(&clock),
            author: UserId::generate(&clock),
            update: Bytes::new(),
        };
        let session = work.session;
        let (stop, stopped) = channel::<()>();
        assert!(thread.spawn(move |beat| async move {
            beat.begin(work);
            while stopped.try_recv().is_err() {}
        }));
        assert_eq!(told.recv_timeout(Duration::from_secs(10)).unwrap(), session);
        stop.send(()).unwrap();
    }

    #[test]
    fn many_short_updates_are_not_one_long_one() {
        let clock = Clock::system();
        let (tell, told) = channel();
        let thread = RoomThread::start("busy", Duration::from_millis(200), move |_, _| {
            tell.send(()).unwrap();
        })
        .unwrap();
        let work = Work {
            plan: PlanId::generate(&clock),
            session: SessionId::generate(&clock),
            author: UserId::generate(&clock),
            update: Bytes::new(),
        };
        let (done, is_done) = channel();
        assert!(thread.spawn(move |beat| async move {
            let start = Clock::system().monotonic();
            while start.elapsed() < Duration::from_millis(600) {
                beat.begin(work.clone());
                beat.end();
            }
            done.send(()).unwrap();
        }));
        is_done.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(told.try_recv().is_err());
    }
}
