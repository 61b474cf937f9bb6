//! Who changed what stands in the way of a proposal.

use std::collections::BTreeMap;

use convene_plan::diff::{Difference, What};
use convene_plan::proposal::{Change, Class};
use convene_plan::schema::{Root, Shape};

use super::super::Desk;
use super::seeing::Seen;
use crate::clock::Timestamp;
use crate::history::back::field_of;
use crate::ids::UserId;

/// Who, and when, by the numbers of changes.
pub(super) type Blame = BTreeMap<u32, (UserId, Timestamp)>;

impl Desk {
    /// Who changed since what changes in conflict are about, or put it away. Empty when that cannot be told:
    /// when the history is too long for it, or was begun anew.
    pub(super) async fn blame(&self, seen: &Seen) -> Blame {
        let stands = |class: &Option<Class>| match class {
            Some(Class::Conflict { .. } | Class::Void { .. }) => true,
            Some(
                Class::Clean | Class::Already | Class::Mergeable { .. } | Class::Drifted { .. },
            )
            | None => false,
        };
        let wanted: Vec<Change> = seen
            .changes
            .iter()
            .filter(|it| stands(&it.class))
            .map(|it| it.change.clone())
            .collect();
        let (epoch, from) = seen.row.base;
        let is_of_now = self
            .place(seen.row.plan)
            .await
            .is_ok_and(|it| it.epoch == epoch);
        if wanted.is_empty() || !is_of_now || from > seen.present.seq {
            return Blame::new();
        }
        let points = (from, seen.present.seq);
        let Ok((stretch, _permit)) = self.stretch(seen.row.plan, points).await else {
            return Blame::new();
        };
        let work = move || {
            let differences = stretch.differences();
            let mut blame = Blame::new();
            for change in &wanted {
                let of = differences.iter().find(|it| is_about(it, change));
                let writer = of.and_then(|it| stretch.writer(it));
                if let Some((author, at)) = writer.and_then(|it| Some((it.author?, it.at))) {
                    blame.insert(change.no, (author, at));
                }
            }
            blame
        };
        self.apart(work).await.unwrap_or_default()
    }
}

/// Whether a difference is of what a change is about, or of that being there at all.
fn is_about(difference: &Difference, change: &Change) -> bool {
    let root = change.path.first().and_then(|root| Root::of(root));
    let (id, field) = match root.map(|root| root.shape) {
        Some(Shape::Many { .. }) => (change.path.get(1), change.path.get(2)),
        Some(Shape::One | Shape::Counts) => (None, change.path.get(1)),
        None => return false,
    };
    let is_same = Some(difference.root()) == root.map(|root| root.name)
        && difference.id == id.map_or("", String::as_str);
    let is_field = field.is_none() || field_of(&difference.what) == field.map(String::as_str);
    let is_there = matches!(
        difference.what,
        What::Archived | What::Gone { .. } | What::Made { .. }
    );
    is_same && (is_field || is_there)
}
