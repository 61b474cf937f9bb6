//! `proposal.get`: how the changes of a proposal stand to the plan now. What is decided is decided of this.

use std::sync::Arc;

use convene_plan::content::Content;
use convene_plan::proposal::gate::{Frozen, GateNeed, needed};
use convene_plan::proposal::{
    Change, Choice, Class, Effect, Read, Rehearsal, Resolve, Unsound, changes, open_classes,
    rehearse, say,
};
use convene_plan::view::Gates;
use convene_protocol::control::proposal::{
    ChangeBody, ChangeState, DecisionBody, Get, Pick, Proposal, Status, Verdict,
};

use super::super::people::People;
use super::super::{Caller, Desk, For, Method};
use super::blaming::Blame;
use super::case::{Case, Kept};
use super::gating::{SeenGate, gate_brief, gate_of, gate_subject, shown_hash};
use crate::auth::access::Grant;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::ids::{ProposalId, UserId};
use crate::room::ask::Reading;
use crate::storage::gates::{ApprovalRow, GateRow};
use crate::storage::proposals::{ChangeRow, DecisionRow, ProposalRow};

/// How often leaving out what cannot be accepted is tried, to say what the rest does.
const TRIALS_MAX: u8 = 8;

/// A proposal as it stands to the plan.
pub(super) struct Seen {
    pub(super) row: ProposalRow,
    /// Whether the changes are those of a submitted revision.
    pub(super) is_submitted: bool,
    /// Whether the draft was edited since.
    pub(super) is_edited: bool,
    pub(super) present: Reading,
    pub(super) reads: Vec<Read>,
    pub(super) kept: Kept,
    pub(super) changes: Vec<SeenChange>,
    pub(super) unsound: Vec<Unsound>,
    pub(super) effect: Effect,
    /// What was approved of the plan, by which its findings are judged.
    pub(super) gates: Gates,
}

/// One change of it.
pub(super) struct SeenChange {
    pub(super) row: ChangeRow,
    pub(super) change: Change,
    /// None once it is decided.
    pub(super) class: Option<Class>,
    pub(super) say: String,
    /// The hash of all that is shown of it.
    pub(super) shown: String,
    pub(super) gate: Option<SeenGate>,
}

/// What is read before anything is worked out.
struct Known {
    row: ProposalRow,
    kept: Kept,
    present: Arc<Content>,
    /// Of a revision the rows, else what the draft began with and says.
    from: From,
    gates: Gates,
    asked: (Vec<GateRow>, Vec<ApprovalRow>),
}

enum From {
    Revision(Vec<ChangeRow>),
    Draft(Arc<Content>, Arc<Content>),
}

impl Method for Get {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Proposal, Failure> {
        let case = desk.case(caller, &self.plan, &self.proposal).await?;
        desk.seen_body(&case).await
    }
}

impl Seen {
    /// Whether a change waits for approvals that nobody was asked for: the plan has changed under it, or a
    /// process ended before it asked.
    pub(super) fn lacks_gates(&self) -> bool {
        let lacks = |change: &SeenChange| change.gate.as_ref().is_some_and(|it| it.id.is_none());
        self.is_submitted && self.row.status == Status::Submitted && self.changes.iter().any(lacks)
    }
}

impl Desk {
    /// Works out how a proposal stands to its plan.
    pub(super) async fn see(&self, case: &Case) -> Result<Seen, Failure> {
        let row = case.row.clone();
        let is_submitted = row.revision > 0 && row.status != Status::Drafting;
        let from = if is_submitted {
            From::Revision(self.storage.proposal_changes(row.id, row.revision).await?)
        } else {
            From::Draft(self.base(&row).await?, self.drafted(&row).await?.content)
        };
        let is_edited = is_submitted && self.place(row.id.draft()).await?.head != row.draft_seq;
        let present = self.level_reading(row.plan).await?;
        let asked = (
            self.storage.gates(row.plan).await?,
            self.storage.gate_approvals(row.plan).await?,
        );
        let known = Known {
            kept: case.about()?,
            present: Arc::clone(&present.content),
            from,
            gates: self.gates(row.plan).await?,
            asked,
            row,
        };
        let mut seen = self.apart(move || known.see(present)).await??;
        seen.is_submitted = is_submitted;
        seen.is_edited = is_edited;
        Ok(seen)
    }

    /// What is shown of the open changes of a proposal that need approvals: by their gates' subjects the hash,
    /// and the values that an approval is bound to.
    pub(in crate::control) async fn shown_of(
        &self,
        grant: &Grant,
        proposal: ProposalId,
    ) -> Result<Vec<(String, (String, Vec<Frozen>))>, Failure> {
        let row = self.storage.find_proposal(grant.plan(), proposal).await?;
        let Some(row) = row else {
            return Ok(Vec::new());
        };
        let case = Case { grant: *grant, row };
        let seen = Box::pin(self.see(&case)).await?;
        let changes = seen.changes.into_iter();
        Ok(changes
            .filter_map(|change| {
                let subject = gate_subject(&seen.row, change.row.no);
                Some((subject, (change.shown, change.gate?.need.frozen)))
            })
            .collect())
    }

    /// The same as it is told.
    pub(super) async fn seen_body(&self, case: &Case) -> Result<Proposal, Failure> {
        let mut seen = Box::pin(self.see(case)).await?;
        if seen.lacks_gates() {
            Box::pin(self.ask_gates(case, case.row.author)).await?;
            seen = Box::pin(self.see(case)).await?;
        }
        let decisions = self.storage.decisions(seen.row.id).await?;
        let blame = Box::pin(self.blame(&seen)).await;
        let mentioned = seen.changes.iter().flat_map(SeenChange::mentioned);
        let mentioned = mentioned.chain(decisions.iter().map(|it| it.by));
        let mentioned = mentioned.chain(blame.values().map(|(user, _)| *user));
        let people = self.people(mentioned).await?;
        let body = self.body(&seen.row).await?;
        Ok(Proposal {
            body,
            rationale: seen.row.rationale,
            about: seen.kept.about,
            submitted: seen.is_submitted,
            edited: seen.is_edited,
            seq: seen.present.seq.0,
            changes: seen
                .changes
                .into_iter()
                .map(|change| change.body(&blame, &people))
                .collect(),
            unsound: seen.unsound,
            effect: seen.effect,
            decisions: decisions.iter().map(|it| decision(it, &people)).collect(),
        })
    }
}

impl Known {
    fn see(self, present: Reading) -> Result<Seen, Failure> {
        let mut unsound = Vec::new();
        let rows = match &self.from {
            From::Revision(rows) => rows.clone(),
            From::Draft(base, draft) => match changes(base, draft) {
                Ok(changes) => changes.iter().map(open_row).collect(),
                Err(wrong) => {
                    unsound = wrong;
                    Vec::new()
                }
            },
        };
        let read = |row: &ChangeRow| serde_json::from_str::<Change>(&row.change);
        let all: Vec<Change> = rows
            .iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::fault().caused_by(error))?;
        let reads = self.kept.reads.clone();
        let decided = ChangeRow::decided(&rows);
        let classes = open_classes(&all, &decided, &self.present, &reads);
        let class_of = |no: u32| classes.iter().find(|(it, _)| *it == no);
        let forced = self.best((&all, &classes), Some(Resolve::Mine), &self.gates);
        let after = forced.map_or_else(|| (*self.present).clone(), |it| it.after);
        // What is accepted has its approvals then.
        let mut gates = self.gates.clone();
        for change in all.iter().filter(|it| class_of(it.no).is_some()) {
            let need = needed(change, &self.present, &after);
            for frozen in need.iter().flat_map(|need| &need.frozen) {
                frozen.approve(&mut gates);
            }
        }
        let effect = self
            .best((&all, &classes), None, &gates)
            .map(|it| it.effect)
            .unwrap_or_default();
        let seen = |row: ChangeRow, change: Change| {
            let class = class_of(row.no).map(|(_, class)| class.clone());
            let need = class
                .as_ref()
                .and_then(|_| needed(&change, &self.present, &after));
            self.seen((row, change), class, need, &after)
        };
        let changes = rows
            .into_iter()
            .zip(all)
            .map(|(row, change)| seen(row, change))
            .collect();
        Ok(Seen {
            is_submitted: false,
            is_edited: false,
            present,
            reads,
            changes,
            unsound,
            effect,
            gates: self.gates,
            kept: self.kept,
            row: self.row,
        })
    }

    fn seen(
        &self,
        (row, change): (ChangeRow, Change),
        class: Option<Class>,
        need: Option<GateNeed>,
        after: &Content,
    ) -> SeenChange {
        let of = (self.row.id, self.row.revision);
        let shown = shown_hash(of, (&change, class.as_ref()), need.as_ref());
        let gate = need.map(|need| gate_of(need, (&self.row, row.no), &shown, &self.asked));
        SeenChange {
            say: say(&change, &self.present, after),
            shown,
            gate,
            class,
            change,
            row,
        }
    }

    /// What accepting as much as can be does; with `resolve`, also what is in conflict.
    fn best(
        &self,
        (all, classes): (&[Change], &[(u32, Class)]),
        resolve: Option<Resolve>,
        gates: &Gates,
    ) -> Option<Rehearsal> {
        let mut choices: Vec<Choice> = classes
            .iter()
            .filter(|(_, class)| match class {
                Class::Clean | Class::Already | Class::Mergeable { .. } | Class::Drifted { .. } => {
                    true
                }
                Class::Conflict { .. } => resolve.is_some(),
                Class::Void { .. } => false,
            })
            .map(|(no, _)| Choice { no: *no, resolve })
            .collect();
        for _ in 0..TRIALS_MAX {
            match rehearse(&self.present, all, &self.kept.reads, &choices, gates) {
                Ok(rehearsal) => return Some(rehearsal),
                Err(wrong) => {
                    choices.retain(|choice| wrong.iter().all(|it| it.no != choice.no));
                }
            }
        }
        None
    }
}

fn open_row(change: &Change) -> ChangeRow {
    ChangeRow {
        no: change.no,
        change: serde_json::to_string(change).unwrap_or_default(),
        state: ChangeState::Open,
        edited_by: None,
        took: None,
        settled_by: None,
        settled_at: None,
        settled_seq: None,
    }
}

impl SeenChange {
    fn mentioned(&self) -> impl Iterator<Item = UserId> + use<'_> {
        let gate = self.gate.iter();
        let gate = gate.flat_map(|gate| gate.approved_by.iter().chain(&gate.fallen));
        let row = [self.row.edited_by, self.row.settled_by];
        gate.copied().chain(row.into_iter().flatten())
    }

    fn body(self, blame: &Blame, people: &People) -> ChangeBody {
        let blamed = blame.get(&self.row.no);
        ChangeBody {
            change: self.change,
            say: self.say,
            class: self.class,
            changed_by: blamed.map(|(user, _)| people.person(*user)),
            changed_at: blamed.map(|(_, at)| at.to_rfc3339()),
            shown: self.shown,
            state: self.row.state,
            edited_by: self.row.edited_by.map(|user| people.person(user)),
            settled_by: self.row.settled_by.map(|user| people.person(user)),
            settled_at: self.row.settled_at.map(Timestamp::to_rfc3339),
            seq: self.row.settled_seq.map(|seq| seq.0),
            gate: self.gate.map(|gate| gate_brief(&gate, people)),
        }
    }
}

fn decision(row: &DecisionRow, people: &People) -> DecisionBody {
    let picks: Vec<Pick> = serde_json::from_str(&row.changes).unwrap_or_default();
    DecisionBody {
        revision: row.revision,
        changes: picks.iter().map(|pick| pick.no).collect(),
        by: people.person(row.by),
        verdict: match row.verdict.as_str() {
            "approve" => Verdict::Approve,
            "reject" => Verdict::Reject,
            "undo" => Verdict::Undo,
            _ => Verdict::RequestChanges,
        },
        reason: row.reason.clone(),
        at: row.at.to_rfc3339(),
        seq: row.plan_seq.map(|seq| seq.0),
    }
}
