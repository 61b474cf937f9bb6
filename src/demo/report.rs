//! What `convene demo` prints: whose the plan is, what is in it, what is wrong with it, how to open it.

use std::collections::BTreeMap;
use std::fmt;

use convene_plan::finding::Severity;
use convene_plan::schema::ROOTS;
use convene_protocol::control::finding::Findings;
use convene_protocol::control::plan::PlanBody;
use convene_protocol::control::transfer::Imported;
use secrecy::ExposeSecret;

use super::address::Address;
use super::sign_in::SignedIn;

/// What was done.
#[derive(Debug)]
pub struct Report {
    /// Where.
    pub server: Address,
    /// By which account.
    pub signed_in: SignedIn,
    /// The plan, which is new.
    pub plan: PlanBody,
    /// What was brought into it.
    pub imported: Imported,
    /// What is wrong with it.
    pub found: Findings,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = &self.signed_in;
        let done = if account.is_new { "made" } else { "signed in" };
        writeln!(f, "account    {} ({done})", account.email)?;
        if let Some(password) = &account.made_up {
            writeln!(f, "password   {}", password.expose_secret())?;
        }
        writeln!(f, "plan       {} {}", self.plan.id, self.plan.name)?;
        writeln!(f, "holds      {}", counts(&self.imported))?;
        self.write_findings(f)?;
        let (sockets, id) = (self.server.sockets(), &self.plan.id);
        writeln!(f, "open it    {}/#/p/{id}", self.server)?;
        writeln!(f, "           {sockets}/{id} (y-websocket)")?;
        writeln!(f, "           {sockets}, document {id} (Hocuspocus)")?;
        writeln!(f, "token      {}", account.token)?;
        let (login, minutes) = ("/api/v1/auth/login", account.expires_in.div_ceil(60));
        write!(
            f,
            "           good for {minutes} minutes; the next one is at {}{login}",
            self.server
        )
    }
}

impl Report {
    fn write_findings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut by_severity: BTreeMap<Severity, u64> = BTreeMap::new();
        for finding in &self.found.findings {
            *by_severity.entry(finding.severity).or_default() += 1;
        }
        let counted: Vec<String> = by_severity
            .iter()
            .map(|(severity, count)| format!("{count} {}", word(*severity)))
            .collect();
        let (total, counted) = (self.found.total, counted.join(", "));
        writeln!(f, "findings   {total} ({counted})")?;
        for finding in &self.found.findings {
            writeln!(f, "           {:5} {}", word(finding.severity), finding.say)?;
        }
        Ok(())
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Block => "block",
        Severity::Warn => "warn",
        Severity::Info => "info",
    }
}

/// How many things of each root there are, in the order of the schema. What holds no things is counted as
/// one by the server, and not told.
fn counts(imported: &Imported) -> String {
    let counts: Vec<String> = ROOTS
        .iter()
        .filter_map(|root| {
            let count = imported.added.get(root.name)?;
            Some(format!("{count} {}", root.name))
        })
        .collect();
    counts.join(", ")
}
