//! Words that an agent writes into a draft are seen while they are written, and people are not held up.

use std::time::Duration;

use super::*;

/// Words that the agent writes, one frame each.
const WORDS: usize = 100;

#[tokio::test]
async fn watchers_read_a_draft_while_it_is_written_and_it_is_read_only_once_decided() {
    let stage = Stage::on(Engine::Sqlite).await;
    let opened = stage
        .call(&stage.agent, "proposal.open", json!({ "title": "A bio" }))
        .await;
    let writer = stage
        .driver
        .join(stage.to_draft(&stage.agent, &opened))
        .await;
    let mut watchers = Vec::new();
    for who in [&stage.editor, &stage.suggester, &stage.owner] {
        watchers.push(stage.driver.join(stage.to_draft(who, &opened)).await);
    }
    for word in 0..WORDS {
        let text = format!(" w{word}");
        writer
            .edit(json!([{ "op": "text.insert", "kind": "map", "root": "speakers", "path": ["sp_1", "bio"], "at": -1, "text": text }]))
            .await;
    }
    let last = format!("w{}", WORDS - 1);
    for watcher in &watchers {
        until("the watcher reads the last word", SOON, async || {
            let read = watcher.read(&json!({ "speakers": "map" })).await;
            let bio = read["speakers"]["sp_1"]["bio"].as_str()?.to_owned();
            bio.ends_with(&last).then_some(())
        })
        .await;
    }
    writer.wait_saved().await;
    // What was read in the draft is nowhere in the plan.
    let content = stage.content().await;
    assert_eq!(content["speakers"]["sp_1"]["bio"], "She counts.");
    let submit = json!({ "proposal": opened["id"] });
    let proposal = stage.call(&stage.agent, "proposal.submit", submit).await;
    stage
        .decides(&stage.editor, "approve", &proposal, &[1])
        .await;
    until(
        "the draft is read-only",
        Duration::from_secs(3),
        async || {
            let late = stage
                .driver
                .join(stage.to_draft(&stage.agent, &opened))
                .await;
            late.append("text", "too late").await;
            let closes = async {
                until("it is refused", SOON, async || {
                    let closes = late.status().await.closes;
                    closes
                        .iter()
                        .any(|close| close.code == Some(4403))
                        .then_some(())
                })
                .await;
            };
            tokio::time::timeout(Duration::from_secs(2), closes)
                .await
                .ok()
        },
    )
    .await;
}
