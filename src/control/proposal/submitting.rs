//! `proposal.submit`: a draft becomes a revision, which others decide.

use convene_plan::content::Content;
use convene_plan::finding::RULES;
use convene_plan::proposal::{Change, Read, Unsound, changes, value_at};
use convene_protocol::control::proposal::{
    About, ChangeState, Citation, CitationKind, Proposal, RATIONALE_CHARS_MAX, Risk, RiskLevel,
    Submit,
};
use convene_protocol::error_code::ErrorCode;
use sha2::{Digest, Sha256};

use super::super::{Caller, Desk, For, Method};
use super::case::{Case, Kept, moved, text, within};
use super::gating::{gate_subject, kind};
use super::opening::{sound_about, title};
use crate::auth::principal::PrincipalKind;
use crate::error::Failure;
use crate::ids::{GateId, UserId};
use crate::storage::gates::NewGate;
use crate::storage::proposals::{ChangeRow, NewChange, NewRevision, Submitted};

/// What cannot be proposed, in one error.
const UNSOUND_TOLD_MAX: usize = 5;

/// What is said anew of a proposal that is submitted.
#[derive(Debug, Default)]
pub(in crate::control) struct Resubmitted {
    title: Option<String>,
    rationale: Option<String>,
    about: Option<About>,
}

impl Method for Submit {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Proposal, Failure> {
        let case = desk.case(caller, &self.plan, &self.proposal).await?;
        let said = Resubmitted {
            title: self.title,
            rationale: self.rationale,
            about: self.about,
        };
        desk.submit(caller, &case, said).await?;
        let case = desk.again(case).await?;
        desk.seen_body(&case).await
    }
}

impl Desk {
    /// Makes a revision of what the draft says.
    pub(in crate::control) async fn submit(
        &self,
        caller: &Caller,
        case: &Case,
        said: Resubmitted,
    ) -> Result<(), Failure> {
        case.write()?;
        let agent = self.agent(caller).await?;
        let title = title(said.title.as_deref().unwrap_or(&case.row.title))?;
        let rationale = said.rationale.as_deref().unwrap_or(&case.row.rationale);
        let rationale = text("rationale", rationale, RATIONALE_CHARS_MAX)?;
        let about = match said.about {
            Some(about) => {
                sound_about(&about)?;
                // One open proposal a finding: which one was said when it was opened.
                let finding = case.about()?.about.finding;
                About { finding, ..about }
            }
            None => case.about()?.about,
        };
        let base = self.base(&case.row).await?;
        let draft = self.drafted(&case.row).await?;
        let (content, seq) = (draft.content, draft.seq);
        let worked = self
            .apart(move || changes(&base, &content).map(|found| (found, keep(about, &base))))
            .await?;
        let (changes, kept) = worked.map_err(|wrong| unsound(&wrong))?;
        if changes.is_empty() {
            return Err(Failure::new(
                ErrorCode::Invalid,
                "the draft says what the plan said when it was opened; edit it first",
            ));
        }
        within(agent.as_ref(), changes.iter().map(|it| it.path.as_slice()))?;
        let fingerprint = fingerprint(&changes, &kept.reads);
        if case.grant.kind() == PrincipalKind::Agent {
            self.not_rejected_before(case, &fingerprint).await?;
        }
        let (by, revision) = (case.grant.user(), case.row.revision);
        let before = self.storage.proposal_changes(case.row.id, revision).await?;
        let about = serde_json::to_string(&kept);
        let new = NewRevision {
            plan: case.row.plan,
            proposal: case.row.id,
            version: case.row.version,
            by,
            draft_seq: seq,
            title,
            rationale,
            about: &about.map_err(|error| Failure::fault().caused_by(error))?,
            fingerprint: &fingerprint,
            changes: rows(&changes, &before, (case, by))?,
        };
        if Box::pin(self.storage.submit_proposal(&new)).await? == Submitted::Moved {
            return Err(moved());
        }
        Box::pin(self.ask_gates(case, by)).await?;
        self.registry.tell_changed(case.row.plan);
        Ok(())
    }

    /// Asks for the approvals that the changes need.
    pub(super) async fn ask_gates(&self, case: &Case, by: UserId) -> Result<(), Failure> {
        let row = self
            .storage
            .find_proposal(case.row.plan, case.row.id)
            .await?;
        let case = Case {
            grant: case.grant,
            row: row.ok_or_else(moved)?,
        };
        let seen = Box::pin(self.see(&case)).await?;
        for change in &seen.changes {
            let Some(gate) = change.gate.as_ref() else {
                continue;
            };
            let frozen = serde_json::to_string(&gate.need.frozen);
            let new = NewGate {
                id: GateId::generate(&self.clock),
                plan: seen.row.plan,
                kind: kind(&gate.need),
                subject: gate_subject(&seen.row, change.row.no),
                say: gate.need.say.clone(),
                frozen: frozen.map_err(|error| Failure::fault().caused_by(error))?,
                needs: u32::from(gate.need.needs),
                needs_owners: u32::from(gate.need.owner),
                change: Some((seen.row.id, change.row.no)),
                by,
            };
            Box::pin(self.storage.request_gate(&new)).await?;
        }
        Ok(())
    }

    /// An agent does not propose again what was rejected, unless what it is based on has changed.
    async fn not_rejected_before(&self, case: &Case, fingerprint: &str) -> Result<(), Failure> {
        let found = self
            .storage
            .find_rejected(case.row.plan, case.row.author, fingerprint)
            .await?;
        let Some(other) = found else {
            return Ok(());
        };
        let why = other.reason.unwrap_or_default();
        let say = format!(
            "exactly this was proposed before and rejected ({}): {why}",
            other.id
        );
        Err(Failure::new(ErrorCode::Conflict, say))
    }
}

/// What an author says, with what the server knows of it: what was read, which quotes are there.
fn keep(mut about: About, base: &Content) -> Kept {
    let reads = about.reads.iter();
    let reads: Vec<Read> = reads.map(|path| Read::of(base, path.clone())).collect();
    for citation in &mut about.citations {
        citation.verified = verified(citation, base);
    }
    let is_wrong = |citation: &Citation| citation.verified == Some(false);
    if about.citations.iter().any(is_wrong) {
        let risk = about.risk.get_or_insert_with(|| Risk {
            level: RiskLevel::Medium,
            effect: String::new(),
            mitigation: String::new(),
            reversible: true,
        });
        risk.level = risk.level.max(RiskLevel::Medium);
    }
    Kept { about, reads }
}

/// Whether what is quoted is there; none of what cannot be looked up here.
fn verified(citation: &Citation, base: &Content) -> Option<bool> {
    match citation.kind {
        CitationKind::Plan => {
            let path: Vec<String> = citation.target.split('/').map(str::to_owned).collect();
            let value = value_at(base, &path);
            let there = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let quote = citation.quote.as_deref();
            Some(!value.is_null() && quote.is_none_or(|quote| there.contains(quote)))
        }
        CitationKind::Rule => Some(RULES.iter().any(|rule| rule.name == citation.target)),
        // Nothing of these is here.
        CitationKind::Source | CitationKind::Url => None,
    }
}

fn unsound(wrong: &[Unsound]) -> Failure {
    let told = wrong.iter().take(UNSOUND_TOLD_MAX);
    let told: Vec<String> = told
        .map(|it| format!("{}: {}", it.path.join("/"), it.say))
        .collect();
    let more = wrong.len().saturating_sub(UNSOUND_TOLD_MAX);
    let mut say = format!("the draft cannot be proposed as it is: {}", told.join("; "));
    if more > 0 {
        say = format!("{say}; and {more} more");
    }
    Failure::new(ErrorCode::Unprocessable, say)
}

/// The same for the same changes on the same values.
fn fingerprint(changes: &[Change], reads: &[Read]) -> String {
    let mut hash = Sha256::new_with_prefix(b"convene proposal\0");
    for change in changes {
        hash.update(serde_json::to_vec(change).unwrap_or_default());
    }
    hash.update(serde_json::to_vec(reads).unwrap_or_default());
    hex::encode(hash.finalize())
}

/// The changes as they are kept: what was in the revision before keeps what became of it.
fn rows(
    changes: &[Change],
    before: &[ChangeRow],
    (case, by): (&Case, UserId),
) -> Result<Vec<NewChange>, Failure> {
    let read = |row: &ChangeRow| serde_json::from_str::<Change>(&row.change);
    let before: Vec<(&ChangeRow, Change)> = before
        .iter()
        .map(|row| Ok((row, read(row)?)))
        .collect::<Result<_, serde_json::Error>>()
        .map_err(|error| Failure::fault().caused_by(error))?;
    let is_other = by != case.row.author;
    let mut rows = Vec::with_capacity(changes.len());
    for change in changes {
        let same = before.iter().find(|(_, old)| is_same(old, change));
        let edited_by = match same {
            Some((row, _)) => row.edited_by,
            None => is_other.then_some(by),
        };
        let settled = same.filter(|(row, _)| row.state != ChangeState::Open);
        rows.push(NewChange {
            no: change.no,
            change: written(change)?,
            edited_by,
            settled: settled.map(|(row, _)| (*row).clone()),
        });
    }
    // What was decided and is not in the draft any more stays on record, and can be taken back.
    let is_gone = |old: &Change| !changes.iter().any(|change| is_same(old, change));
    let gone = before
        .into_iter()
        .filter(|(row, old)| row.state != ChangeState::Open && is_gone(old));
    let last = changes.iter().map(|change| change.no).max().unwrap_or(0);
    for (no, (row, mut old)) in (last + 1..).zip(gone) {
        (old.no, old.depends_on) = (no, Vec::new());
        rows.push(NewChange {
            no,
            change: written(&old)?,
            edited_by: row.edited_by,
            settled: Some(row.clone()),
        });
    }
    Ok(rows)
}

fn written(change: &Change) -> Result<String, Failure> {
    serde_json::to_string(change).map_err(|error| Failure::fault().caused_by(error))
}

/// Whether two changes are one, whatever their numbers.
pub(super) fn is_same(one: &Change, other: &Change) -> bool {
    (one.op, &one.path, &one.before, &one.after)
        == (other.op, &other.path, &other.before, &other.after)
}
