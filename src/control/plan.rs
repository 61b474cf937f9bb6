//! `plan.*`: making, finding and deleting plans.

use convene_protocol::control::Done;
use convene_protocol::control::plan::{
    Content, Create, Delete, Edit, Get, List, OPS_MAX, PlanBody, Plans, Whole,
};
use convene_protocol::error_code::ErrorCode;

use super::{Caller, Desk, Method, no_such_plan};
use crate::auth::access::Role;
use crate::error::Failure;
use crate::ids::PlanId;
use crate::storage::journal::Origin;
use crate::storage::plans::PlanRow;

/// The longest name of a plan, in characters.
const NAME_CHARS_MAX: usize = 200;

impl Method for Create {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<PlanBody, Failure> {
        let name = self.name.trim();
        // PostgreSQL cannot keep a zero byte, and no other control character is part of a name.
        if !(1..=NAME_CHARS_MAX).contains(&name.chars().count())
            || name.chars().any(char::is_control)
        {
            return Err(Failure::new(
                ErrorCode::Invalid,
                format!(
                    "a plan's name has 1 to {NAME_CHARS_MAX} characters and no line breaks or \
                     other control characters"
                ),
            ));
        }
        let plan = PlanId::generate(&desk.clock);
        let row = desk
            .storage
            .insert_plan(plan, name, caller.principal.user)
            .await?;
        Ok(body(row, Role::Owner))
    }
}

impl Method for List {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Plans, Failure> {
        let rows = desk.storage.list_plans_for(caller.principal.user).await?;
        Ok(Plans {
            plans: rows
                .into_iter()
                .map(|(row, role)| body(row, role))
                .collect(),
        })
    }
}

impl Method for Get {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<PlanBody, Failure> {
        let plan: PlanId = self.plan.parse().map_err(|_| no_such_plan())?;
        let found = desk
            .storage
            .find_plan_for(caller.principal.user, plan)
            .await?;
        found
            .map(|(row, role)| body(row, role))
            .ok_or_else(no_such_plan)
    }
}

impl Method for Delete {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Done, Failure> {
        let access = desk.own(caller, &self.plan).await?;
        desk.storage.delete_plan(access.plan()).await?;
        desk.registry.tell_changed(access.plan());
        desk.registry
            .end(access.plan(), ErrorCode::NotFound, "this plan was deleted")
            .await;
        Ok(Done {})
    }
}

impl Method for Content {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Whole, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let content = desk.read_plan(grant.plan()).await?;
        let roots = desk.apart(move || content.to_json()).await?;
        Ok(Whole { roots })
    }
}

impl Method for Edit {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Done, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        if self.ops.len() > OPS_MAX {
            let say = format!("ops: at most {OPS_MAX} at once");
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        desk.edit_plan(&grant, self.ops, Origin::Control).await?;
        Ok(Done {})
    }
}

fn body(row: PlanRow, role: Role) -> PlanBody {
    PlanBody {
        id: row.id.to_string(),
        name: row.name,
        role: role.to_string(),
        created_at: row.created_at.to_rfc3339(),
        updated_at: Some(row.updated_at.to_rfc3339()),
    }
}
