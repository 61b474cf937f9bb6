//! A small agent: drafts the abstract of a session, proposes it, and answers who wants it to be different.

#![expect(clippy::print_stdout, reason = "each stage is told in a line")]

mod control;
mod draft;

use std::{env, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::time::timeout;

use self::{control::Control, draft::Draft};

/// Streams words, which everybody who has the draft open reads along, until they are saved.
async fn write(url: &str, session: &str, words: &str) -> Result<String> {
    let step = env::var("CONVENE_STEP_MS").map_or(Ok(80), |step| step.parse())?;
    let mut draft = Draft::open(url, session, r#"{"state":"drafting"}"#).await?;
    let mut other = Draft::open(url, session, "null").await?;
    for word in words.split_whitespace() {
        draft.append(word).await?;
        draft.listen(Duration::from_millis(step)).await?;
    }
    // Its echo is all that y-websocket says of an edit, but another replica is shown only what is saved.
    while draft.read()? != other.read()? {
        other.listen(Duration::from_millis(20)).await?;
        draft.listen(Duration::from_millis(20)).await?;
    }
    draft.read()
}

/// The first session without an abstract, and what to say about proposing one.
fn idea(content: &Value) -> Option<(&str, String, Value)> {
    let sessions = content["roots"]["sessions"].as_object()?.values();
    let bare = sessions.filter(|it| it["abstract"] == "" && it["archived"] == false);
    let session = bare.min_by_key(|it| (it["rank"].to_string(), it["id"].to_string()))?;
    let (id, title, kind) = (
        session["id"].as_str()?,
        session["title"].as_str()?,
        session["kind"].as_str()?,
    );
    let words = format!(
        "{title}: a {kind} of {} minutes on what it is, what it costs, and when to avoid it.",
        session["minutes"]
    );
    let risk = json!({ "level": "low", "effect": "Visitors read it.", "reversible": true });
    let quote = json!({ "kind": "plan", "ref": format!("sessions/{id}/title"), "quote": title });
    let about = json!({ "risk": risk, "confidence": 60, "citations": [quote] });
    Some((
        id,
        words,
        json!({ "title": format!("An abstract for {title:.180}"), "about": about }),
    ))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let of = |name: &str| env::var(format!("CONVENE_{name}"));
    let (url, token, plan) = (of("URL")?, of("TOKEN")?, of("PLAN")?);
    let mut control = Control::open(&format!("{url}?token={token}")).await?;
    control
        .call("events.subscribe", &json!({ "plans": [plan] }))
        .await?;
    let content = control
        .call("plan.content", &json!({ "plan": plan }))
        .await?;
    let (session, mut words, mut what) = idea(&content).context("no abstract is missing")?;
    what["plan"] = json!(plan);
    let opened = control.call("proposal.open", &what).await?;
    let (id, draft) = (&opened["id"], opened["draft"].as_str().context("no draft")?);
    println!(
        "{}",
        json!({ "stage": "opened", "proposal": id, "draft": draft })
    );
    let draft = format!("{url}/{draft}?token={token}");
    let proposal = json!({ "plan": plan, "proposal": id });
    loop {
        let written = timeout(Duration::from_secs(120), write(&draft, session, &words));
        println!("{}", json!({ "stage": "drafted", "text": written.await?? }));
        let sent = control.call("proposal.submit", &proposal).await?;
        println!(
            "{}",
            json!({ "stage": "submitted", "revision": sent["revision"] })
        );
        let now = control.decided(&proposal).await?;
        let (status, reason) = (&now["status"], &now["reason"]);
        println!(
            "{}",
            json!({ "stage": "decided", "status": status, "reason": reason })
        );
        match status.as_str() {
            Some("changes_requested") => {}
            Some("approved" | "partly_approved") => return Ok(ExitCode::SUCCESS),
            _ => return Ok(ExitCode::FAILURE),
        }
        words =
            format!("Asked {reason}, its speakers say: bring questions, nothing else is needed.");
    }
}
