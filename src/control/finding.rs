//! `plan.findings` and `finding.*`: what is wrong with a plan, with ways out, and what was put aside.

use std::collections::BTreeMap;

use convene_plan::finding::{Finding, Severity, find};
use convene_protocol::control::Done;
use convene_protocol::control::finding::{
    Dismiss, Dismissed, FINDINGS_MAX, Find, Findings, Reopen,
};
use convene_protocol::error_code::ErrorCode;

use super::{Caller, Desk, For, Method};
use crate::auth::access::Role;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::storage::dismissals::Dismissal;

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 1_000;
/// Findings of one plan that can be put aside.
const DISMISSALS_MAX: usize = 5_000;

impl Method for Find {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Findings, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let content = desk.read_plan(grant.plan()).await?;
        let gates = desk.gates(grant.plan()).await?;
        let dismissals = desk.storage.dismissals(grant.plan()).await?;
        let people = desk.people(dismissals.iter().map(|it| it.by)).await?;
        let aside: BTreeMap<String, Dismissal> = dismissals
            .into_iter()
            .map(|it| (it.key.clone(), it))
            .collect();
        let work = move || {
            let found = find(&content, &gates);
            let (aside_now, mut findings): (Vec<Finding>, Vec<Finding>) = found
                .into_iter()
                .partition(|it| aside.contains_key(&it.key));
            findings.sort_by(|a, b| (a.severity, &a.key).cmp(&(b.severity, &b.key)));
            let total = u64::try_from(findings.len()).unwrap_or(u64::MAX);
            findings.truncate(FINDINGS_MAX);
            let dismissed = aside_now.into_iter().filter_map(|finding| {
                let dismissal = aside.get(&finding.key)?;
                Some(Dismissed {
                    finding,
                    by: people.person(dismissal.by),
                    at: dismissal.at.to_rfc3339(),
                    reason: dismissal.reason.clone(),
                    until: dismissal.until.map(Timestamp::to_rfc3339),
                })
            });
            Findings {
                findings,
                total,
                dismissed: dismissed.take(FINDINGS_MAX).collect(),
            }
        };
        desk.apart(work).await
    }
}

impl Method for Dismiss {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Done, Failure> {
        let grant = desk.editor(caller, &self.plan).await?;
        let reason = self.reason.trim();
        let is_sound = (1..=REASON_CHARS_MAX).contains(&reason.chars().count());
        if !is_sound || reason.contains('\0') {
            let say = format!("reason: 1 to {REASON_CHARS_MAX} characters");
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        let now = desk.clock.now();
        let until = self
            .until
            .as_deref()
            .map(|until| later(until, now))
            .transpose()?;
        let content = desk.read_plan(grant.plan()).await?;
        let (key, gates) = (self.key.clone(), desk.gates(grant.plan()).await?);
        let found = desk
            .apart(move || find(&content, &gates).into_iter().find(|it| it.key == key))
            .await?;
        let finding = found.ok_or_else(|| {
            Failure::new(
                ErrorCode::NotFound,
                "nothing like this is found in the plan (any more)",
            )
        })?;
        // Nothing is published with what blocks: who may not publish may not wave it through.
        let may_wave = matches!(grant.role(), Role::Owner | Role::Approver);
        if finding.severity == Severity::Block && !may_wave {
            let say = "only an approver or an owner may put aside what blocks";
            return Err(Failure::new(ErrorCode::Forbidden, say));
        }
        if desk.storage.dismissals(grant.plan()).await?.len() >= DISMISSALS_MAX {
            let say = format!("{DISMISSALS_MAX} findings are put aside; solve some of them");
            return Err(Failure::new(ErrorCode::TooLarge, say));
        }
        let dismissal = Dismissal {
            key: self.key,
            reason: reason.to_owned(),
            until,
            by: caller.principal.user,
            at: now,
        };
        desk.storage.dismiss(grant.plan(), &dismissal).await?;
        Ok(Done {})
    }
}

impl Method for Reopen {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Done, Failure> {
        let grant = desk.editor(caller, &self.plan).await?;
        let by = caller.principal.user;
        // PostgreSQL cannot look for a zero byte, and no key has one.
        if !self.key.contains('\0') && desk.storage.reopen(by, grant.plan(), &self.key).await? {
            Ok(Done {})
        } else {
            let say = "this finding is not put aside";
            Err(Failure::new(ErrorCode::NotFound, say))
        }
    }
}

/// A moment that is still to come.
fn later(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let until: Result<jiff::Timestamp, _> = text.parse();
    let until = until.map(|it| Timestamp::from_micros(it.as_microsecond()));
    until.ok().filter(|until| *until > now).ok_or_else(|| {
        let say = "until: a moment to come, such as 2030-05-04T09:00:00Z";
        Failure::new(ErrorCode::Invalid, say)
    })
}
