//! One plan that is followed: what it held, what was found in it, and what is different now.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use convene_plan::content::Content;
use convene_plan::finding::{Finding, Findings};
use convene_plan::view::Gates;
use tokio::sync::{broadcast, watch};

use super::Event;
use crate::ids::PlanId;
use crate::room::ask::{Reading, Reply};
use crate::room::registry::Registry;
use crate::storage::Storage;
use crate::storage::journal::{Origin, Seq};
use crate::storage::plans::PlanHead;

/// Rows whose authors are looked up for one event; of more, the last.
const ROWS_MAX: u32 = 1_000;
/// How long nothing may move before it is looked whether anybody is there.
const LOOK_MAX: Duration = Duration::from_mins(1);
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
struct State {
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
            state: State {
                content: None,
                findings: None,
            },
        };
        // Before what it holds: what comes in between is told once more rather than not at all.
        if let Ok(heads) = storage.heads(&[plan]).await {
            topic.head = heads.first().copied();
        }
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

    /// What the plan holds up to this row at least, if the room here can say.
    async fn read(&self, seq: Seq) -> Option<Reading> {
        match self.registry.read_level(self.plan, seq).await {
            Ok(Reply::Content(reading)) => Some(reading),
            Ok(Reply::Refused(_)) | Err(_) => None,
        }
    }

    /// Looks what is different, and keeps what is there now.
    async fn compare(&mut self, content: Arc<Content>) -> (Vec<&'static str>, Option<Event>) {
        let mut state = State {
            content: self.state.content.take(),
            findings: self.state.findings.take(),
        };
        // Milliseconds of a processor, where no socket waits for it.
        let work = tokio::task::spawn_blocking(move || {
            let news = state.take(content);
            (state, news)
        });
        match work.await {
            Ok((state, news)) => {
                self.state = state;
                news
            }
            // The rules failed on this plan: it is compared with nothing then.
            Err(error) => {
                tracing::error!(plan.id = %self.plan, %error, "plan {} could not be compared", self.plan);
                (Vec::new(), None)
            }
        }
    }
}

impl State {
    fn take(&mut self, content: Arc<Content>) -> (Vec<&'static str>, Option<Event>) {
        let (Some(before), Some(findings)) = (&self.content, &mut self.findings) else {
            self.findings = Some(Findings::new(&content, &Gates::none()));
            self.content = Some(content);
            return (Vec::new(), None);
        };
        let roots = before.changed_roots(&content);
        if roots.is_empty() {
            self.content = Some(content);
            return (roots, None);
        }
        let old: HashMap<String, Finding> = findings
            .iter()
            .map(|it| (it.key.clone(), it.clone()))
            .collect();
        findings.refresh(&content, &Gates::none(), &roots);
        self.content = Some(content);
        let event = differ(old, findings);
        (roots, event)
    }
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
