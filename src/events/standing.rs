//! How the changes of submitted proposals stand to a plan, so that it can be told when that is different.

use std::collections::BTreeMap;

use convene_plan::content::Content;
use convene_plan::proposal::{Change, Class, Decided, Read, open_classes};
use convene_protocol::control::proposal::Status;
use serde::Deserialize;

use super::Event;
use crate::ids::{PlanId, ProposalId};
use crate::storage::proposals::{ChangeRow, ProposalRow};
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
    decided: Decided,
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
            let now: BTreeMap<u32, Class> =
                open_classes(&it.changes, &it.decided, content, &it.reads)
                    .into_iter()
                    .collect();
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

/// None of what cannot be read, of which nothing can be told.
async fn read(storage: &Storage, row: &ProposalRow) -> Result<Option<Submitted>, StorageError> {
    let changes = storage.proposal_changes(row.id, row.revision).await?;
    let all = changes
        .iter()
        .map(|change| serde_json::from_str(&change.change));
    let decided = ChangeRow::decided(&changes);
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
        reads,
    }))
}
