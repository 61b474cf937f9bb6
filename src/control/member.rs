//! `member.*`: who belongs to a plan, in which role. Changes reach open sessions at once.

use convene_protocol::control::Done;
use convene_protocol::control::member::{
    Accept, Invite, Invited, List, MemberBody, Members, Remove, SetRole,
};
use convene_protocol::control::plan::PlanBody;
use convene_protocol::error_code::ErrorCode;

use super::{Caller, Desk, Method, no_such_plan};
use crate::accounts::admin::INVITE_LIFETIME;
use crate::auth::access::Role;
use crate::auth::opaque_token::OpaqueToken;
use crate::error::Failure;
use crate::ids::{InviteId, UserId};
use crate::storage::members::{Member, MemberChange};
use crate::storage::plan_invites::{Accepted, NewPlanInvite};

/// The longest address there is, in bytes.
const EMAIL_BYTES_MAX: usize = 254;

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
        let role = role(&self.role)?;
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
        let by = caller.principal.user;
        settle(
            desk.storage
                .set_role(by, access.plan(), user.id, role)
                .await?,
        )?;
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
        let by = caller.principal.user;
        let change = desk.storage.remove_member(by, grant.plan(), user).await?;
        // Without its place an agent is nothing: it ends with it.
        if let (MemberChange::IsAgent, Some(access)) = (change, grant.own()) {
            return desk.revoke_agent(access, user).await;
        }
        settle(change)?;
        desk.registry.tell_role(grant.plan(), user, None).await;
        Ok(Done {})
    }
}

impl Method for Invite {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Invited, Failure> {
        let access = desk.own(caller, &self.plan).await?;
        let role = role(&self.role)?;
        let email = self.email.as_deref();
        if email.is_some_and(|email| {
            !(3..=EMAIL_BYTES_MAX).contains(&email.len()) || email.contains('\0')
        }) {
            let say = "email: the address that the account has";
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        let code = OpaqueToken::generate();
        let hash = code.hash();
        let expires_at = desk.clock.now().after(INVITE_LIFETIME);
        let invite = NewPlanInvite {
            id: InviteId::generate(&desk.clock),
            plan: access.plan(),
            code_hash: hash.as_bytes(),
            role,
            email,
            expires_at,
        };
        let by = caller.principal.user;
        if !desk.storage.insert_plan_invite(by, &invite).await? {
            return Err(no_such_plan());
        }
        Ok(Invited {
            code: code.expose_text().to_owned(),
            expires_at: expires_at.to_rfc3339(),
        })
    }
}

impl Method for Accept {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<PlanBody, Failure> {
        let user = caller.principal.user;
        let unusable = || {
            Failure::new(
                ErrorCode::NotFound,
                "this invitation cannot be used: it was used, is older than a week, or is for \
                 another account; ask for a new one",
            )
        };
        let account = desk.storage.find_user(user).await?.ok_or_else(unusable)?;
        let hash = OpaqueToken::from_text(self.code).hash();
        let accepted = desk
            .storage
            .accept_plan_invite(user, &account.email, hash.as_bytes())
            .await?;
        let plan = match accepted {
            Accepted::Joined(plan, role) => {
                desk.registry.tell_role(plan, user, Some(role)).await;
                plan
            }
            Accepted::Already(plan) => plan,
            Accepted::Unusable => return Err(unusable()),
        };
        desk.plan_body(caller, plan).await
    }
}

fn role(name: &str) -> Result<Role, Failure> {
    name.parse()
        .map_err(|error| Failure::new(ErrorCode::Invalid, format!("{name}: {error}")))
}

fn settle(change: MemberChange) -> Result<(), Failure> {
    match change {
        MemberChange::Changed { .. } => Ok(()),
        MemberChange::LastOwner => Err(Failure::new(
            ErrorCode::Conflict,
            "a plan keeps at least one owner; make somebody else an owner first",
        )),
        MemberChange::NotFound => Err(no_such_member()),
        MemberChange::IsAgent => Err(Failure::new(
            ErrorCode::Forbidden,
            "an agent is a suggester of the plan it was made for, and nothing else anywhere; an \
             owner may revoke it",
        )),
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
        kind: member.kind.to_string(),
        role: member.role.to_string(),
        added_at: Some(member.added_at.to_rfc3339()),
    }
}
