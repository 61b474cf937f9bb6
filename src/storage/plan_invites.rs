//! Invitations into plans: codes that are good once, kept as their hashes.

use serde_json::json;
use uuid::Uuid;

use super::accounts::canonical_email;
use super::audit::chain::Chain;
use super::audit::{Act, Verb, record};
use super::database::{Storage, write_tx};
use super::error::StorageError;
use super::members::{bump_access, parse_role, present_role};
use crate::auth::access::Role;
use crate::clock::Timestamp;
use crate::ids::{InviteId, PlanId, UserId};

/// An invitation to be kept.
#[derive(Debug)]
pub struct NewPlanInvite<'a> {
    /// Names it in the audit.
    pub id: InviteId,
    /// Into which plan.
    pub plan: PlanId,
    /// SHA-256 of the code.
    pub code_hash: &'a [u8; 32],
    /// As what.
    pub role: Role,
    /// When set, it is good for the account with this address only.
    pub email: Option<&'a str>,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// The account is a member.
    Joined(PlanId, Role),
    /// It was one already, and keeps its role. The invitation can still be used.
    Already(PlanId),
    /// There is no such invitation, it was used, is too old, or for somebody else.
    Unusable,
}

impl Storage {
    /// Keeps an invitation that `by` has made. False when the plan is gone.
    pub async fn insert_plan_invite(
        &self,
        by: UserId,
        invite: &NewPlanInvite<'_>,
    ) -> Result<bool, StorageError> {
        let (now, email) = (self.now(), invite.email.map(canonical_email));
        let kept = write_tx!(self, tx => {
            let kept = sqlx::query(
                "insert into plan_invites
                     (id, plan_id, code_hash, role, email, invited_by, created_at, expires_at)
                 select $1, id, $3, $4, $5, $6, $7, $8
                 from plans
                 where id = $2
                   and deleted_at is null",
            )
            .bind(invite.id.as_uuid())
            .bind(invite.plan.as_uuid())
            .bind(invite.code_hash.as_slice())
            .bind(invite.role.as_str())
            .bind(email.as_deref())
            .bind(by.as_uuid())
            .bind(now.as_micros())
            .bind(invite.expires_at.as_micros())
            .execute(&mut *tx)
            .await?
            .rows_affected()
                > 0;
            if kept {
                let act = Act {
                    actor: Some(by),
                    verb: Verb::MemberInvited,
                    detail: json!({
                        "invite": invite.id.to_string(),
                        "role": invite.role.as_str(),
                        "for_one_address": email.is_some(),
                    }),
                };
                record!(tx, Chain::Plan(invite.plan), &act, now);
            }
            kept
        });
        Ok(kept)
    }

    /// Makes `user`, whose address is `email`, a member by the code that hashes to `code_hash`.
    pub async fn accept_plan_invite(
        &self,
        user: UserId,
        email: &str,
        code_hash: &[u8; 32],
    ) -> Result<Accepted, StorageError> {
        let (now, email) = (self.now(), canonical_email(email));
        let accepted = write_tx!(self, tx => {
            let invite: Option<(Uuid, Uuid, String, Uuid)> = sqlx::query_as(
                "update plan_invites
                 set used_at = $1,
                     used_by = $2
                 where code_hash = $3
                   and used_at is null
                   and expires_at > $1
                   and (email is null or email = $4)
                 returning id, plan_id, role, invited_by",
            )
            .bind(now.as_micros())
            .bind(user.as_uuid())
            .bind(code_hash.as_slice())
            .bind(&email)
            .fetch_optional(&mut *tx)
            .await?;
            let Some((invite, plan, role, invited_by)) = invite else {
                return Ok(Accepted::Unusable);
            };
            let (plan, role) = (PlanId::from_uuid(plan), parse_role(&role)?);
            if bump_access!(tx, plan, now).is_none() {
                return Ok(Accepted::Unusable);
            }
            // It is good as long as who made it may make it.
            let invited_by = UserId::from_uuid(invited_by);
            if present_role!(tx, plan, invited_by).as_deref() != Some(Role::Owner.as_str()) {
                return Ok(Accepted::Unusable);
            }
            // What returns here rolls back: the code is as good as before.
            if present_role!(tx, plan, user).is_some() {
                return Ok(Accepted::Already(plan));
            }
            sqlx::query(
                "insert into members (plan_id, user_id, role, added_at)
                 values ($1, $2, $3, $4)",
            )
            .bind(plan.as_uuid())
            .bind(user.as_uuid())
            .bind(role.as_str())
            .bind(now.as_micros())
            .execute(&mut *tx)
            .await?;
            let act = Act {
                actor: Some(user),
                verb: Verb::InviteAccepted,
                detail: json!({
                    "invite": InviteId::from_uuid(invite).to_string(),
                    "role": role.as_str(),
                }),
            };
            record!(tx, Chain::Plan(plan), &act, now);
            Accepted::Joined(plan, role)
        });
        Ok(accepted)
    }
}
