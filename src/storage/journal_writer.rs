//! The one task of a node that writes the journal: whatever all rooms ask for while one commit is in
//! flight becomes the next one.
//!
//! It never gives up on an append: while the database is away it waits and tries again, the inbox
//! fills, and the rooms hold their backlog. One plan that fails alone does not hold up the others
//! for long: a failed batch is tried again plan by plan, and plans that fail go to the back.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use metrics::{counter, histogram};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::database::Storage;
use super::error::StorageError;
use super::journal::{Append, AppendRefused, Committed};
use crate::ids::PlanId;

/// Appends waiting to be taken. A full inbox makes rooms wait, and they bound their own backlog.
const INBOX_APPENDS: usize = 1024;
/// Rows in one transaction: enough that a commit's cost vanishes, few enough that it stays short.
const BATCH_ROWS_MAX: usize = 2048;
/// Bytes of updates in one transaction. One append may be larger and then goes alone.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// How long one transaction may take before its outcome counts as unknown.
const ATTEMPT_MAX: Duration = Duration::from_secs(30);
/// The first wait after a failure; doubled up to [`WAIT_MAX`].
const WAIT_MIN: Duration = Duration::from_millis(50);
/// The longest wait: when the database is back, people notice within a second.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// How long shutdown waits for what is queued.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// After so many plans in a row that fail alone it is the database and not the plans.
const FAILED_PLANS_IN_A_ROW: usize = 2;

type Answer = Result<Committed, AppendRefused>;

struct Job {
    append: Append,
    /// Whether it was tried before, so that it may be committed already.
    is_tried: bool,
    /// Receives the answer once; the room may have gone away.
    answer: oneshot::Sender<Answer>,
}

impl Job {
    fn bytes(&self) -> usize {
        self.append.rows.iter().map(|row| row.update.len()).sum()
    }
}

/// Where rooms leave their appends.
#[derive(Clone, Debug)]
pub struct JournalHandle {
    /// From every room to the writer; at most [`INBOX_APPENDS`], then the sender waits.
    inbox: mpsc::Sender<Job>,
    stalled: Arc<AtomicBool>,
}

/// An append in the writer's hands; resolves when it is committed or refused.
#[derive(Debug)]
pub struct PendingAppend(Option<oneshot::Receiver<Answer>>);

impl Future for PendingAppend {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        match &mut self.0 {
            None => Poll::Ready(Err(AppendRefused::WriterEnded)),
            Some(answer) => Pin::new(answer)
                .poll(context)
                .map(|answer| answer.unwrap_or(Err(AppendRefused::WriterEnded))),
        }
    }
}

impl JournalHandle {
    /// Hands `append` over, waiting while the inbox is full. Appends of one plan are committed in
    /// the order in which this returned.
    pub async fn enqueue(&self, append: Append) -> PendingAppend {
        let (answer, pending) = oneshot::channel();
        let sent = self
            .inbox
            .send(Job {
                append,
                is_tried: false,
                answer,
            })
            .await;
        PendingAppend(sent.is_ok().then_some(pending))
    }

    /// Hands `append` over and waits until it is committed or refused.
    pub async fn append(&self, append: Append) -> Answer {
        self.enqueue(append).await.await
    }

    /// Whether the last try to write failed and nothing was written since.
    pub fn is_stalled(&self) -> bool {
        self.stalled.load(Ordering::Relaxed)
    }
}

/// The task that writes the journal.
#[derive(Debug)]
pub struct JournalWriter;

impl JournalWriter {
    /// Starts the task on `tracker`. When `stop` is cancelled it takes no more appends, writes what
    /// is queued for at most ten seconds, and ends.
    pub fn spawn(
        storage: Storage,
        tracker: &TaskTracker,
        stop: CancellationToken,
    ) -> JournalHandle {
        let (sender, inbox) = mpsc::channel(INBOX_APPENDS);
        let stalled = Arc::new(AtomicBool::new(false));
        let writer = Writer {
            storage,
            inbox,
            queue: VecDeque::new(),
            stalled: Arc::clone(&stalled),
        };
        tracker.spawn(writer.run(stop));
        JournalHandle {
            inbox: sender,
            stalled,
        }
    }
}

struct Writer {
    storage: Storage,
    inbox: mpsc::Receiver<Job>,
    /// Taken from the inbox and not yet answered, in order; bounded by [`BATCH_ROWS_MAX`] appends.
    queue: VecDeque<Job>,
    stalled: Arc<AtomicBool>,
}

impl Writer {
    async fn run(mut self, stop: CancellationToken) {
        if stop
            .run_until_cancelled(self.write_until_closed())
            .await
            .is_some()
        {
            return;
        }
        self.inbox.close();
        if timeout(DRAIN_MAX, self.write_until_closed()).await.is_err() {
            tracing::error!(
                appends = self.queue.len() + self.inbox.len(),
                "the journal could not be written before shutdown; nothing of it was acknowledged"
            );
        }
    }

    async fn write_until_closed(&mut self) {
        let mut wait = WAIT_MIN;
        while self.fill().await {
            match self.write_queue().await {
                Ok(()) => {
                    wait = WAIT_MIN;
                    self.stalled.store(false, Ordering::Relaxed);
                }
                Err(error) => {
                    counter!("convene_journal_failures_total").increment(1);
                    if !self.stalled.swap(true, Ordering::Relaxed) {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "the journal cannot be written; it is tried again until it can"
                        );
                    }
                    tokio::time::sleep(wait).await;
                    wait = wait.saturating_mul(2).min(WAIT_MAX);
                }
            }
        }
    }

    /// Takes what waits in the inbox, waiting for a first append. False when there will be none.
    async fn fill(&mut self) -> bool {
        if self.queue.is_empty() {
            let Some(job) = self.inbox.recv().await else {
                return false;
            };
            self.queue.push_back(job);
        }
        while self.queue.len() < BATCH_ROWS_MAX {
            let Ok(job) = self.inbox.try_recv() else {
                break;
            };
            self.queue.push_back(job);
        }
        true
    }

    /// Writes the front of the queue in one transaction, or plan by plan if that fails.
    async fn write_queue(&mut self) -> Result<(), StorageError> {
        let count = self.batch_len();
        let mut is_tried = false;
        let mut batch: Vec<Append> = Vec::with_capacity(count);
        for job in self.queue.iter_mut().take(count) {
            is_tried |= std::mem::replace(&mut job.is_tried, true);
            batch.push(job.append.clone());
        }
        let outcome = if is_tried {
            self.measured(&batch, Box::pin(self.storage.append(&batch)))
                .await
        } else {
            self.measured(&batch, Box::pin(self.storage.append_untried(&batch)))
                .await
        };
        match outcome {
            Ok(answers) => {
                self.answer(answers);
                Ok(())
            }
            Err(error) => self.write_plan_by_plan(batch, error).await,
        }
    }

    fn batch_len(&self) -> usize {
        let (mut rows, mut bytes) = (0_usize, 0_usize);
        self.queue
            .iter()
            .take_while(|job| {
                let first = rows == 0 && bytes == 0;
                rows = rows.saturating_add(job.append.rows.len().max(1));
                bytes = bytes.saturating_add(job.bytes());
                first || (rows <= BATCH_ROWS_MAX && bytes <= BATCH_BYTES_MAX)
            })
            .count()
    }

    async fn measured(
        &self,
        batch: &[Append],
        attempt: impl Future<Output = Result<Vec<Answer>, StorageError>>,
    ) -> Result<Vec<Answer>, StorageError> {
        let started = self.storage.clock.monotonic();
        let answers = timeout(ATTEMPT_MAX, attempt)
            .await
            .unwrap_or_else(|_| Err(StorageError::timed_out("no commit within 30 seconds")))?;
        let rows: usize = batch.iter().map(|append| append.rows.len()).sum();
        histogram!("convene_journal_commit_seconds").record(started.elapsed());
        #[expect(
            clippy::cast_precision_loss,
            reason = "a batch has a few thousand rows"
        )]
        histogram!("convene_journal_batch_rows").record(rows as f64);
        counter!("convene_journal_rows_total").increment(rows as u64);
        Ok(answers)
    }

    /// Answers the first appends of the queue and takes them out.
    fn answer(&mut self, answers: Vec<Answer>) {
        for (job, answer) in self.queue.drain(..answers.len()).zip(answers) {
            // A room that is gone does not ask; its edits are in the journal all the same.
            job.answer.send(answer).ok();
        }
    }

    /// Tries each plan of the failed `batch` alone. What fails again goes behind the other plans,
    /// in its own order.
    async fn write_plan_by_plan(
        &mut self,
        batch: Vec<Append>,
        error: StorageError,
    ) -> Result<(), StorageError> {
        let plans: Vec<PlanId> = distinct(&batch);
        if plans.len() < 2 {
            self.send_to_back(&plans);
            return Err(error);
        }
        let (mut failed, mut in_a_row, mut last_error) = (Vec::new(), 0_usize, None);
        for plan in plans {
            if in_a_row == FAILED_PLANS_IN_A_ROW {
                break;
            }
            let alone: Vec<Append> = batch
                .iter()
                .filter(|append| append.plan == plan)
                .cloned()
                .collect();
            match self
                .measured(&alone, Box::pin(self.storage.append(&alone)))
                .await
            {
                Ok(answers) => {
                    in_a_row = 0;
                    self.answer_plan(plan, answers);
                }
                Err(error) => {
                    in_a_row += 1;
                    failed.push(plan);
                    last_error = Some(error);
                }
            }
        }
        self.send_to_back(&failed);
        last_error.map_or(Ok(()), Err)
    }

    /// Answers the first appends of `plan` and takes them out of the queue.
    fn answer_plan(&mut self, plan: PlanId, answers: Vec<Answer>) {
        let mut answers = answers.into_iter();
        let mut rest = VecDeque::with_capacity(self.queue.len());
        for job in self.queue.drain(..) {
            let answer = (job.append.plan == plan).then(|| answers.next()).flatten();
            match answer {
                Some(answer) => {
                    job.answer.send(answer).ok();
                }
                None => rest.push_back(job),
            }
        }
        self.queue = rest;
    }

    fn send_to_back(&mut self, plans: &[PlanId]) {
        let (back, front): (VecDeque<Job>, VecDeque<Job>) = self
            .queue
            .drain(..)
            .partition(|job| plans.contains(&job.append.plan));
        self.queue = front;
        self.queue.extend(back);
    }
}

/// The plans of `batch`, in the order of their first append.
fn distinct(batch: &[Append]) -> Vec<PlanId> {
    let mut places: BTreeMap<PlanId, usize> = BTreeMap::new();
    for (place, append) in batch.iter().enumerate() {
        places.entry(append.plan).or_insert(place);
    }
    let mut plans: Vec<(usize, PlanId)> = places
        .into_iter()
        .map(|(plan, place)| (place, plan))
        .collect();
    plans.sort_unstable();
    plans.into_iter().map(|(_, plan)| plan).collect()
}
