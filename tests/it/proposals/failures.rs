//! The eight ways in which merging a draft into a plan fails, none of which happens here.

use super::*;

fn contains(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|it| it == words.as_bytes())
}

#[tokio::test]
async fn one_change_of_a_text_edited_draft_is_accepted_and_stock_clients_read_it() {
    let stage = Stage::on(Engine::Sqlite).await;
    let opened = json!({ "title": "By hand" });
    let opened = stage.call(&stage.suggester, "proposal.open", opened).await;
    // A stock client types into the draft: its updates build on each other.
    let draft = stage
        .driver
        .join(stage.to_draft(&stage.suggester, &opened))
        .await;
    draft
        .edit(json!([
            { "op": "text.insert", "kind": "map", "root": "speakers", "path": ["sp_1", "bio"], "at": -1, "text": " She writes." },
            { "op": "map.set", "root": "sessions", "path": ["se_1"], "key": "minutes", "value": 45 },
            { "op": "text.insert", "kind": "map", "root": "sessions", "path": ["se_1", "abstract"], "at": 0, "text": "Note. " },
        ]))
        .await;
    draft.wait_saved().await;
    let submit = json!({ "proposal": opened["id"] });
    let proposal = stage
        .call(&stage.suggester, "proposal.submit", submit)
        .await;
    let text = number(&proposal, &["sessions", "se_1", "abstract"]);
    stage
        .decides(&stage.editor, "approve", &proposal, &[text])
        .await;
    let wanted = json!("Note. The venue costs 40000 and has a garden. It is near the station.");
    stage.client_reads("/sessions/se_1/abstract", &wanted).await;
    // Nothing waits for something that never comes: who joins now reads the same.
    let late = Connect::new(
        &stage.server,
        "hocuspocus-4.8",
        &stage.plan,
        &stage.editor.token,
    );
    let late = stage.driver.join(late).await;
    let read = late.read(&json!({ "sessions": "map" })).await;
    assert_eq!(read["sessions"]["se_1"]["abstract"], wanted);
    assert_eq!(read["sessions"]["se_1"]["minutes"], 30);
}

#[tokio::test]
async fn a_value_that_somebody_changed_meanwhile_is_a_conflict_and_nobody_loses_silently() {
    let stage = Stage::on(Engine::Sqlite).await;
    let path = ["sessions", "se_1", "minutes"];
    let proposal = stage
        .proposes(
            &stage.agent,
            json!([{ "op": "set", "path": path, "to": 45 }]),
        )
        .await;
    let no = number(&proposal, &path);
    let before = stage.decision("approve", &proposal, &[no]).await;
    stage
        .edit(json!([{ "op": "set", "path": path, "to": 60 }]))
        .await;
    let seen = stage.get(&proposal).await;
    let shown = change(&seen, no);
    assert_eq!(
        (&shown["class"], &shown["present"]),
        (&json!("conflict"), &json!(60))
    );
    assert_eq!(shown["changed_by"]["name"], "Olga", "{shown}");
    // What was looked at is not what is there: the answer has the present hash.
    let (code, say) = stage
        .is_refused(&stage.editor, "proposal.decide", before)
        .await;
    assert_eq!(code, "conflict");
    assert!(say.contains(shown["shown"].as_str().unwrap()), "{say}");
    let (code, say) = {
        let now = stage.decision("approve", &proposal, &[no]).await;
        stage
            .is_refused(&stage.editor, "proposal.decide", now)
            .await
    };
    assert_eq!(code, "conflict", "{say}");
    let mut mine = stage.decision("approve", &proposal, &[no]).await;
    mine["changes"][0]["resolve"] = json!("mine");
    let decided = stage.call(&stage.editor, "proposal.decide", mine).await;
    assert_eq!(decided["done"], json!([no]));
    stage
        .client_reads("/sessions/se_1/minutes", &json!(45))
        .await;
    let undo = json!({ "proposal": proposal["id"] });
    stage.call(&stage.editor, "proposal.undo", undo).await;
    stage
        .client_reads("/sessions/se_1/minutes", &json!(60))
        .await;
}

#[tokio::test]
async fn a_draft_knows_nothing_of_other_drafts_and_gives_none_of_their_words_away() {
    let stage = Stage::on(Engine::Sqlite).await;
    let secret =
        json!([{ "op": "set", "path": ["speakers", "sp_1", "org"], "to": "Xylophone Ltd" }]);
    stage.proposes(&stage.agent, secret).await;
    let other = stage
        .proposes(
            &stage.suggester,
            json!([{ "op": "set", "path": ["sessions", "se_1", "minutes"], "to": 20 }]),
        )
        .await;
    let draft = stage
        .driver
        .join(stage.to_draft(&stage.editor, &other))
        .await;
    let read = draft.read(&json!({ "speakers": "map" })).await;
    assert_eq!(read["speakers"]["sp_1"].get("org"), None, "{read}");
    stage.decides(&stage.editor, "approve", &other, &[1]).await;
    stage
        .client_reads("/sessions/se_1/minutes", &json!(20))
        .await;
    let database = &stage.database;
    assert!(!contains(
        &database.bytes_of(&stage.plan).await,
        "Xylophone"
    ));
}

#[tokio::test]
async fn what_is_about_something_put_away_is_void_and_says_who_did_that() {
    let stage = Stage::on(Engine::Sqlite).await;
    let proposal = stage
        .proposes(
            &stage.agent,
            json!([{ "op": "set", "path": ["speakers", "sp_1", "org"], "to": "Office" }]),
        )
        .await;
    let archive = json!({ "ops": [{ "op": "archive", "path": ["speakers", "sp_1"] }] });
    stage.call(&stage.editor, "plan.edit", archive).await;
    let shown = change(&stage.get(&proposal).await, 1);
    assert_eq!(
        (&shown["class"], &shown["changed_by"]["name"]),
        (&json!("void"), &json!("Emil")),
        "{shown}"
    );
    let (code, say) = {
        let decision = stage.decision("approve", &proposal, &[1]).await;
        stage
            .is_refused(&stage.editor, "proposal.decide", decision)
            .await
    };
    assert_eq!(code, "conflict", "{say}");
    assert_eq!(stage.content().await["speakers"]["sp_1"].get("org"), None);
}

#[tokio::test]
async fn a_rewrite_and_an_edit_inside_of_it_never_become_a_soup() {
    let stage = Stage::on(Engine::Sqlite).await;
    let path = ["sessions", "se_1", "abstract"];
    let rewrite = "Venue price: 40000 EUR incl. VAT. It is near the station.";
    let proposal = stage
        .proposes(
            &stage.agent,
            json!([{ "op": "text", "path": path, "to": rewrite }]),
        )
        .await;
    let edited = "The venue costs 55000 and has a garden. It is near the station.";
    stage
        .edit(json!([{ "op": "text", "path": path, "to": edited }]))
        .await;
    assert_eq!(change(&stage.get(&proposal).await, 1)["class"], "conflict");
    // Words elsewhere in the text fit together, and are shown merged before anybody decides.
    let small = "The venue costs 55000 and has a garden. It is near the sea.";
    let other = stage
        .proposes(
            &stage.suggester,
            json!([{ "op": "text", "path": path, "to": small }]),
        )
        .await;
    let nearer = "Our venue costs 55000 and has a garden. It is near the station.";
    stage
        .edit(json!([{ "op": "text", "path": path, "to": nearer }]))
        .await;
    let shown = change(&stage.get(&other).await, 1);
    let merged = "Our venue costs 55000 and has a garden. It is near the sea.";
    assert_eq!(
        (&shown["class"], &shown["merged"]),
        (&json!("mergeable"), &json!(merged)),
        "{shown}"
    );
    stage.decides(&stage.editor, "approve", &other, &[1]).await;
    stage
        .client_reads("/sessions/se_1/abstract", &json!(merged))
        .await;
}

async fn rejected_words_never_enter_the_plan(engine: Engine) {
    let stage = Stage::on(engine).await;
    let proposal = stage
        .proposes(
            &stage.agent,
            json!([
                { "op": "text", "path": ["speakers", "sp_1", "bio"], "to": "She counts. Zyzzyva." },
                { "op": "set", "path": ["speakers", "sp_1", "org"], "to": "Accepted Office" },
                { "op": "add", "path": ["speakers", "sp_9"], "fields": { "name": "Quetzalcoatl" } },
            ]),
        )
        .await;
    let org = number(&proposal, &["speakers", "sp_1", "org"]);
    let rest: Vec<u32> = (1..=3).filter(|no| *no != org).collect();
    stage
        .decides(&stage.editor, "approve", &proposal, &[org])
        .await;
    stage
        .decides(&stage.editor, "reject", &proposal, &rest)
        .await;
    stage
        .client_reads("/speakers/sp_1/org", &json!("Accepted Office"))
        .await;
    let bytes = stage.database.bytes_of(&stage.plan).await;
    assert!(contains(&bytes, "Accepted Office"));
    for words in ["Zyzzyva", "Quetzalcoatl"] {
        assert!(!contains(&bytes, words), "{words}");
    }
    // They are kept with the proposal, for who wants to know what was rejected.
    let draft = proposal["id"].as_str().unwrap();
    let kept = stage.database.bytes_of(draft).await;
    assert!(contains(&kept, "Zyzzyva"));
}

#[tokio::test]
async fn rejected_words_never_enter_the_plan_on_sqlite() {
    rejected_words_never_enter_the_plan(Engine::Sqlite).await;
}

#[tokio::test]
async fn rejected_words_never_enter_the_plan_on_postgres() {
    rejected_words_never_enter_the_plan(Engine::postgres().await).await;
}

#[tokio::test]
async fn what_was_accepted_is_taken_back_after_a_restart_and_others_edits_stay() {
    let mut stage = Stage::on(Engine::Sqlite).await;
    let proposal = stage
        .proposes(&stage.agent, json!([
            { "op": "text", "path": ["sessions", "se_1", "abstract"], "to": "The venue costs 40000." },
            { "op": "set", "path": ["sessions", "se_1", "minutes"], "to": 45 },
            { "op": "archive", "path": ["rooms", "ro_1"] },
            { "op": "unlink", "path": ["sessions", "se_1", "people", "sp_1"] },
        ]))
        .await;
    let before = stage.content().await;
    stage
        .decides(&stage.editor, "approve", &proposal, &[1, 2, 3, 4])
        .await;
    stage.server.kill9();
    stage.server.start_again().await;
    // Somebody has changed one of the values since: that stays, and it is said.
    stage
        .edit(json!([{ "op": "set", "path": ["sessions", "se_1", "minutes"], "to": 50 }]))
        .await;
    let undo = json!({ "proposal": proposal["id"] });
    let undone = stage.call(&stage.owner, "proposal.undo", undo).await;
    let minutes = number(&proposal, &["sessions", "se_1", "minutes"]);
    assert_eq!(undone["kept"][0]["no"], minutes, "{undone}");
    assert_eq!(undone["done"].as_array().unwrap().len(), 3);
    let after = stage.content().await;
    assert_eq!(
        after["sessions"]["se_1"]["abstract"],
        before["sessions"]["se_1"]["abstract"]
    );
    assert_eq!(
        after["sessions"]["se_1"]["people"],
        before["sessions"]["se_1"]["people"]
    );
    assert_eq!(after["rooms"]["ro_1"]["archived"], false);
    assert_eq!(after["sessions"]["se_1"]["minutes"], 50);
}

#[tokio::test]
async fn a_small_change_of_a_large_plan_is_a_small_row() {
    let stage = Stage::on(Engine::Sqlite).await;
    let many: Vec<Value> = (0..300)
        .map(|number| {
            json!({ "op": "add", "path": ["speakers", format!("sp_x{number}")], "fields": {
            "name": format!("Person {number}"), "bio": "words ".repeat(100) } })
        })
        .collect();
    stage.edit(json!(many)).await;
    // A document with many deletions, which differences of state vectors repeat in full.
    for round in 0..40 {
        let to = format!("words {round} ").repeat(60);
        stage
            .edit(json!([{ "op": "text", "path": ["speakers", "sp_x7", "bio"], "to": to }]))
            .await;
    }
    let proposal = stage
        .proposes(
            &stage.agent,
            json!([{ "op": "set", "path": ["sessions", "se_1", "minutes"], "to": 45 }]),
        )
        .await;
    let decided = stage
        .decides(&stage.editor, "approve", &proposal, &[1])
        .await;
    let database = &stage.database;
    let (plan, seq) = (database.id(&stage.plan), &decided["seq"]);
    let sql =
        format!("select length(update_bytes) from journal where plan_id = {plan} and seq = {seq}");
    let bytes = database.number(sql).await;
    assert!(bytes < 100, "{bytes} bytes for one number");
}
