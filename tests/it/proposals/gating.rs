//! What needs more than an editor's word.

use super::*;

impl Stage {
    async fn gates(&self) -> Vec<Value> {
        let listed = self.call(&self.owner, "gate.list", json!({})).await;
        listed["gates"].as_array().expect("gates").clone()
    }

    /// A proposal to move the event, which two have to approve.
    async fn moves_the_event(&self, who: &Account) -> (Value, u32) {
        let path = ["meta", "dates"];
        let to = json!({ "start": "2027-06-01", "end": "2027-06-02" });
        let proposal = self
            .proposes(who, json!([{ "op": "set", "path": path, "to": to }]))
            .await;
        let no = number(&proposal, &path);
        (proposal, no)
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
async fn two_of_them_have_to_approve_and_an_approval_falls_when_the_plan_drifts(engine: Engine) {
    let stage = Stage::on(engine).await;
    let dates = json!({ "start": "2027-05-03", "end": "2027-05-04" });
    stage
        .edit(json!([{ "op": "set", "path": ["meta", "dates"], "to": dates }]))
        .await;
    // The agent acts on behalf of the owner, whose word then does not count.
    let second = Account::register(&stage.server, "Otto").await;
    stage
        .owner
        .set_role(&stage.server, &stage.plan, &second, "owner")
        .await;
    let (proposal, no) = stage.moves_the_event(&stage.agent).await;
    let gate = change(&proposal, no)["gate"].clone();
    assert_eq!(
        (&gate["kind"], &gate["needs"]),
        (&json!("event"), &json!(2)),
        "{proposal}"
    );
    let first = stage
        .decides(&stage.approver, "approve", &proposal, &[no])
        .await;
    assert_eq!(
        (&first["waiting"], &first["done"]),
        (&json!([no]), &json!([])),
        "{first}"
    );
    assert_eq!(
        stage.content().await["meta"]["dates"],
        dates,
        "one word is not enough"
    );
    // The word of who lets the agent propose counts for nothing.
    let own = stage
        .decides(&stage.owner, "approve", &proposal, &[no])
        .await;
    assert_eq!(own["waiting"], json!([no]), "{own}");
    // The plan drifts under it: what was approved is not what is there.
    let drifted = json!({ "start": "2027-05-03", "end": "2027-05-05" });
    stage
        .edit(json!([{ "op": "set", "path": ["meta", "dates"], "to": drifted }]))
        .await;
    let seen = change(&stage.get(&proposal).await, no);
    assert_eq!(
        (&seen["class"], &seen["gate"]["approved_by"]),
        (&json!("conflict"), &json!([])),
        "{seen}"
    );
    assert_eq!(seen["gate"]["fallen"][0]["name"], "Anna");
    let rebase = json!({ "proposal": proposal["id"] });
    stage
        .call(&stage.agent, "proposal.rebase", rebase.clone())
        .await;
    let again = stage.call(&stage.agent, "proposal.submit", rebase).await;
    assert_eq!(
        (&again["revision"], &change(&again, no)["class"]),
        (&json!(2), &json!("clean")),
        "{again}"
    );
    let first = stage
        .decides(&stage.approver, "approve", &proposal, &[no])
        .await;
    assert_eq!(first["waiting"], json!([no]));
    let gate = stage
        .gates()
        .await
        .into_iter()
        .find(|it| it["status"] == "pending")
        .unwrap();
    let approve = json!({ "gate": gate["id"], "shown": gate["shown"] });
    let (code, _) = stage
        .is_refused(&stage.owner, "gate.approve", approve.clone())
        .await;
    assert_eq!(code, "forbidden");
    let given = stage.call(&second, "gate.approve", approve).await;
    assert_eq!(given["approvals"].as_array().unwrap().len(), 2, "{given}");
    // With both words any editor may accept it.
    let done = stage
        .decides(&stage.editor, "approve", &proposal, &[no])
        .await;
    assert_eq!(
        (&done["done"], &done["proposal"]["status"]),
        (&json!([no]), &json!("approved")),
        "{done}"
    );
    assert_eq!(
        stage.content().await["meta"]["dates"]["start"],
        "2027-06-01"
    );
    assert_eq!(stage.gates().await[0]["status"], "approved");
}

#[tokio::test]
async fn two_of_them_have_to_approve_and_an_approval_falls_when_the_plan_drifts_on_sqlite() {
    two_of_them_have_to_approve_and_an_approval_falls_when_the_plan_drifts(Engine::Sqlite).await;
}

#[tokio::test]
async fn two_of_them_have_to_approve_and_an_approval_falls_when_the_plan_drifts_on_postgres() {
    let engine = Engine::postgres().await;
    two_of_them_have_to_approve_and_an_approval_falls_when_the_plan_drifts(engine).await;
}

#[tokio::test]
async fn a_claim_counts_with_an_approved_gate_of_the_same_values() {
    let stage = Stage::on(Engine::Sqlite).await;
    stage
        .edit(
            json!([{ "op": "add", "path": ["contracts", "co_1"], "fields": {
            "party": "Hall", "kind": "venue", "state": "signed",
            "value": { "minor": 1_800_000, "cur": "EUR" } } }]),
        )
        .await;
    let missing = async || {
        let found = stage.call(&stage.owner, "plan.findings", json!({})).await;
        let found = found["findings"].as_array().unwrap().clone();
        found.iter().any(|it| it["rule"] == "gate.missing")
    };
    assert!(missing().await);
    let claim = json!({ "subject": { "kind": "claim", "path": ["contracts", "co_1", "state"] } });
    let gate = stage
        .call(&stage.editor, "gate.request", claim.clone())
        .await;
    assert_eq!(
        (&gate["kind"], &gate["status"]),
        (&json!("contract"), &json!("pending")),
        "{gate}"
    );
    let approve = json!({ "gate": gate["id"], "shown": gate["shown"] });
    let (code, _) = stage
        .is_refused(&stage.editor, "gate.approve", approve.clone())
        .await;
    assert_eq!(code, "forbidden");
    let given = stage.call(&stage.owner, "gate.approve", approve).await;
    assert_eq!(given["status"], "approved", "{given}");
    assert!(!missing().await);
    // The value moves: what was approved does not count for it.
    let dearer = json!({ "minor": 1_900_000, "cur": "EUR" });
    stage
        .edit(json!([{ "op": "set", "path": ["contracts", "co_1", "value"], "to": dearer }]))
        .await;
    assert!(missing().await);
    assert_eq!(stage.gates().await[0]["status"], "void");
    let nothing =
        json!({ "subject": { "kind": "claim", "path": ["sessions", "se_1", "minutes"] } });
    let (code, _) = stage
        .is_refused(&stage.editor, "gate.request", nothing)
        .await;
    assert_eq!(code, "invalid");
}

#[tokio::test]
async fn publishing_needs_an_owners_word_for_what_is_published_and_nothing_that_blocks() {
    let stage = Stage::on(Engine::Sqlite).await;
    let publish = json!({ "name": "First" });
    let (code, _) = stage
        .is_refused(&stage.editor, "release.publish", publish.clone())
        .await;
    assert_eq!(code, "forbidden");
    let ask = json!({ "subject": { "kind": "publish" } });
    let gate = stage.call(&stage.editor, "gate.request", ask.clone()).await;
    let approve = json!({ "gate": gate["id"], "shown": gate["shown"] });
    let given = stage
        .call(&stage.approver, "gate.approve", approve.clone())
        .await;
    assert_eq!(given["status"], "pending", "an owner has to");
    stage.call(&stage.owner, "gate.approve", approve).await;
    stage
        .edit(json!([{ "op": "set", "path": ["sessions", "se_1", "minutes"], "to": 31 }]))
        .await;
    let (code, say) = stage
        .is_refused(&stage.editor, "release.publish", publish.clone())
        .await;
    assert_eq!(code, "forbidden", "another plan than was approved: {say}");
    let gate = stage.call(&stage.editor, "gate.request", ask).await;
    let approve = json!({ "gate": gate["id"], "shown": gate["shown"] });
    stage.call(&stage.owner, "gate.approve", approve).await;
    stage
        .call(&stage.editor, "release.publish", publish.clone())
        .await;
    // What blocks stands before an owner too.
    stage
        .edit(json!([{ "op": "set", "path": ["meta", "venue_id"], "to": "ve_9" }]))
        .await;
    let (code, say) = stage
        .is_refused(&stage.owner, "release.publish", publish)
        .await;
    assert_eq!(code, "conflict");
    assert!(say.contains("blocks publishing"), "{say}");
}

#[tokio::test]
async fn an_agent_is_held_to_its_paths_its_number_and_what_was_rejected() {
    let stage = Stage::on(Engine::Sqlite).await;
    let asked =
        json!({ "plan": stage.plan, "name": "Bound", "paths": ["speakers"], "open_max": 2 });
    let bound = stage.owner.create_agent_with(&stage.server, asked).await;
    let opened = stage
        .call(&bound, "proposal.open", json!({ "title": "A" }))
        .await;
    let edit = |path: &[&str]| json!({ "proposal": opened["id"], "ops": [{ "op": "set", "path": path, "to": "x" }] });
    let (code, say) = stage
        .is_refused(&bound, "proposal.edit", edit(&["meta", "name"]))
        .await;
    assert_eq!(code, "forbidden", "{say}");
    stage
        .call(&bound, "proposal.edit", edit(&["speakers", "sp_1", "org"]))
        .await;
    // By a stock client it could write elsewhere in its draft: it is found when that is submitted.
    let draft = stage.driver.join(stage.to_draft(&bound, &opened)).await;
    draft.edit(json!([{ "op": "map.set", "root": "meta", "path": [], "key": "name", "value": "Mine" }])).await;
    draft.wait_saved().await;
    let submit = json!({ "proposal": opened["id"] });
    let (code, say) = stage
        .is_refused(&bound, "proposal.submit", submit.clone())
        .await;
    assert_eq!(code, "forbidden", "{say}");
    draft.edit(json!([{ "op": "map.set", "root": "meta", "path": [], "key": "name", "value": "Days" }])).await;
    draft.wait_saved().await;
    let proposal = stage.call(&bound, "proposal.submit", submit).await;
    stage
        .call(&bound, "proposal.open", json!({ "title": "B" }))
        .await;
    let (code, say) = stage
        .is_refused(&bound, "proposal.open", json!({ "title": "C" }))
        .await;
    assert_eq!(code, "conflict", "{say}");
    stage
        .decides(&stage.editor, "reject", &proposal, &[1])
        .await;
    let again = stage
        .call(&bound, "proposal.open", json!({ "title": "A again" }))
        .await;
    let ops = json!([{ "op": "set", "path": ["speakers", "sp_1", "org"], "to": "x" }]);
    stage
        .call(
            &bound,
            "proposal.edit",
            json!({ "proposal": again["id"], "ops": ops }),
        )
        .await;
    let (code, say) = stage
        .is_refused(
            &bound,
            "proposal.submit",
            json!({ "proposal": again["id"] }),
        )
        .await;
    assert_eq!(code, "conflict", "{say}");
    // With its owner's revocation everything that is open is withdrawn, and kept.
    let revoke = json!({ "agent": bound.user });
    stage.call(&stage.owner, "agent.revoke", revoke).await;
    assert_eq!(stage.get(&again).await["status"], "withdrawn");
}
