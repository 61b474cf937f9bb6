//! What methods ask rooms: to read a plan, and to change it by operations.

use std::sync::Arc;

use convene_plan::content::Content;
use convene_plan::op::{Op, Why};
use convene_protocol::error_code::ErrorCode;

use super::{Desk, no_such_plan};
use crate::auth::access::{Grant, WriteAccess};
use crate::error::Failure;
use crate::ids::PlanId;
use crate::room::ask::{Ask, EditRefused, Reading, Reply};
use crate::room::handle::JoinRefused;
use crate::storage::audit::Act;
use crate::storage::journal::{Origin, Seq};
use crate::storage::plans::PlanHead;
use crate::storage::proposals::deciding::Along;

/// How often a change is worked out anew when somebody has edited the plan meanwhile.
const TRIES: u8 = 4;

impl Desk {
    /// What the plan holds, as far as it is committed.
    pub(super) async fn read_plan(&self, plan: PlanId) -> Result<Arc<Content>, Failure> {
        Ok(self.reading(plan).await?.content)
    }

    /// The same, and up to which row that is.
    pub(super) async fn reading(&self, plan: PlanId) -> Result<Reading, Failure> {
        self.ask(plan, Ask::Read).await
    }

    /// The same once the room here has what any node had committed when this was asked; after a second, what
    /// it has.
    pub(super) async fn level_reading(&self, plan: PlanId) -> Result<Reading, Failure> {
        let head = self.head(plan).await?;
        answered(self.registry.read_level(plan, head).await)
    }

    /// Performs operations on a plan for the caller, all or none, and waits until they are committed. Answers
    /// what the plan holds with them, and which row they became.
    pub(super) async fn edit_plan(
        &self,
        grant: &Grant,
        ops: Vec<Op>,
        (origin, audit): (Origin, Option<Act>),
    ) -> Result<Reading, Failure> {
        let edit = Edit {
            audit,
            ..Edit::new(ops, origin)
        };
        self.edit_plan_along(grant, edit).await
    }

    /// The same with what happens to a proposal.
    pub(super) async fn edit_plan_along(
        &self,
        grant: &Grant,
        edit: Edit,
    ) -> Result<Reading, Failure> {
        // Read again: working the operations out may have taken a while.
        let role = self.storage.find_role(grant.plan(), grant.user()).await?;
        let role = role.ok_or_else(no_such_plan)?;
        let access = grant.with_role(role).write();
        let access = access.ok_or_else(may_not_write)?;
        self.edit_document(access, edit).await
    }

    /// The same in a plan or a draft.
    pub(super) async fn edit_document(
        &self,
        access: WriteAccess,
        edit: Edit,
    ) -> Result<Reading, Failure> {
        let ask = Ask::Edit {
            access,
            ops: edit.ops,
            origin: edit.origin,
            audit: edit.audit,
            along: edit.along.map(Arc::new),
        };
        self.ask(access.document().row(), ask).await
    }

    /// Changes the plan as `work` says of what it holds: worked out anew when somebody was faster. Answers
    /// what `work` says beside the operations, and which row they became, if there was something to do.
    pub(super) async fn rework<T: Send + 'static>(
        &self,
        grant: &Grant,
        origin: Origin,
        work: impl Fn(&Content) -> Worked<T> + Clone + Send + 'static,
    ) -> Result<(T, Option<Seq>), Failure> {
        for left in (0..TRIES).rev() {
            let present = self.read_plan(grant.plan()).await?;
            let work = work.clone();
            let Worked { ops, act, answer } = self.apart(move || work(&present)).await?;
            if ops.is_empty() {
                return Ok((answer, None));
            }
            match self.edit_plan(grant, ops, (origin, Some(act))).await {
                Ok(reading) => return Ok((answer, Some(reading.seq))),
                Err(failure) if failure.code == ErrorCode::Conflict && left > 0 => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::new(
            ErrorCode::Conflict,
            "the plan is edited too fast for this; repeat it",
        ))
    }

    /// The last row of a plan.
    pub(super) async fn head(&self, plan: PlanId) -> Result<Seq, Failure> {
        Ok(self.place(plan).await?.head)
    }

    /// Where a plan or a draft stands.
    pub(super) async fn place(&self, plan: PlanId) -> Result<PlanHead, Failure> {
        let heads = self.storage.heads(&[plan]).await?;
        heads.first().copied().ok_or_else(no_such_plan)
    }

    async fn ask(&self, plan: PlanId, ask: Ask) -> Result<Reading, Failure> {
        answered(self.registry.ask(plan, ask).await)
    }
}

/// Operations to be performed, and what is written down with them.
pub(super) struct Edit {
    pub(super) ops: Vec<Op>,
    pub(super) origin: Origin,
    pub(super) audit: Option<Act>,
    pub(super) along: Option<Along>,
}

impl Edit {
    pub(super) fn new(ops: Vec<Op>, origin: Origin) -> Self {
        Self {
            ops,
            origin,
            audit: None,
            along: None,
        }
    }
}

/// A change that was worked out of what a plan holds.
pub(super) struct Worked<T> {
    pub(super) ops: Vec<Op>,
    /// What the audit says of it.
    pub(super) act: Act,
    pub(super) answer: T,
}

fn answered(reply: Result<Reply, JoinRefused>) -> Result<Reading, Failure> {
    match reply {
        Ok(Reply::Content(reading)) => Ok(reading),
        Ok(Reply::Refused(refused)) => Err(edit_refused(&refused)),
        Err(JoinRefused::PlanGone) => Err(no_such_plan()),
        Err(refused @ (JoinRefused::Full | JoinRefused::RoomGone | JoinRefused::Unavailable)) => {
            Err(Failure::new(ErrorCode::Unavailable, refused.to_string()))
        }
    }
}

pub(super) fn may_not_write() -> Failure {
    Failure::new(
        ErrorCode::Forbidden,
        "your role in this plan does not allow edits; ask its owner",
    )
}

fn edit_refused(refused: &EditRefused) -> Failure {
    let code = match refused {
        EditRefused::Op(refused) => match refused.why {
            Why::Unsound(_) => ErrorCode::Invalid,
            Why::Missing(_) => ErrorCode::NotFound,
            Why::Drifted { .. } => ErrorCode::Conflict,
        },
        EditRefused::Moved => ErrorCode::Conflict,
        EditRefused::Update(_) => ErrorCode::Unprocessable,
        EditRefused::Full => ErrorCode::TooLarge,
        EditRefused::Unavailable => ErrorCode::Unavailable,
    };
    Failure::new(code, refused.to_string())
}
