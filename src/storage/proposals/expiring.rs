//! Ends proposals that nobody decided in time.

use serde_json::json;
use uuid::Uuid;

use super::super::audit::chain::Chain;
use super::super::audit::{Act, Verb, record};
use super::super::database::{Storage, read, write_tx};
use super::super::error::StorageError;
use super::{touch_draft, touch_proposals};
use crate::ids::{PlanId, ProposalId};

impl Storage {
    /// Ends the proposals whose time is over, some at a time; answers whose.
    pub async fn expire_proposals(&self) -> Result<Vec<(PlanId, ProposalId)>, StorageError> {
        const SOME: i64 = 100;
        let now = self.now();
        let over: Vec<(Uuid, Uuid)> = read!(self, db => {
            sqlx::query_as(
                "select plan_id, id
                 from proposals
                 where expires_at <= $1
                   and status in ('drafting', 'submitted', 'changes_requested')
                 order by expires_at
                 limit $2",
            )
            .bind(now.as_micros())
            .bind(SOME)
            .fetch_all(db)
            .await?
        });
        let mut ended = Vec::with_capacity(over.len());
        for (plan, proposal) in over {
            let (plan, proposal) = (PlanId::from_uuid(plan), ProposalId::from_uuid(proposal));
            if self.expire_one(plan, proposal).await? {
                ended.push((plan, proposal));
            }
        }
        Ok(ended)
    }

    async fn expire_one(&self, plan: PlanId, proposal: ProposalId) -> Result<bool, StorageError> {
        let now = self.now();
        let expired = write_tx!(self, tx => {
            // None when the plan is gone; its proposals end all the same.
            let touched = touch_proposals!(tx, plan).unwrap_or_default();
            touch_draft!(tx, proposal);
            let is_over = sqlx::query(
                "update proposals
                 set status = 'expired',
                     version = version + 1,
                     touched = $3,
                     updated_at = $2
                 where id = $1
                   and expires_at <= $2
                   and status in ('drafting', 'submitted', 'changes_requested')",
            )
            .bind(proposal.as_uuid())
            .bind(now.as_micros())
            .bind(touched)
            .execute(&mut *tx)
            .await?
            .rows_affected()
                > 0;
            if is_over {
                let act = Act {
                    actor: None,
                    verb: Verb::ProposalExpired,
                    detail: json!({"proposal": proposal.to_string()}),
                };
                record!(tx, Chain::Plan(plan), &act, now);
            }
            is_over
        });
        Ok(expired)
    }
}
