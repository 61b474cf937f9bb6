//! What methods ask rooms: to read a plan, and to change it by operations.

use std::sync::Arc;
use std::time::Duration;

use convene_plan::content::Content;
use convene_plan::op::{Op, Why};
use convene_protocol::error_code::ErrorCode;

use super::{Desk, no_such_plan};
use crate::auth::access::Grant;
use crate::error::Failure;
use crate::ids::PlanId;
use crate::room::ask::{Ask, EditRefused, Reading, Reply};
use crate::room::handle::JoinRefused;
use crate::storage::audit::Act;
use crate::storage::journal::Origin;

/// How often, and how many times, a room is asked again that is not level with the journal.
const LEVEL_EVERY: Duration = Duration::from_millis(50);
const LEVEL_TRIES: u32 = 20;

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
        let heads = self.storage.heads(&[plan]).await?;
        let head = heads.first().map(|it| it.head).ok_or_else(no_such_plan)?;
        let mut reading = self.reading(plan).await?;
        for _ in 0..LEVEL_TRIES {
            if reading.seq >= head {
                break;
            }
            tokio::time::sleep(LEVEL_EVERY).await;
            reading = self.reading(plan).await?;
        }
        Ok(reading)
    }

    /// Performs operations for the caller, all or none, and waits until they are committed. Answers what
    /// the plan holds with them, and which row they became.
    pub(super) async fn edit_plan(
        &self,
        grant: &Grant,
        ops: Vec<Op>,
        (origin, audit): (Origin, Option<Act>),
    ) -> Result<Reading, Failure> {
        // Read again: working the operations out may have taken a while.
        let role = self.storage.find_role(grant.plan(), grant.user()).await?;
        let role = role.ok_or_else(no_such_plan)?;
        let access = Grant::new(grant.plan(), grant.user(), role).write();
        let access = access.ok_or_else(may_not_write)?;
        let ask = Ask::Edit {
            access,
            ops,
            origin,
            audit,
        };
        self.ask(grant.plan(), ask).await
    }

    async fn ask(&self, plan: PlanId, ask: Ask) -> Result<Reading, Failure> {
        match self.registry.ask(plan, ask).await {
            Ok(Reply::Content(reading)) => Ok(reading),
            Ok(Reply::Refused(refused)) => Err(edit_refused(&refused)),
            Err(JoinRefused::PlanGone) => Err(no_such_plan()),
            Err(
                refused @ (JoinRefused::Full | JoinRefused::RoomGone | JoinRefused::Unavailable),
            ) => Err(Failure::new(ErrorCode::Unavailable, refused.to_string())),
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
        EditRefused::Update(_) => ErrorCode::Unprocessable,
        EditRefused::Full => ErrorCode::TooLarge,
        EditRefused::Unavailable => ErrorCode::Unavailable,
    };
    Failure::new(code, refused.to_string())
}
