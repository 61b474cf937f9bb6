//! `proposal.open` and `proposal.edit`: a draft, and writing it by operations.

use std::time::Duration;

use convene_plan::format::plan_json::{self, Layout};
use convene_protocol::control::plan::OPS_MAX;
use convene_protocol::control::proposal::{
    About, CITATIONS_MAX, DAYS_MAX, Edit, Edited, Open, ProposalBody, RATIONALE_CHARS_MAX,
    READS_MAX, TITLE_CHARS_MAX,
};
use convene_protocol::error_code::ErrorCode;

use super::super::asking;
use super::super::{Caller, Desk, For, Method, no_such_plan};
use super::case::{Kept, no_such_proposal, text, within};
use crate::document::document_of;
use crate::error::Failure;
use crate::ids::ProposalId;
use crate::storage::journal::Origin;
use crate::storage::proposals::{NewProposal, Opened};

/// Proposals that a person may have open in a plan; of agents their owner says it.
const OPEN_OF_PERSON_MAX: i64 = 50;
/// Proposals that a plan may have open.
const OPEN_OF_PLAN_MAX: i64 = 500;
/// Days after which nobody can decide any more, when nothing is said.
const DAYS: u32 = 30;
/// The longest part of a citation or a risk, in characters.
const PART_CHARS_MAX: usize = 2_000;

impl Method for Open {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<ProposalBody, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let access = grant.propose().ok_or_else(|| {
            Failure::new(
                ErrorCode::Forbidden,
                "your role in this plan does not allow proposals; ask its owner",
            )
        })?;
        let title = title(&self.title)?.to_owned();
        let rationale = self.rationale.unwrap_or_default();
        let rationale = text("rationale", &rationale, RATIONALE_CHARS_MAX)?.to_owned();
        let about = self.about.unwrap_or_default();
        sound_about(&about)?;
        let days = self.days.unwrap_or(DAYS);
        if !(1..=DAYS_MAX).contains(&days) {
            let say = format!("days: 1 to {DAYS_MAX}");
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        let supersedes = self.supersedes.as_deref().map(str::parse);
        let supersedes: Option<ProposalId> =
            supersedes.transpose().map_err(|_| no_such_proposal())?;
        let agent = desk.agent(caller).await?;
        // Its epoch is read before what it says: a squash in between is found when the draft is decided.
        let place = desk.place(access.plan()).await?;
        let reading = desk.level_reading(access.plan()).await?;
        let content = reading.content;
        // As ids of JavaScript clients are.
        let client = u64::from(rand::random::<u32>().max(1));
        let made = desk
            .apart(move || {
                let document = document_of(&content, client);
                (document, plan_json::write(&content, Layout::Compact))
            })
            .await?;
        let (document, base) = made;
        let document = document.map_err(|error| {
            Failure::fault().caused_by(std::io::Error::other(format!("{error:?}")))
        })?;
        let finding = about.finding.clone();
        let kept = serde_json::to_string(&Kept {
            about,
            reads: Vec::new(),
        });
        let kept = kept.map_err(|error| Failure::fault().caused_by(error))?;
        let id = ProposalId::generate(&desk.clock);
        let expires_in = Duration::from_hours(24) * days;
        let new = NewProposal {
            id,
            plan: access.plan(),
            author: access.user(),
            on_behalf_of: agent.as_ref().map(|agent| agent.made_by),
            title: &title,
            rationale: &rationale,
            about: &kept,
            finding: finding.as_deref(),
            supersedes,
            document: (&document, client),
            base: &base,
            from: (place.epoch, reading.seq),
            open_max: agent.map_or(OPEN_OF_PERSON_MAX, |agent| i64::from(agent.open_max)),
            plan_open_max: OPEN_OF_PLAN_MAX,
            expires_at: desk.clock.now().after(expires_in),
        };
        opened(desk.storage.open_proposal(&new).await?, new.open_max)?;
        desk.registry.tell_changed(access.plan());
        let case = desk.case(caller, &self.plan, &id.to_string()).await?;
        desk.body(&case.row).await
    }
}

impl Method for Edit {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Edited, Failure> {
        let case = desk.case(caller, &self.plan, &self.proposal).await?;
        case.write()?;
        if self.ops.len() > OPS_MAX {
            let say = format!("ops: at most {OPS_MAX} at once");
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        let agent = desk.agent(caller).await?;
        within(agent.as_ref(), self.ops.iter().map(|op| op.path()))?;
        let edit = asking::Edit::new(self.ops, Origin::Control);
        let reading = desk.edit_draft(&case, edit).await?;
        Ok(Edited { seq: reading.seq.0 })
    }
}

pub(super) fn title(title: &str) -> Result<&str, Failure> {
    let title = text("title", title, TITLE_CHARS_MAX)?;
    if title.is_empty() {
        let say = "title: say in a line what is proposed";
        return Err(Failure::new(ErrorCode::Invalid, say));
    }
    Ok(title)
}

/// Fails when what an author says is too much.
pub(super) fn sound_about(about: &About) -> Result<(), Failure> {
    let invalid = |say: String| Err(Failure::new(ErrorCode::Invalid, say));
    if about.citations.len() > CITATIONS_MAX {
        return invalid(format!("about.citations: at most {CITATIONS_MAX}"));
    }
    if about.reads.len() > READS_MAX {
        return invalid(format!("about.reads: at most {READS_MAX} paths"));
    }
    if about.confidence.is_some_and(|percent| percent > 100) {
        return invalid("about.confidence: 0 to 100 percent".to_owned());
    }
    let quotes = about.citations.iter().filter_map(|it| it.quote.as_ref());
    let targets = about.citations.iter().map(|it| &it.target);
    let risk = about
        .risk
        .iter()
        .flat_map(|it| [&it.effect, &it.mitigation]);
    let reads = about.reads.iter().flatten();
    let parts = quotes.chain(targets).chain(risk).chain(reads);
    for part in parts.chain(about.finding.as_ref()) {
        text("about", part, PART_CHARS_MAX)?;
    }
    Ok(())
}

fn opened(opened: Opened, open_max: i64) -> Result<(), Failure> {
    match opened {
        Opened::Opened => Ok(()),
        Opened::NoSuchPlan => Err(no_such_plan()),
        Opened::TooManyOpen => Err(Failure::new(
            ErrorCode::RateLimited,
            format!(
                "you have {open_max} open proposals in this plan, which is the limit; withdraw one, or \
                 wait until somebody decides"
            ),
        )),
        Opened::TooManyInPlan => Err(Failure::new(
            ErrorCode::RateLimited,
            format!(
                "this plan has {OPEN_OF_PLAN_MAX} open proposals, which is the limit; some have to be \
                 decided first"
            ),
        )),
        Opened::FindingTaken(other) => Err(Failure::new(
            ErrorCode::Conflict,
            format!("the proposal {other} answers this finding already"),
        )),
        Opened::NothingToSupersede => Err(Failure::new(
            ErrorCode::Conflict,
            "supersedes: only an open proposal of your own can be replaced",
        )),
    }
}
