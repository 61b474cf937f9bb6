//! `member.*`: who belongs to a plan, in which role. Changes reach open sessions at once.

use convene_protocol::control::Done;
use convene_protocol::control::member::{List, MemberBody, Members, Remove, SetRole};
use convene_protocol::error_code::ErrorCode;

use super::{Caller, Desk, Method};
use crate::auth::access::Role;
use crate::error::Failure;
use crate::ids::UserId;
use crate::storage::members::{Member, MemberChange};

impl Method for List {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Members, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let members = desk.storage.list_members(grant.plan()).await?;
        Ok(Members {
            members: members.into_iter().map(body).collect(),
        })
    }
}

impl Method for SetRole {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<MemberBody, Failure> {
        let access = desk.own(caller, &self.plan).await?;
        let role: Role = self
            .role
            .parse()
            .map_err(|error| Failure::new(ErrorCode::Invalid, format!("{}: {error}", self.role)))?;
        let user = desk
            .storage
            .find_user_by_email(&self.email)
            .await?
            .ok_or_else(|| {
                Failure::new(
                    ErrorCode::NotFound,
                    "nobody here has this e-mail address; ask them to register first",
                )
            })?;
        settle(desk.storage.set_role(access.plan(), user.id, role).await?)?;
        desk.registry
            .tell_role(access.plan(), user.id, Some(role))
            .await;
        let members = desk.storage.list_members(access.plan()).await?;
        members
            .into_iter()
            .find(|member| member.user == user.id)
            .map(body)
            .ok_or_else(|| Failure::new(ErrorCode::Conflict, "somebody has just changed this too"))
    }
}

impl Method for Remove {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Done, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let user: UserId = self.user.parse().map_err(|_| no_such_member())?;
        if user != caller.principal.user && grant.own().is_none() {
            return Err(Failure::new(
                ErrorCode::Forbidden,
                "only an owner of the plan may remove others",
            ));
        }
        settle(desk.storage.remove_member(grant.plan(), user).await?)?;
        desk.registry.tell_role(grant.plan(), user, None).await;
        Ok(Done {})
    }
}

fn settle(change: MemberChange) -> Result<(), Failure> {
    match change {
        MemberChange::Changed { .. } => Ok(()),
        MemberChange::LastOwner => Err(Failure::new(
            ErrorCode::Conflict,
            "a plan keeps at least one owner; make somebody else an owner first",
        )),
        MemberChange::NotFound => Err(no_such_member()),
    }
}

fn no_such_member() -> Failure {
    Failure::new(ErrorCode::NotFound, "there is no such member in this plan")
}

fn body(member: Member) -> MemberBody {
    MemberBody {
        user: member.user.to_string(),
        name: member.name,
        email: member.email,
        role: member.role.to_string(),
        added_at: Some(member.added_at.to_rfc3339()),
    }
}
