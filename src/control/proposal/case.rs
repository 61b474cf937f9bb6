//! One proposal and who asks about it.

use std::sync::Arc;

use convene_plan::content::Content;
use convene_plan::format::plan_json;
use convene_plan::proposal::Read;
use convene_protocol::control::proposal::{About, REASON_CHARS_MAX};
use convene_protocol::error_code::ErrorCode;

use super::super::asking::{Edit, may_not_write};
use super::super::{Caller, Desk};
use crate::auth::access::{DecideAccess, Grant};
use crate::error::Failure;
use crate::ids::{DocumentId, ProposalId};
use crate::room::ask::Reading;
use crate::storage::agents::Agent;
use crate::storage::proposals::ProposalRow;

/// A proposal, and how who asks stands to its plan.
pub(in crate::control) struct Case {
    pub(in crate::control) grant: Grant,
    pub(in crate::control) row: ProposalRow,
}

impl Case {
    /// The right to decide, if who asks has it.
    pub(super) fn decide(&self) -> Result<DecideAccess, Failure> {
        self.grant.decide().ok_or_else(|| {
            Failure::new(
                ErrorCode::Forbidden,
                "only editors, approvers and owners decide, and never an agent",
            )
        })
    }

    /// Whether who asks may write the draft; an error that says why not.
    pub(super) fn write(&self) -> Result<(), Failure> {
        self.open()?;
        let is_its_own = self.is_author() && self.grant.propose().is_some();
        if is_its_own || self.grant.decide().is_some() {
            return Ok(());
        }
        Err(Failure::new(
            ErrorCode::Forbidden,
            "only its author and who may decide change a proposal",
        ))
    }

    pub(super) fn is_author(&self) -> bool {
        self.row.author == self.grant.user()
    }

    /// Fails when nothing can be done about the proposal any more.
    pub(super) fn open(&self) -> Result<(), Failure> {
        if self.row.status.is_open() {
            return Ok(());
        }
        let status = self.row.status.as_str().replace('_', " ");
        let say = format!("this proposal is {status}; open another one");
        Err(Failure::new(ErrorCode::Conflict, say))
    }

    /// Its draft's document.
    pub(super) fn draft(&self) -> DocumentId {
        DocumentId::Draft {
            plan: self.row.plan,
            proposal: self.row.id,
        }
    }

    pub(super) fn about(&self) -> Result<Kept, Failure> {
        serde_json::from_str(&self.row.about).map_err(|error| Failure::fault().caused_by(error))
    }
}

/// What is kept of what an author says: with the values that were read.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Kept {
    /// As the author said it.
    pub(super) about: About,
    /// What the draft had at the paths that the author relies on.
    #[serde(default)]
    pub(super) reads: Vec<Read>,
}

impl Desk {
    /// A proposal of a plan of which the caller is a member.
    pub(super) async fn case(
        &self,
        caller: &Caller,
        plan: &str,
        proposal: &str,
    ) -> Result<Case, Failure> {
        let grant = self.grant(caller, plan).await?;
        let proposal: ProposalId = proposal.parse().map_err(|_| no_such_proposal())?;
        let row = self.storage.find_proposal(grant.plan(), proposal).await?;
        let row = row.ok_or_else(no_such_proposal)?;
        Ok(Case { grant, row })
    }

    /// The same as it is now.
    pub(super) async fn again(&self, case: Case) -> Result<Case, Failure> {
        let row = self
            .storage
            .find_proposal(case.row.plan, case.row.id)
            .await?;
        Ok(Case {
            row: row.ok_or_else(no_such_proposal)?,
            ..case
        })
    }

    /// The plan as the draft began.
    pub(super) async fn base(&self, row: &ProposalRow) -> Result<Arc<Content>, Failure> {
        let base = self.storage.find_base(row.id).await?;
        let base = base.ok_or_else(no_such_proposal)?;
        let read = self
            .apart(move || plan_json::read(base.as_bytes()))
            .await?
            .map_err(|error| Failure::fault().caused_by(error))?;
        Ok(Arc::new(read.content))
    }

    /// What the draft says now.
    pub(in crate::control) async fn drafted(&self, row: &ProposalRow) -> Result<Reading, Failure> {
        self.level_reading(row.id.draft()).await
    }

    /// Performs operations on the draft.
    pub(in crate::control) async fn edit_draft(
        &self,
        case: &Case,
        edit: Edit,
    ) -> Result<Reading, Failure> {
        let (document, user) = (case.draft(), case.grant.user());
        let role = self.storage.find_document_role(document, user).await?;
        let role = role.ok_or_else(no_such_proposal)?;
        let actor = crate::auth::principal::Actor {
            user,
            kind: case.grant.kind(),
        };
        let access = Grant::new(document, actor, role).write();
        let access = access.ok_or_else(may_not_write)?;
        self.edit_document(access, edit).await
    }

    /// What bounds the caller, if it is an agent.
    pub(super) async fn agent(&self, caller: &Caller) -> Result<Option<Agent>, Failure> {
        use crate::auth::principal::PrincipalKind;
        match caller.principal.kind {
            PrincipalKind::Person => Ok(None),
            PrincipalKind::Agent => {
                let agent = self.storage.find_agent(caller.principal.user).await?;
                agent.map(Some).ok_or_else(Failure::fault)
            }
        }
    }
}

/// Fails when one of `paths` is not where the agent may propose changes.
pub(super) fn within<'a>(
    agent: Option<&Agent>,
    paths: impl IntoIterator<Item = &'a [String]>,
) -> Result<(), Failure> {
    let Some(agent) = agent.filter(|agent| !agent.paths.is_empty()) else {
        return Ok(());
    };
    for path in paths {
        let is_within = agent.paths.iter().any(|allowed| {
            let allowed = allowed.split('/');
            let at = path.iter().map(String::as_str);
            at.take(allowed.clone().count()).eq(allowed)
        });
        if !is_within {
            let say = format!(
                "this agent may propose changes at {} only, not at {}",
                agent.paths.join(", "),
                path.join("/")
            );
            return Err(Failure::new(ErrorCode::Forbidden, say));
        }
    }
    Ok(())
}

/// A text of people with a limit.
pub(super) fn text<'a>(name: &str, text: &'a str, chars_max: usize) -> Result<&'a str, Failure> {
    if text.chars().count() > chars_max || text.contains('\0') {
        let say = format!("{name}: at most {chars_max} characters, none of them zero");
        return Err(Failure::new(ErrorCode::Invalid, say));
    }
    Ok(text.trim())
}

/// A reason that may be left out.
pub(super) fn reason(reason: Option<&str>) -> Result<&str, Failure> {
    text("reason", reason.unwrap_or_default(), REASON_CHARS_MAX)
}

pub(super) fn no_such_proposal() -> Failure {
    Failure::new(
        ErrorCode::NotFound,
        "there is no such proposal in this plan; proposal.list has all of them",
    )
}

/// What is answered when something happened to the proposal in between.
pub(super) fn moved() -> Failure {
    Failure::new(
        ErrorCode::Conflict,
        "something happened to this proposal meanwhile; look at it again",
    )
}
