//! What stands before publishing, and before a letter counts as sent.

use convene_plan::content::Content;
use convene_plan::finding::{Severity, find};
use convene_plan::proposal::gate::Frozen;
use convene_protocol::error_code::ErrorCode;

use super::super::Desk;
use super::frozen;
use super::requesting::{letter_value, published};
use crate::auth::access::{Grant, Role};
use crate::error::Failure;
use crate::storage::gates::GateStatus;
use crate::storage::releases::Draft;

/// Findings that are told of in one error.
const TOLD_MAX: usize = 5;

/// Fails when the plan may not be published: as long as something blocks that nobody has put aside, and
/// without the word of an owner, who gives it by publishing, or before by a gate of the same content.
pub(in crate::control) async fn guard_publishing(
    desk: &Desk,
    grant: &Grant,
    content: std::sync::Arc<Content>,
) -> Result<(), Failure> {
    if grant.own().is_none() {
        let shown = std::sync::Arc::clone(&content);
        let wanted = desk.apart(move || published(&shown)).await?;
        if !desk.has_approved(grant, "publish", &wanted).await? {
            return Err(Failure::new(
                ErrorCode::Forbidden,
                "an owner publishes, or approves first: ask with gate.request; what was approved \
                 counts as long as the plan is as it was then",
            ));
        }
    }
    let gates = desk.gates(grant.plan()).await?;
    let aside = desk.storage.dismissals(grant.plan()).await?;
    let blocking = desk
        .apart(move || {
            let found = find(&content, &gates).into_iter();
            let found = found.filter(|it| it.severity == Severity::Block);
            let is_aside = |key: &str| aside.iter().any(|it| it.key == key);
            found.filter(|it| !is_aside(&it.key)).collect::<Vec<_>>()
        })
        .await?;
    if blocking.is_empty() {
        return Ok(());
    }
    let told: Vec<&str> = blocking
        .iter()
        .take(TOLD_MAX)
        .map(|it| it.say.as_str())
        .collect();
    let more = blocking.len().saturating_sub(TOLD_MAX);
    let more = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    let say = format!(
        "this blocks publishing: {}{more}. Mend it, or put it aside with a reason",
        told.join("; ")
    );
    Err(Failure::new(ErrorCode::Conflict, say))
}

/// Fails when a letter may not leave the building: without the word of an approver or owner, who gives it by
/// sending, or before by a gate of the same words.
pub(in crate::control) async fn guard_letter(
    desk: &Desk,
    grant: &Grant,
    letter: &Draft,
) -> Result<(), Failure> {
    if matches!(grant.role(), Role::Owner | Role::Approver) {
        return Ok(());
    }
    let wanted = letter_value(letter.id, &letter.subject, &letter.body);
    if desk.has_approved(grant, "outreach", &wanted).await? {
        return Ok(());
    }
    Err(Failure::new(
        ErrorCode::Forbidden,
        "an approver or owner sends this, or approves first: ask with gate.request",
    ))
}

impl Desk {
    async fn has_approved(
        &self,
        grant: &Grant,
        kind: &str,
        wanted: &Frozen,
    ) -> Result<bool, Failure> {
        for row in self.storage.gates(grant.plan()).await? {
            let is_given = row.kind == kind && row.status == GateStatus::Approved;
            if is_given && frozen(&row)?.contains(wanted) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
