//! `proposal.open` and `proposal.edit`: a draft, and writing it by operations.

use std::time::Duration;

use bytes::Bytes;
use convene_plan::format::plan_json::{self, Layout};
use convene_plan::op::Op;
use convene_protocol::control::plan::OPS_MAX;
use convene_protocol::control::proposal::{
    About, CITATIONS_MAX, DAYS_MAX, Edit, Edited, Open, ProposalBody, RATIONALE_CHARS_MAX,
    READS_MAX, TITLE_CHARS_MAX,
};
use convene_protocol::error_code::ErrorCode;

use super::super::asking;
use super::super::{Caller, Desk, For, Method, no_such_plan};
use super::case::{Case, Kept, no_such_proposal, text, within};
use crate::document::document_of;
use crate::error::Failure;
use crate::ids::{PlanId, ProposalId};
use crate::storage::journal::{Epoch, Origin, Seq};
use crate::storage::proposals::{NewProposal, Opened};

/// Proposals that a person may have open in a plan; of agents their owner says it.
const OPEN_OF_PERSON_MAX: i64 = 50;
/// Proposals that a plan may have open.
const OPEN_OF_PLAN_MAX: i64 = 500;
/// A day.
const DAY: Duration = Duration::from_hours(24);
/// Days after which nobody can decide any more, when nothing is said.
const DAYS: u32 = 30;
/// The longest part of a citation or a risk, in characters.
const PART_CHARS_MAX: usize = 2_000;

/// A draft to be opened.
#[derive(Debug, Default)]
pub(in crate::control) struct NewDraft {
    title: String,
    rationale: String,
    about: About,
    supersedes: Option<String>,
    days: Option<u32>,
}

impl NewDraft {
    /// One of which no more is said than what it is.
    pub(in crate::control) fn of(title: String) -> Self {
        Self {
            title,
            ..Self::default()
        }
    }
}

impl Method for Open {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<ProposalBody, Failure> {
        let new = NewDraft {
            title: self.title,
            rationale: self.rationale.unwrap_or_default(),
            about: self.about.unwrap_or_default(),
            supersedes: self.supersedes,
            days: self.days,
        };
        let case = desk.open_draft(caller, &self.plan, new).await?;
        desk.body(&case.row).await
    }
}

impl Desk {
    /// Opens a proposal whose draft says what the plan says now.
    pub(in crate::control) async fn open_draft(
        &self,
        caller: &Caller,
        plan: &str,
        new: NewDraft,
    ) -> Result<Case, Failure> {
        let grant = self.grant(caller, plan).await?;
        let access = grant.propose().ok_or_else(|| {
            Failure::new(
                ErrorCode::Forbidden,
                "your role in this plan does not allow proposals; ask its owner",
            )
        })?;
        let (title, days) = (title(&new.title)?, new.days.unwrap_or(DAYS));
        let rationale = text("rationale", &new.rationale, RATIONALE_CHARS_MAX)?;
        sound_about(&new.about)?;
        if !(1..=DAYS_MAX).contains(&days) {
            let say = format!("days: 1 to {DAYS_MAX}");
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        let supersedes = new.supersedes.as_deref().map(str::parse);
        let supersedes: Option<ProposalId> =
            supersedes.transpose().map_err(|_| no_such_proposal())?;
        let agent = self.agent(caller).await?;
        let beginning = self.beginning(access.plan()).await?;
        let finding = new.about.finding.clone();
        let mut about = new.about;
        for citation in &mut about.citations {
            // Nobody says that of themselves; it is looked up when this is submitted.
            citation.verified = None;
        }
        let kept = serde_json::to_string(&Kept {
            about,
            reads: Vec::new(),
        });
        let kept = kept.map_err(|error| Failure::fault().caused_by(error))?;
        let id = ProposalId::generate(&self.clock);
        let new = NewProposal {
            id,
            plan: access.plan(),
            author: access.user(),
            on_behalf_of: agent.as_ref().map(|agent| agent.made_by),
            title,
            rationale,
            about: &kept,
            finding: finding.as_deref(),
            supersedes,
            document: (&beginning.document, beginning.client),
            base: &beginning.base,
            from: beginning.from,
            open_max: agent.map_or(OPEN_OF_PERSON_MAX, |agent| i64::from(agent.open_max)),
            plan_open_max: OPEN_OF_PLAN_MAX,
            expires_at: self.clock.now().after(DAY * days),
        };
        opened(
            Box::pin(self.storage.open_proposal(&new)).await?,
            new.open_max,
        )?;
        self.registry.tell_changed(access.plan());
        self.case(caller, plan, &id.to_string()).await
    }

    async fn beginning(&self, plan: PlanId) -> Result<Beginning, Failure> {
        // Read before what the plan says: a squash in between is a later line of history.
        let epoch = self.place(plan).await?.epoch;
        let reading = self.level_reading(plan).await?;
        // As ids of JavaScript clients are.
        let client = u64::from(rand::random::<u32>().max(1));
        let (content, seq) = (reading.content, reading.seq);
        let made = self
            .apart(move || {
                let base = plan_json::write(&content, Layout::Compact);
                document_of(&content, client).map(|document| (document, base))
            })
            .await?;
        let (document, base) = made.map_err(|failed| {
            tracing::error!(plan.id = %plan, ?failed, "no draft of plan {plan} could be made");
            Failure::fault()
        })?;
        Ok(Beginning {
            document,
            client,
            base,
            from: (epoch, seq),
        })
    }
}

/// With what a draft begins.
struct Beginning {
    document: Bytes,
    /// Who wrote it.
    client: u64,
    /// The same as plan.json.
    base: String,
    /// Up to where the plan is that.
    from: (Epoch, Seq),
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
        within(agent.as_ref(), self.ops.iter().map(Op::path))?;
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
            ErrorCode::Conflict,
            format!(
                "you have {open_max} open proposals in this plan, which is the limit; withdraw one, or \
                 wait until somebody decides"
            ),
        )),
        Opened::TooManyInPlan => Err(Failure::new(
            ErrorCode::Conflict,
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
