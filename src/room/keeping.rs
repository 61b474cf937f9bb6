//! What rooms keep for those who look into it later, without waiting for storage.

use convene_protocol::error_code::ErrorCode;
use serde_json::json;

use crate::auth::access::Grant;
use crate::ids::DocumentId;
use crate::room::registry::Shared;
use crate::storage::audit::chain::Chain;
use crate::storage::audit::{Act, Verb};
use crate::storage::journal::Quarantined;

impl Shared {
    /// Keeps an update for the operator, without waiting for it.
    pub(super) fn quarantine(&self, row: Quarantined) {
        metrics::counter!("convene_quarantined_total").increment(1);
        tracing::error!(
            plan.id = %row.plan, reason = row.reason,
            "an update of plan {} was put into quarantine", row.plan
        );
        let storage = self.storage.clone();
        self.tracker.spawn_on(
            async move {
                if let Err(error) = storage.quarantine(&row).await {
                    tracing::error!(%error, "an update could not be kept in quarantine");
                }
            },
            &self.runtime,
        );
    }

    /// Has the audit told of a refusal, without waiting for it. One in a draft is told of to the plan's audit,
    /// which is the only one that people read.
    pub(super) fn note_refusal(&self, grant: &Grant, (code, say): (ErrorCode, &str)) {
        let (document, user) = (grant.document(), grant.user());
        if !self
            .refusals
            .is_news(self.clock.now(), (document.row(), user, code))
        {
            return;
        }
        let detail = match document {
            DocumentId::Plan(_) => json!({"code": code.as_str(), "say": say}),
            DocumentId::Draft { proposal, .. } => {
                json!({"code": code.as_str(), "draft": proposal.to_string(), "say": say})
            }
        };
        let act = Act {
            actor: Some(user),
            verb: Verb::EditRefused,
            detail,
        };
        let storage = self.storage.clone();
        self.tracker.spawn_on(
            async move {
                if let Err(error) = storage.record(Chain::Plan(document.plan()), &act).await {
                    tracing::warn!(%error, "a refusal could not be written into the audit");
                }
            },
            &self.runtime,
        );
    }
}
