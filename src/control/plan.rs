//! `plan.*`: making, finding and deleting plans.

use bytes::Bytes;
use convene_plan::content::Content as PlanContent;
use convene_plan::diff::{diff, redo};
use convene_protocol::control::Done;
use convene_protocol::control::entity::Archived;
use convene_protocol::control::plan::{
    Archive, Content, Create, Delete, Duplicate, Edit, Edited, Get, List, OPS_MAX, PlanBody, Plans,
    Restore, Squash, Squashed, Update, Whole,
};
use convene_protocol::error_code::ErrorCode;
use serde_json::json;

use super::{Caller, Desk, For, Method, no_such_plan};
use crate::auth::access::{Grant, Role};
use crate::clock::Timestamp;
use crate::document::{CannotSquash, epoch_client, squash};
use crate::error::Failure;
use crate::ids::PlanId;
use crate::room::core::Start;
use crate::storage::audit::{Act, Verb};
use crate::storage::beginnings::{Begun, NewBeginning};
use crate::storage::journal::{Epoch, Origin, Seq, StoredPlan};
use crate::storage::plans::{PlanRow, Shelf};

/// How often squashing is tried again while people edit.
const SQUASH_TRIES: i64 = 5;
/// The longest name of a plan, in characters.
const NAME_CHARS_MAX: usize = 200;

impl Method for Create {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<PlanBody, Failure> {
        let name = name("a plan's name", &self.name)?;
        let plan = PlanId::generate(&desk.clock);
        let row = desk
            .storage
            .insert_plan(plan, name, caller.principal.user)
            .await?;
        Ok(body(row, Role::Owner))
    }
}

impl Method for List {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Plans, Failure> {
        let rows = desk.storage.list_plans_for(caller.principal.user).await?;
        let is_wanted = |row: &PlanRow| match self.archived.unwrap_or_default() {
            Archived::Without => row.archived_at.is_none(),
            Archived::With => true,
            Archived::Only => row.archived_at.is_some(),
        };
        Ok(Plans {
            plans: rows
                .into_iter()
                .filter(|(row, _)| is_wanted(row))
                .map(|(row, role)| body(row, role))
                .collect(),
        })
    }
}

impl Method for Get {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<PlanBody, Failure> {
        let plan: PlanId = self.plan.parse().map_err(|_| no_such_plan())?;
        desk.plan_body(caller, plan).await
    }
}

impl Method for Update {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<PlanBody, Failure> {
        let access = desk.own(caller, &self.plan).await?;
        let name = name("a plan's name", &self.name)?;
        let (by, plan) = (caller.principal.user, access.plan());
        desk.storage.rename_plan(by, plan, name).await?;
        desk.plan_body(caller, plan).await
    }
}

impl Method for Archive {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<PlanBody, Failure> {
        desk.shelve(caller, &self.plan, Shelf::Archive).await
    }
}

impl Method for Restore {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<PlanBody, Failure> {
        desk.shelve(caller, &self.plan, Shelf::Desk).await
    }
}

impl Method for Duplicate {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<PlanBody, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let original = desk.plan_body(caller, grant.plan()).await?;
        let name = match &self.name {
            Some(wanted) => name("a plan's name", wanted)?.to_owned(),
            None => original.name,
        };
        let content = desk.level_reading(grant.plan()).await?.content;
        let ops = desk
            .apart(move || redo(&diff(&PlanContent::default(), &content)))
            .await?;
        let (copy, user) = (PlanId::generate(&desk.clock), caller.principal.user);
        let row = desk.storage.insert_plan(copy, &name, user).await?;
        let own = Grant::new(copy.into(), caller.principal.actor(), Role::Owner);
        let act = Act {
            actor: Some(user),
            verb: Verb::PlanImported,
            detail: json!({"copy_of": grant.plan().to_string()}),
        };
        let filled = desk.edit_plan(&own, ops, (Origin::Import, Some(act))).await;
        if let Err(failure) = filled {
            // Nobody wants a copy with nothing in it.
            desk.storage.delete_plan(user, copy).await?;
            return Err(failure);
        }
        Ok(body(row, Role::Owner))
    }
}

impl Method for Squash {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Squashed, Failure> {
        let access = desk.own(caller, &self.plan).await?;
        let (plan, by) = (access.plan(), caller.principal.user);
        // Held until the answer: each holds a whole plan, twice.
        let permit = desk.histories.acquire().await;
        let _permit = permit.map_err(|error| Failure::fault().caused_by(error))?;
        for number in 1..=SQUASH_TRIES {
            let stored = desk.storage.load(plan).await?;
            let mut made = desk.make_anew(plan, stored, number).await?;
            if made.is_none() {
                // The snapshot cannot be read; then the whole journal is, as by a room that loads.
                let stored = desk.storage.load_whole_journal(plan).await?;
                made = desk.make_anew(plan, stored, number).await?;
            }
            let made = made.ok_or_else(Failure::fault)?;
            let (from, epoch, state) = (made.from, made.epoch, made.state);
            let markers = [from.0, epoch].map(|epoch| epoch_client(plan, epoch.0));
            let bytes_before = made.bytes_before;
            let new = NewBeginning {
                by,
                plan,
                from,
                epoch,
                markers,
                state: &state,
                bytes_before,
            };
            match desk.storage.begin_anew(&new).await? {
                Begun::Begun { seq, .. } => {
                    desk.registry.tell_changed(plan);
                    desk.registry.tell_epoch(plan, epoch);
                    return Ok(Squashed {
                        seq: seq.0,
                        bytes_before: u64::try_from(bytes_before).unwrap_or(u64::MAX),
                        bytes_after: u64::try_from(state.len()).unwrap_or(u64::MAX),
                    });
                }
                Begun::Moved | Begun::MarkerTaken => {}
                Begun::Gone => return Err(no_such_plan()),
            }
        }
        Err(Failure::new(
            ErrorCode::Conflict,
            "people are editing this plan; squash it when they have finished",
        ))
    }
}

/// A document without its history.
struct MadeAnew {
    /// Up to where the document reaches that it was made of.
    from: (Epoch, Seq),
    /// The line it begins.
    epoch: Epoch,
    state: Bytes,
    bytes_before: usize,
}

/// None when the snapshot cannot be read. Rows that a load leaves out are left out here too.
fn make_anew(plan: PlanId, stored: &StoredPlan, further: i64) -> Result<Option<MadeAnew>, Failure> {
    let loaded = Start::load(stored);
    if loaded.snapshot_broken {
        return Ok(None);
    }
    let whole = loaded.replica.encode();
    let whole = whole.map_err(|refusal| Failure::fault().caused_by(refusal))?;
    let epoch = Epoch(stored.epoch.0 + further);
    let state = squash(plan, epoch.0, &whole).map_err(|error| match error {
        CannotSquash::Foreign(_) => Failure::new(ErrorCode::Unprocessable, error.to_string()),
        CannotSquash::Unreadable(_) => Failure::fault().caused_by(error),
    })?;
    Ok(Some(MadeAnew {
        from: (stored.epoch, stored.head),
        epoch,
        state,
        bytes_before: whole.len(),
    }))
}

impl Desk {
    async fn make_anew(
        &self,
        plan: PlanId,
        stored: Option<StoredPlan>,
        further: i64,
    ) -> Result<Option<MadeAnew>, Failure> {
        let stored = stored.ok_or_else(no_such_plan)?;
        self.apart(move || make_anew(plan, &stored, further))
            .await?
    }

    pub(super) async fn plan_body(
        &self,
        caller: &Caller,
        plan: PlanId,
    ) -> Result<PlanBody, Failure> {
        let found = self
            .storage
            .find_plan_for(caller.principal.user, plan)
            .await?;
        found
            .map(|(row, role)| body(row, role))
            .ok_or_else(no_such_plan)
    }

    async fn shelve(&self, caller: &Caller, plan: &str, place: Shelf) -> Result<PlanBody, Failure> {
        let access = self.own(caller, plan).await?;
        let (by, plan) = (caller.principal.user, access.plan());
        self.storage.shelve_plan(by, plan, place).await?;
        self.plan_body(caller, plan).await
    }
}

/// What people may call something: on one line, and not without end.
pub(super) fn name<'a>(what: &str, name: &'a str) -> Result<&'a str, Failure> {
    let name = name.trim();
    // PostgreSQL cannot keep a zero byte, and no other control character is part of a name.
    let is_sound =
        (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    is_sound.then_some(name).ok_or_else(|| {
        let say = format!(
            "{what} has 1 to {NAME_CHARS_MAX} characters and no line breaks or other control characters"
        );
        Failure::new(ErrorCode::Invalid, say)
    })
}

impl Method for Delete {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Done, Failure> {
        let access = desk.own(caller, &self.plan).await?;
        desk.storage
            .delete_plan(caller.principal.user, access.plan())
            .await?;
        desk.registry.tell_changed(access.plan());
        desk.registry
            .end(access.plan(), ErrorCode::NotFound, "this plan was deleted")
            .await;
        Ok(Done {})
    }
}

impl Method for Content {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Whole, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let content = desk.read_plan(grant.plan()).await?;
        let roots = desk.apart(move || content.to_json()).await?;
        Ok(Whole { roots })
    }
}

impl Method for Edit {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Edited, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        if self.ops.len() > OPS_MAX {
            let say = format!("ops: at most {OPS_MAX} at once");
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        let change = (Origin::Control, None);
        let reading = desk.edit_plan(&grant, self.ops, change).await?;
        Ok(Edited { seq: reading.seq.0 })
    }
}

fn body(row: PlanRow, role: Role) -> PlanBody {
    PlanBody {
        id: row.id.to_string(),
        name: row.name,
        role: role.to_string(),
        created_at: row.created_at.to_rfc3339(),
        updated_at: Some(row.updated_at.to_rfc3339()),
        archived_at: row.archived_at.map(Timestamp::to_rfc3339),
    }
}
