//! What people decide about, and what becomes of it.

use super::*;

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
async fn an_agent_proposes_and_people_decide_change_by_change(engine: Engine) {
    let stage = Stage::on(engine).await;
    let proposal = stage
        .proposes(
            &stage.agent,
            json!([
                { "op": "set", "path": ["sessions", "se_1", "minutes"], "to": 45 },
                { "op": "text", "path": ["speakers", "sp_1", "bio"], "to": "She counts fast." },
                { "op": "set", "path": ["speakers", "sp_1", "org"], "to": "A secret office" },
            ]),
        )
        .await;
    assert_eq!(
        (&proposal["status"], &proposal["revision"]),
        (&json!("submitted"), &json!(1))
    );
    assert_eq!(proposal["author"]["name"], "Scout");
    assert_eq!(proposal["on_behalf_of"]["name"], "Olga");
    assert_eq!(
        proposal["changes"].as_array().unwrap().len(),
        3,
        "{proposal}"
    );
    let minutes = number(&proposal, &["sessions", "se_1", "minutes"]);
    let bio = number(&proposal, &["speakers", "sp_1", "bio"]);
    let org = number(&proposal, &["speakers", "sp_1", "org"]);
    assert_eq!(change(&proposal, minutes)["class"], "clean");
    assert!(
        change(&proposal, minutes)["say"]
            .as_str()
            .unwrap()
            .contains("45"),
        "{proposal}"
    );
    // Nothing of it is in the plan before somebody decides, and an agent never does.
    assert_eq!(stage.content().await["sessions"]["se_1"]["minutes"], 30);
    let own = stage.decision("approve", &proposal, &[minutes]).await;
    for nobody in [&stage.agent, &stage.suggester] {
        let (code, _) = stage
            .is_refused(nobody, "proposal.decide", own.clone())
            .await;
        assert_eq!(code, "forbidden");
    }
    let decided = stage
        .decides(&stage.editor, "approve", &proposal, &[minutes, bio])
        .await;
    assert_eq!(decided["done"], json!([minutes, bio]), "{decided}");
    stage
        .client_reads("/sessions/se_1/minutes", &json!(45))
        .await;
    stage
        .client_reads("/speakers/sp_1/bio", &json!("She counts fast."))
        .await;
    // Asked again, it is what it was, and not done again.
    let decision = json!({ "proposal": proposal["id"], "revision": 1, "verdict": "approve", "changes": [
        { "no": minutes, "shown": change(&proposal, minutes)["shown"] },
        { "no": bio, "shown": change(&proposal, bio)["shown"] } ] });
    let again = stage
        .call(&stage.editor, "proposal.decide", decision.clone())
        .await;
    assert_eq!(again["seq"], decided["seq"]);
    let (code, say) = stage
        .is_refused(&stage.owner, "proposal.decide", decision)
        .await;
    assert_eq!(code, "conflict", "{say}");
    let rejected = stage
        .decides(&stage.owner, "reject", &proposal, &[org])
        .await;
    assert_eq!(rejected["proposal"]["status"], "partly_approved");
    let history = stage.call(&stage.owner, "history.list", json!({})).await;
    assert_eq!(
        history["versions"][0]["proposal"], proposal["id"],
        "{history}"
    );
    assert_eq!(history["versions"][0]["by"][0]["name"], "Emil");
    let audit = stage
        .call(&stage.owner, "audit.list", json!({}))
        .await
        .to_string();
    for verb in ["proposal.open", "proposal.submit", "proposal.decide"] {
        assert!(audit.contains(verb), "{verb}");
    }
    let undone = stage
        .call(
            &stage.editor,
            "proposal.undo",
            json!({ "proposal": proposal["id"] }),
        )
        .await;
    assert_eq!(undone["proposal"]["status"], "undone", "{undone}");
    stage
        .client_reads("/sessions/se_1/minutes", &json!(30))
        .await;
    stage
        .client_reads("/speakers/sp_1/bio", &json!("She counts."))
        .await;
}

#[tokio::test]
async fn an_agent_proposes_and_people_decide_change_by_change_on_sqlite() {
    an_agent_proposes_and_people_decide_change_by_change(Engine::Sqlite).await;
}

#[tokio::test]
async fn an_agent_proposes_and_people_decide_change_by_change_on_postgres() {
    an_agent_proposes_and_people_decide_change_by_change(Engine::postgres().await).await;
}

#[tokio::test]
async fn what_needs_an_accepted_change_is_accepted_later_and_what_needs_a_rejected_one_is_void() {
    let stage = Stage::on(Engine::Sqlite).await;
    let ops = json!([
        { "op": "add", "path": ["speakers", "sp_2"], "fields": { "name": "Ben" } },
        { "op": "add", "path": ["speakers", "sp_3"], "fields": { "name": "Cleo" } },
        { "op": "link", "path": ["sessions", "se_1", "people", "sp_2"], "to": { "role": "speaker" } },
        { "op": "link", "path": ["sessions", "se_1", "people", "sp_3"], "to": { "role": "host" } },
    ]);
    let proposal = stage.proposes(&stage.agent, ops).await;
    let [ben, cleo] = ["sp_2", "sp_3"].map(|id| number(&proposal, &["speakers", id]));
    let [with_ben, with_cleo] =
        ["sp_2", "sp_3"].map(|id| number(&proposal, &["sessions", "se_1", "people", id]));
    assert_eq!(change(&proposal, with_ben)["depends_on"], json!([ben]));
    let alone = stage.decision("approve", &proposal, &[with_ben]).await;
    let (code, say) = stage
        .is_refused(&stage.editor, "proposal.decide", alone)
        .await;
    assert_eq!(code, "conflict", "{say}");
    stage
        .decides(&stage.editor, "approve", &proposal, &[ben])
        .await;
    let later = stage
        .decides(&stage.editor, "approve", &proposal, &[with_ben])
        .await;
    assert_eq!(later["done"], json!([with_ben]), "{later}");
    stage
        .decides(&stage.editor, "reject", &proposal, &[cleo])
        .await;
    assert_eq!(
        change(&stage.get(&proposal).await, with_cleo)["class"],
        "void"
    );
    let people = stage.content().await["sessions"]["se_1"]["people"].clone();
    assert!(
        people.get("sp_2").is_some() && people.get("sp_3").is_none(),
        "{people}"
    );
}

#[tokio::test]
async fn a_rebased_proposal_proposes_what_is_left_and_can_still_be_taken_back_as_a_whole() {
    let stage = Stage::on(Engine::Sqlite).await;
    let minutes = ["sessions", "se_1", "minutes"];
    let org = ["speakers", "sp_1", "org"];
    let ops = json!([
        { "op": "set", "path": minutes, "to": 45 },
        { "op": "set", "path": org, "to": "Office" },
    ]);
    let proposal = stage.proposes(&stage.agent, ops).await;
    let first = number(&proposal, &minutes);
    stage
        .decides(&stage.editor, "approve", &proposal, &[first])
        .await;
    // Somebody edits what was accepted, and the rest goes on from there.
    stage
        .edit(json!([{ "op": "set", "path": minutes, "to": 50 }]))
        .await;
    let of = json!({ "proposal": proposal["id"] });
    stage
        .call(&stage.agent, "proposal.rebase", of.clone())
        .await;
    let again = stage
        .call(&stage.agent, "proposal.submit", of.clone())
        .await;
    let left = number(&again, &org);
    let open = again["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["state"] == "open");
    assert_eq!(open.count(), 1, "{again}");
    let done = stage
        .decides(&stage.editor, "approve", &again, &[left])
        .await;
    assert_eq!(done["proposal"]["status"], "approved", "{done}");
    assert_eq!(done["proposal"]["counts"]["accepted"], 2);
    assert_eq!(stage.content().await["sessions"]["se_1"]["minutes"], 50);
    let undone = stage.call(&stage.editor, "proposal.undo", of).await;
    assert_eq!(
        (&undone["done"], undone["kept"].as_array().unwrap().len()),
        (&json!([left]), 1),
        "{undone}"
    );
    assert_eq!(stage.content().await["speakers"]["sp_1"].get("org"), None);
}
