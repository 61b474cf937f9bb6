//! `history.*`: what a plan was, who changed it, and having it back.

use std::sync::Arc;

use convene_plan::content::Content;
use convene_plan::diff::{Difference, say};
use convene_protocol::control::history::{
    CHANGES_MAX, Change, Changes, Diff, Kept, List, NAMES_MAX, Name, Named, Restore, Restored,
    Source, Undo, VERSIONS_MAX, Version, Versions,
};
use convene_protocol::error_code::ErrorCode;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use super::asking::Worked;
use super::people::People;
use super::{Caller, Desk, For, Method, limit};
use crate::auth::access::Grant;
use crate::error::Failure;
use crate::history::back::{Part, Way, to_state, undo};
use crate::history::replay::{HistoryError, Stretch, stretch};
use crate::history::versions::{self, Sorter};
use crate::ids::PlanId;
use crate::storage::audit::{Act, Verb};
use crate::storage::history::NamedVersion;
use crate::storage::journal::{Origin, Seq};

/// Rows whose marks are read at a time for a list, and for one answer.
const MARKS: u32 = 2_000;
const MARKS_MAX: u32 = 50_000;

impl Method for List {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Versions, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let limit = limit(self.limit, VERSIONS_MAX)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let before = Seq(self.before.unwrap_or(i64::MAX));
        let named = desk.storage.versions(grant.plan()).await?;
        let ends: Vec<Seq> = named.iter().map(|it| it.seq).collect();
        let (mut sorted, is_end) = desk.sorted(grant.plan(), before, (limit, &ends)).await?;
        // The last one may not be whole, unless there is nothing before it.
        if !is_end && sorted.len() > limit {
            sorted.truncate(limit);
        }
        let next = sorted
            .last()
            .map(|it| it.first.0)
            .filter(|first| *first > 1);
        let authors = sorted.iter().flat_map(|it| it.authors.iter().copied());
        let people = desk.people(authors).await?;
        Ok(Versions {
            versions: sorted
                .iter()
                .map(|it| version(it, &named, &people))
                .collect(),
            next,
        })
    }
}

impl Method for Diff {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Changes, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let head = desk.head(grant.plan()).await?;
        let (from, to) = (Seq(self.from), Seq(self.to.unwrap_or(head.0)));
        if from.0 < 0 || from > to || to > head {
            return Err(no_such_point(head));
        }
        let part = Part {
            root: self.root,
            id: self.id,
            field: None,
        };
        let (stretch, _permit) = desk.stretch(grant.plan(), (from, to)).await?;
        let authors: Vec<_> = stretch.authors().collect();
        let people = desk.people(authors).await?;
        desk.apart(move || {
            let mut differences = stretch.differences();
            differences.retain(|it| part.holds(it));
            let total = u64::try_from(differences.len()).unwrap_or(u64::MAX);
            differences.truncate(CHANGES_MAX);
            Changes {
                changes: differences
                    .into_iter()
                    .map(|it| change(it, &stretch, &people))
                    .collect(),
                total,
                from: from.0,
                to: to.0,
            }
        })
        .await
    }
}

impl Method for Name {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Named, Failure> {
        let grant = desk.editor(caller, &self.plan).await?;
        let name = super::plan::name("a version's name", &self.name)?;
        let head = desk.head(grant.plan()).await?;
        let seq = Seq(self.seq.unwrap_or(head.0));
        if seq.0 < 1 {
            return Err(no_such_point(head));
        }
        let named = desk.storage.versions(grant.plan()).await?;
        // Another name for one that has one adds none.
        let others = named.iter().filter(|it| it.seq != seq).count();
        if others >= NAMES_MAX {
            let say = format!("{NAMES_MAX} points of this plan have a name; that is the limit");
            return Err(Failure::new(ErrorCode::TooLarge, say));
        }
        let by = caller.principal.user;
        let is_named = desk
            .storage
            .name_version(by, grant.plan(), (seq, name))
            .await?;
        if is_named {
            Ok(Named {
                seq: seq.0,
                name: name.to_owned(),
            })
        } else {
            Err(no_such_point(head))
        }
    }
}

impl Method for Restore {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Restored, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let seq = Seq(self.seq);
        let part = Part {
            root: self.root,
            id: self.id,
            field: self.field,
        };
        let head = desk.head(grant.plan()).await?;
        if seq.0 < 0 || seq > head {
            return Err(no_such_point(head));
        }
        let (stretch, _permit) = desk.stretch(grant.plan(), (seq, seq)).await?;
        let then = Arc::new(stretch.after);
        let detail = json!({
            "to": seq.0, "root": part.root, "id": part.id, "field": part.field,
        });
        let act = restored(caller, detail);
        let work = move |present: &Content| to_state(present, &then, &part);
        desk.bring_back(&grant, act, work).await
    }
}

impl Method for Undo {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Restored, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let (first, last) = (Seq(self.seq), Seq(self.to.unwrap_or(self.seq)));
        let head = desk.head(grant.plan()).await?;
        if first.0 < 1 || first > last || last > head {
            return Err(no_such_point(head));
        }
        let points = (Seq(first.0 - 1), last);
        let (stretch, _permit) = desk.stretch(grant.plan(), points).await?;
        let stretch = Arc::new(stretch);
        let act = restored(caller, json!({"undone": [first.0, last.0]}));
        let work = move |present: &Content| undo(present, (&stretch.before, &stretch.after));
        desk.bring_back(&grant, act, work).await
    }
}

impl Desk {
    /// The versions before a row, the newest first: more than `limit`, or all there are, which is said.
    async fn sorted(
        &self,
        plan: PlanId,
        before: Seq,
        (limit, named): (usize, &[Seq]),
    ) -> Result<(Vec<versions::Version>, bool), Failure> {
        let (mut sorter, mut before, mut read) = (Sorter::default(), before, 0);
        loop {
            let marks = self.storage.row_marks(plan, before, MARKS).await?;
            let Some(oldest) = marks.last() else {
                return Ok((sorter.done(), true));
            };
            before = oldest.seq;
            read += MARKS;
            for mark in marks {
                sorter.take(mark, named);
            }
            if sorter.len() > limit || read >= MARKS_MAX {
                return Ok((sorter.done(), false));
            }
        }
    }

    /// A stretch of a plan's history, and the right to hold it, which ends with the answer.
    pub(super) async fn stretch(
        &self,
        plan: PlanId,
        points: (Seq, Seq),
    ) -> Result<(Stretch, OwnedSemaphorePermit), Failure> {
        let permit = Arc::clone(&self.histories).acquire_owned().await;
        let permit = permit.map_err(|error| Failure::fault().caused_by(error))?;
        let read = stretch(&self.storage, plan, points).await;
        read.map(|stretch| (stretch, permit))
            .map_err(|error| match error {
                HistoryError::Storage(error) => error.into(),
                HistoryError::TooLong => Failure::new(ErrorCode::TooLarge, error.to_string()),
                HistoryError::Unreadable(_) | HistoryError::BrokenOff => {
                    Failure::new(ErrorCode::Internal, "the history cannot be read").caused_by(error)
                }
            })
    }

    /// Goes the way that `work` finds from what the plan holds.
    async fn bring_back(
        &self,
        grant: &Grant,
        act: Act,
        work: impl Fn(&Content) -> Way + Clone + Send + 'static,
    ) -> Result<Restored, Failure> {
        let work = move |present: &Content| {
            let Way { ops, changes, kept } = work(present);
            let kept = kept.into_iter().map(|(path, say)| Kept { path, say });
            Worked {
                ops,
                act: act.clone(),
                answer: (changes, kept.collect()),
            }
        };
        let ((changes, kept), seq) = self.rework(grant, Origin::History, work).await?;
        Ok(Restored {
            seq: seq.map(|seq| seq.0),
            changes,
            kept,
        })
    }
}

fn no_such_point(head: Seq) -> Failure {
    let say = format!("the history of this plan has the changes 1 to {}", head.0);
    Failure::new(ErrorCode::Invalid, say)
}

fn restored(caller: &Caller, detail: serde_json::Value) -> Act {
    Act {
        actor: Some(caller.principal.user),
        verb: Verb::HistoryRestored,
        detail,
    }
}

fn source(origin: Origin) -> Source {
    match origin {
        Origin::Session(_) => Source::Session,
        Origin::Control => Source::Control,
        // A draft has no history of its own to look at.
        Origin::Import | Origin::Draft => Source::Import,
        Origin::Proposal(..) => Source::Proposal,
        Origin::History => Source::History,
        Origin::Restore | Origin::Epoch => Source::Restore,
        Origin::Squash => Source::Squash,
    }
}

fn proposal(origin: Origin) -> Option<String> {
    match origin {
        Origin::Proposal(proposal, _) => Some(proposal.to_string()),
        Origin::Session(_)
        | Origin::Control
        | Origin::Import
        | Origin::Restore
        | Origin::History
        | Origin::Draft
        | Origin::Epoch
        | Origin::Squash => None,
    }
}

fn version(version: &versions::Version, named: &[NamedVersion], people: &People) -> Version {
    let name = named.iter().find(|it| it.seq == version.last);
    Version {
        first: version.first.0,
        last: version.last.0,
        began: version.began.to_rfc3339(),
        ended: version.ended.to_rfc3339(),
        source: source(version.origin),
        proposal: proposal(version.origin),
        by: version
            .authors
            .iter()
            .map(|it| people.person(*it))
            .collect(),
        name: name.map(|it| it.name.clone()),
    }
}

fn change(difference: Difference, stretch: &Stretch, people: &People) -> Change {
    let writer = stretch.writer(&difference);
    Change {
        say: say(&difference, &stretch.before, &stretch.after),
        by: writer
            .and_then(|it| it.author)
            .map(|author| people.person(author)),
        at: writer.map(|it| it.at.to_rfc3339()),
        seq: writer.map(|it| it.seq.0),
        difference,
    }
}
