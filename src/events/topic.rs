//! One plan that is followed: what it held, what was found in it, and what is different now.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use convene_plan::content::Content;
use convene_plan::finding::{Finding, Findings};
use convene_plan::view::Gates;
use tokio::sync::{broadcast, watch};

use super::Event;
use super::standing::Standing;
use crate::ids::PlanId;
use crate::room::ask::{Reading, Reply};
use crate::room::registry::Registry;
use crate::storage::gates::approved;
use crate::storage::journal::{Origin, Seq};
use crate::storage::plans::PlanHead;
use crate::storage::{Storage, StorageError};

/// Rows whose authors are looked up for one event; of more, the last.
const ROWS_MAX: u32 = 1_000;
/// How long nothing may move before it is looked whether anybody is there.
const LOOK_MAX: Duration = Duration::from_mins(1);
/// Proposals that are told of in one event; of more, those that moved first.
const PROPOSALS_MAX: u32 = 200;
/// How long a plan that could not be read is left alone.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// A plan that is followed.
pub(super) struct Topic {
    plan: PlanId,
    registry: Registry,
    storage: Storage,
    head: Option<PlanHead>,
    /// Whether rows up to the head are still to be told of.
    is_behind: bool,
    state: State,
}

/// What is compared with.
#[derive(Default)]
struct State {
    /// What waits for decisions.
    standing: Standing,
    /// What was approved.
    gates: Gates,
    /// What the plan held; none as long as it could not be read.
    content: Option<Arc<Content>>,
    findings: Option<Findings>,
}

impl Topic {
    /// Reads what the plan holds now.
    pub(super) async fn begin(registry: &Registry, storage: &Storage, plan: PlanId) -> Self {
        let mut topic = Self {
            plan,
            registry: registry.clone(),
            storage: storage.clone(),
            head: None,
            is_behind: false,
            state: State::default(),
        };
        // Before what it holds: what comes in between is told once more rather than not at all.
        if let Ok(heads) = storage.heads(&[plan]).await {
            topic.head = heads.first().copied();
        }
        topic.look_at_proposals(None).await;
        if let Some(reading) = topic.read(topic.head.map_or(Seq(0), |it| it.head)).await {
            topic.compare(reading.content).await;
        }
        topic
    }

    pub(super) const fn head(&self) -> Option<PlanHead> {
        self.head
    }

    /// Says what happens, until nobody follows any more.
    pub(super) async fn run(
        mut self,
        mut moved: watch::Receiver<Option<PlanHead>>,
        events: broadcast::Sender<Arc<Event>>,
    ) {
        loop {
            let wait = if self.is_behind {
                AGAIN_AFTER
            } else {
                LOOK_MAX
            };
            // Ends when its entry is dropped; looks again by itself while something is missing.
            match tokio::time::timeout(wait, moved.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) if self.is_behind => {}
                Err(_) => continue,
            }
            let head = *moved.borrow_and_update();
            let said = self.news(head).await;
            for event in said {
                // Who stops following in this moment misses it.
                events.send(Arc::new(event)).ok();
            }
        }
    }

    async fn news(&mut self, head: Option<PlanHead>) -> Vec<Event> {
        let before = std::mem::replace(&mut self.head, head);
        let Some(head) = head else {
            return vec![Event::Gone];
        };
        let mut said = Vec::new();
        if before.is_none_or(|it| it.access_version != head.access_version) {
            said.push(Event::Members);
        }
        let before_proposals = before.map_or(0, |it| it.proposals);
        if before_proposals != head.proposals {
            said.extend(self.look_at_proposals(Some(before_proposals)).await);
        }
        let known = before.map_or(Seq(0), |it| it.head);
        if known == head.head {
            self.is_behind = false;
            return said;
        }
        let Some(reading) = self.read(head.head).await else {
            // What is told of members is told; the rest is looked at again.
            self.head = Some(PlanHead {
                head: known,
                ..head
            });
            self.is_behind = true;
            return said;
        };
        // What the room lacks by now is told when it has it.
        let seq = reading.seq.min(head.head);
        self.head = Some(PlanHead { head: seq, ..head });
        self.is_behind = seq < head.head;
        let (mut by, mut imports) = (BTreeSet::new(), Vec::new());
        let end = Seq(seq.0 + 1);
        let marks = self.storage.row_marks(self.plan, end, ROWS_MAX).await;
        for mark in marks.unwrap_or_default() {
            if mark.seq <= known {
                break;
            }
            by.extend(mark.author);
            if let (Origin::Import, Some(by)) = (mark.origin, mark.author) {
                imports.push(Event::Imported { seq: mark.seq, by });
            }
        }
        let (roots, findings) = self.compare(reading.content).await;
        if !roots.is_empty() {
            said.push(Event::Changed {
                seq,
                roots,
                by: by.into_iter().collect(),
            });
        }
        imports.reverse();
        said.extend(imports);
        said.extend(findings);
        said
    }

    /// Reads what waits for decisions and what was approved; tells what happened to either since.
    async fn look_at_proposals(&mut self, since: Option<i64>) -> Vec<Event> {
        match self.proposals(since).await {
            Ok(said) => said,
            Err(error) => {
                tracing::debug!(%error, "the proposals of a plan could not be looked at");
                // With the next look.
                if let (Some(head), Some(since)) = (&mut self.head, since) {
                    head.proposals = since;
                    self.is_behind = true;
                }
                Vec::new()
            }
        }
    }

    async fn proposals(&mut self, since: Option<i64>) -> Result<Vec<Event>, StorageError> {
        self.state.standing.load(&self.storage, self.plan).await?;
        let gates = approved(&self.storage.gates(self.plan).await?)?;
        let Some(since) = since else {
            self.state.gates = gates;
            return Ok(Vec::new());
        };
        let mut said = Vec::new();
        let rows = self
            .storage
            .proposals_since(self.plan, since, PROPOSALS_MAX)
            .await?;
        if !rows.is_empty() {
            said.push(Event::Proposals(rows));
        }
        if self.storage.gates_moved(self.plan, since).await? {
            said.push(Event::Gates);
        }
        let news = self.apart(move |state| state.judge_by(gates)).await;
        said.extend(news.unwrap_or_default());
        Ok(said)
    }

    /// What the plan holds up to this row at least, if the room here can say.
    async fn read(&self, seq: Seq) -> Option<Reading> {
        match self.registry.read_level(self.plan, seq).await {
            Ok(Reply::Content(reading)) => Some(reading),
            Ok(Reply::Refused(_)) | Err(_) => None,
        }
    }

    /// Looks what is different, and keeps what is there now.
    async fn compare(&mut self, content: Arc<Content>) -> (Vec<&'static str>, Vec<Event>) {
        let news = self.apart(move |state| state.take(content)).await;
        news.unwrap_or_default()
    }

    /// Does what takes milliseconds of a processor where no socket waits for it.
    async fn apart<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut State) -> T + Send + 'static,
    ) -> Option<T> {
        let mut state = std::mem::take(&mut self.state);
        let work = tokio::task::spawn_blocking(move || {
            let done = work(&mut state);
            (state, done)
        });
        match work.await {
            Ok((state, done)) => {
                self.state = state;
                Some(done)
            }
            // The rules failed on this plan: it is compared with nothing then.
            Err(error) => {
                tracing::error!(plan.id = %self.plan, %error, "plan {} could not be compared", self.plan);
                None
            }
        }
    }
}

impl State {
    fn take(&mut self, content: Arc<Content>) -> (Vec<&'static str>, Vec<Event>) {
        let (Some(before), Some(findings)) = (&self.content, &mut self.findings) else {
            self.findings = Some(Findings::new(&content, &self.gates));
            // How it stands now is what is compared with.
            self.standing.news(&content);
            self.content = Some(content);
            return (Vec::new(), Vec::new());
        };
        let roots = before.changed_roots(&content);
        if roots.is_empty() {
            self.content = Some(content);
            return (roots, Vec::new());
        }
        let old = by_key(findings);
        findings.refresh(&content, &self.gates, &roots);
        let mut news: Vec<Event> = differ(old, findings).into_iter().collect();
        news.extend(self.standing.news(&content));
        self.content = Some(content);
        (roots, news)
    }

    /// Judges what the plan holds by what is approved now, and how what is proposed stands to it.
    fn judge_by(&mut self, gates: Gates) -> Vec<Event> {
        let Some(content) = &self.content else {
            self.gates = gates;
            return Vec::new();
        };
        let mut news = self.standing.news(content);
        if gates != self.gates {
            let now = Findings::new(content, &gates);
            let old = self.findings.as_ref().map(by_key).unwrap_or_default();
            news.extend(differ(old, &now));
            self.findings = Some(now);
            self.gates = gates;
        }
        news
    }
}

fn by_key(findings: &Findings) -> HashMap<String, Finding> {
    findings
        .iter()
        .map(|it| (it.key.clone(), it.clone()))
        .collect()
}

/// What opened and what cleared. The same key with other words is neither.
fn differ(mut old: HashMap<String, Finding>, now: &Findings) -> Option<Event> {
    let mut opened = Vec::new();
    let mut total = 0;
    for finding in now.iter() {
        total += 1;
        if old.remove(&finding.key).is_none() {
            opened.push(finding.clone());
        }
    }
    let mut cleared: Vec<String> = old.into_keys().collect();
    if opened.is_empty() && cleared.is_empty() {
        return None;
    }
    opened.sort_by(|a, b| (a.severity, &a.key).cmp(&(b.severity, &b.key)));
    cleared.sort_unstable();
    Some(Event::Findings {
        opened,
        cleared,
        total,
    })
}
