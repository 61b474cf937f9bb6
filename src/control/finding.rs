//! `plan.findings`: what is wrong with a plan, with ways out.

use convene_plan::finding::{Finding, Severity, find};
use convene_plan::view::Gates;
use convene_protocol::control::finding::{
    About, FINDINGS_MAX, Find, FindingBody, Findings, FixBody,
};

use super::{Caller, Desk, Method};
use crate::error::Failure;

impl Method for Find {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Findings, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let content = desk.read_plan(grant.plan()).await?;
        let work = move || {
            let mut findings = find(&content, &Gates::none());
            findings.sort_by(|a, b| (a.severity, &a.key).cmp(&(b.severity, &b.key)));
            findings
        };
        let findings = desk.apart(work).await?;
        Ok(Findings {
            total: u64::try_from(findings.len()).unwrap_or(u64::MAX),
            findings: findings.into_iter().take(FINDINGS_MAX).map(body).collect(),
        })
    }
}

fn body(finding: Finding) -> FindingBody {
    let severity = match finding.severity {
        Severity::Block => "block",
        Severity::Warn => "warn",
        Severity::Info => "info",
    };
    let about = |one: convene_plan::finding::Ref| About {
        root: one.root,
        id: one.id,
        field: one.field,
    };
    let fix = |fix: convene_plan::finding::Fix| FixBody {
        say: fix.say,
        ops: fix.ops,
    };
    FindingBody {
        key: finding.key,
        rule: finding.rule.to_owned(),
        severity: severity.to_owned(),
        refs: finding.refs.into_iter().map(about).collect(),
        say: finding.say,
        fixes: finding.fixes.into_iter().map(fix).collect(),
    }
}
