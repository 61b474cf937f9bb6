//! A small agent: drafts the abstract of a session, proposes it, and answers who wants it to be different.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what is not there in JSON is null; each stage is told in a line"
)]

mod control;
mod draft;
mod idea;

use std::{env, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::time::timeout;

use self::{control::Control, draft::Draft, idea::Idea};

/// Streams words, which everybody who has the draft open reads along, until they are saved.
async fn write(url: &str, session: &str, words: &str) -> Result<String> {
    let step = env::var("CONVENE_STEP_MS").map_or(Ok(80), |step| step.parse())?;
    let mut draft = Draft::open(url, session, r#"{"state":"drafting"}"#).await?;
    let mut other = Draft::open(url, session, "null").await?;
    for word in words.split_whitespace() {
        draft.append(word).await?;
        draft.listen(Duration::from_millis(step)).await?;
    }
    // y-websocket says nothing of an edit but its echo; another replica is shown only what is saved.
    while draft.read()? != other.read()? {
        other.listen(Duration::from_millis(20)).await?;
        draft.listen(Duration::from_millis(20)).await?;
    }
    draft.read()
}

fn say(stage: &Value) {
    println!("{stage}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let of = |name: &str| env::var(format!("CONVENE_{name}"));
    let (url, token, plan) = (of("URL")?, of("TOKEN")?, of("PLAN")?);
    let mut control = Control::open(&format!("{url}?token={token}")).await?;
    let (one, all) = (json!({ "plan": plan }), json!({ "plans": [plan] }));
    control.call("events.subscribe", &all).await?;
    let content = control.call("plan.content", &one).await?;
    let idea = Idea::from(&plan, &content).context("no abstract is missing")?;
    let opened = control.call("proposal.open", &idea.proposal).await?;
    let (id, draft) = (&opened["id"], opened["draft"].as_str().context("no draft")?);
    say(&json!({ "stage": "opened", "proposal": id, "draft": draft }));
    let draft = format!("{url}/{draft}?token={token}");
    let proposal = json!({ "plan": plan, "proposal": id });
    let mut words = idea.words;
    loop {
        let written = write(&draft, &idea.session, &words);
        let text = timeout(Duration::from_mins(2), written).await??;
        say(&json!({ "stage": "drafted", "text": text }));
        let sent = control.call("proposal.submit", &proposal).await?;
        say(&json!({ "stage": "submitted", "revision": sent["revision"] }));
        let now = control.decided(&proposal).await?;
        let (status, reason) = (now["status"].as_str(), now["reason"].as_str());
        say(&json!({ "stage": "decided", "status": status, "reason": reason }));
        match status {
            Some("changes_requested") => {}
            Some("approved" | "partly_approved") => return Ok(ExitCode::SUCCESS),
            _ => return Ok(ExitCode::FAILURE),
        }
        let reason = reason.unwrap_or_default();
        words = format!("Asked “{reason}”, its speakers say: bring questions, nothing else.");
    }
}
