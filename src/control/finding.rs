//! `plan.findings`: what is wrong with a plan, with ways out.

use convene_plan::finding::find;
use convene_plan::view::Gates;
use convene_protocol::control::finding::{FINDINGS_MAX, Find, Findings};

use super::{Caller, Desk, Method};
use crate::error::Failure;

impl Method for Find {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Findings, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let content = desk.read_plan(grant.plan()).await?;
        let work = move || {
            let mut findings = find(&content, &Gates::none());
            findings.sort_by(|a, b| (a.severity, &a.key).cmp(&(b.severity, &b.key)));
            let total = u64::try_from(findings.len()).unwrap_or(u64::MAX);
            findings.truncate(FINDINGS_MAX);
            Findings { findings, total }
        };
        desk.apart(work).await
    }
}
