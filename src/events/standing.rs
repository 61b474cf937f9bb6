//! How the changes of submitted proposals stand to a plan, so that it can be told when that is different.

use std::collections::{BTreeMap, BTreeSet};

use convene_plan::content::Content;
use convene_plan::proposal::{Change, Class, Read, classes, void_without};
use convene_protocol::control::proposal::{ChangeState, Status};
use serde::Deserialize;

use super::Event;
use crate::ids::{PlanId, ProposalId};
use crate::storage::proposals::ProposalRow;
use crate::storage::{Storage, StorageError};

/// Proposals of one plan that are looked at; of more, the oldest.
const PROPOSALS_MAX: usize = 100;

/// What waits for decisions.
#[derive(Default)]
pub(super) struct Standing {
    submitted: Vec<Submitted>,
    /// How it stood when it was last told, or first seen.
    told: BTreeMap<(ProposalId, i64), BTreeMap<u32, Class>>,
}

struct Submitted {
    proposal: ProposalId,
    revision: i64,
    /// All of them.
    changes: Vec<Change>,
    /// The numbers of those that were decided.
    decided: BTreeSet<u32>,
    /// The numbers of those that are not to be.
    turned_down: BTreeSet<u32>,
    reads: Vec<Read>,
}

/// What of an author's words counts here.
#[derive(Deserialize)]
struct Kept {
    #[serde(default)]
    reads: Vec<Read>,
}

impl Standing {
    /// Reads what waits for decisions in `plan`.
    pub(super) async fn load(
        &mut self,
        storage: &Storage,
        plan: PlanId,
    ) -> Result<(), StorageError> {
        let rows = storage.open_proposals(plan).await?.into_iter();
        let rows = rows.filter(|row| row.status == Status::Submitted);
        let mut submitted = Vec::new();
        for row in rows.take(PROPOSALS_MAX) {
            submitted.extend(read(storage, &row).await?);
        }
        let is_there = |(proposal, revision): &(ProposalId, i64)| {
            submitted
                .iter()
                .any(|it: &Submitted| (it.proposal, it.revision) == (*proposal, *revision))
        };
        self.told.retain(|key, _| is_there(key));
        self.submitted = submitted;
        Ok(())
    }

    /// What stands to the plan in another way than was told.
    pub(super) fn news(&mut self, content: &Content) -> Vec<Event> {
        let mut news = Vec::new();
        for it in &self.submitted {
            let now = it.stands(content);
            let key = (it.proposal, it.revision);
            if let Some(before) = self.told.get(&key) {
                let is_other = |(no, class): &(&u32, &Class)| before.get(no) != Some(*class);
                let moved = now.iter().filter(is_other);
                let classes: Vec<(u32, Class)> =
                    moved.map(|(no, class)| (*no, class.clone())).collect();
                if !classes.is_empty() {
                    news.push(Event::Classes {
                        proposal: it.proposal,
                        revision: it.revision,
                        classes,
                    });
                }
            }
            self.told.insert(key, now);
        }
        news
    }
}

impl Submitted {
    /// How what nobody has decided stands to a plan.
    fn stands(&self, content: &Content) -> BTreeMap<u32, Class> {
        let counting = self.changes.iter();
        let counting = counting.filter(|change| !self.turned_down.contains(&change.no));
        let counting: Vec<Change> = counting.cloned().collect();
        let mut classes = classes(&counting, content, &self.reads);
        classes.retain(|(no, _)| !self.decided.contains(no));
        void_without(&self.changes, &self.turned_down, content, &mut classes);
        classes.into_iter().collect()
    }
}

/// None of what cannot be read, of which nothing can be told.
async fn read(storage: &Storage, row: &ProposalRow) -> Result<Option<Submitted>, StorageError> {
    let changes = storage.proposal_changes(row.id, row.revision).await?;
    let all = changes
        .iter()
        .map(|change| serde_json::from_str(&change.change));
    let of = |is_it: fn(ChangeState) -> bool| -> BTreeSet<u32> {
        let those = changes.iter().filter(|change| is_it(change.state));
        those.map(|change| change.no).collect()
    };
    let decided = of(|state| state != ChangeState::Open);
    let turned_down = of(|state| matches!(state, ChangeState::Rejected | ChangeState::Undone));
    let (Ok(changes), Ok(Kept { reads })) = (
        all.collect::<Result<Vec<Change>, _>>(),
        serde_json::from_str(&row.about),
    ) else {
        return Ok(None);
    };
    Ok(Some(Submitted {
        proposal: row.id,
        revision: row.revision,
        changes,
        decided,
        turned_down,
        reads,
    }))
}
