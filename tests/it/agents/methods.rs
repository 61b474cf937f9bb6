//! Every control method, asked by an agent, and asked about a draft as if that were a plan.

use std::collections::BTreeSet;

use convene_protocol::control::METHODS;
use serde_json::{Value, json};

use super::Stage;

/// What an agent is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ToAgent {
    /// What a person is answered.
    Answer,
    /// This code, as a person would be.
    Code(&'static str),
    /// That this is for people.
    ForPeople,
}

use ToAgent::{Answer, Code, ForPeople};

const NOT_FOUND: ToAgent = Code("not_found");

/// Every method with parameters that an owner of `plan` may send, and what an agent hears.
#[expect(clippy::too_many_lines, reason = "a table")]
fn methods(plan: &str, token: &str) -> Vec<(&'static str, Value, ToAgent)> {
    let id = "019aba3b-7e10-7d27-a9c4-1f2e3d4c5b6a";
    vec![
        ("session.authenticate", json!({ "token": token }), Answer),
        ("plan.create", json!({ "name": "Mine" }), ForPeople),
        ("plan.list", json!({}), Answer),
        ("plan.get", json!({ "plan": plan }), Answer),
        (
            "plan.update",
            json!({ "plan": plan, "name": "Mine" }),
            ForPeople,
        ),
        ("plan.archive", json!({ "plan": plan }), ForPeople),
        ("plan.restore", json!({ "plan": plan }), ForPeople),
        ("plan.duplicate", json!({ "plan": plan }), ForPeople),
        ("plan.squash", json!({ "plan": plan }), ForPeople),
        ("plan.delete", json!({ "plan": plan }), ForPeople),
        ("plan.content", json!({ "plan": plan }), Answer),
        ("plan.edit", json!({ "plan": plan, "ops": [] }), ForPeople),
        ("plan.findings", json!({ "plan": plan }), Answer),
        (
            "finding.dismiss",
            json!({ "plan": plan, "key": "a|b", "reason": "so" }),
            ForPeople,
        ),
        (
            "finding.reopen",
            json!({ "plan": plan, "key": "a|b" }),
            ForPeople,
        ),
        ("search.query", json!({ "plan": plan, "text": "a" }), Answer),
        ("history.list", json!({ "plan": plan }), Answer),
        ("history.diff", json!({ "plan": plan, "from": 0 }), Answer),
        (
            "history.name",
            json!({ "plan": plan, "name": "Now" }),
            ForPeople,
        ),
        (
            "history.restore",
            json!({ "plan": plan, "seq": 1 }),
            ForPeople,
        ),
        ("history.undo", json!({ "plan": plan, "seq": 1 }), ForPeople),
        ("audit.list", json!({ "plan": plan }), ForPeople),
        ("audit.verify", json!({ "plan": plan }), ForPeople),
        (
            "release.publish",
            json!({ "plan": plan, "name": "One" }),
            ForPeople,
        ),
        ("release.list", json!({ "plan": plan }), Answer),
        ("release.get", json!({ "plan": plan }), NOT_FOUND),
        ("outbox.list", json!({ "plan": plan }), ForPeople),
        (
            "outbox.mark_sent",
            json!({ "plan": plan, "id": id }),
            ForPeople,
        ),
        ("events.subscribe", json!({ "plans": [plan] }), Answer),
        ("upload.begin", json!({ "bytes": 4 }), ForPeople),
        (
            "upload.append",
            json!({ "upload": id, "at": 0, "data": "" }),
            ForPeople,
        ),
        (
            "plan.import",
            json!({ "plan": plan, "upload": id, "format": "plan_json" }),
            ForPeople,
        ),
        (
            "plan.export",
            json!({ "plan": plan, "format": "plan_json" }),
            Answer,
        ),
        (
            "entity.list",
            json!({ "plan": plan, "root": "rooms" }),
            Answer,
        ),
        (
            "entity.get",
            json!({ "plan": plan, "root": "rooms", "id": "ro_1" }),
            NOT_FOUND,
        ),
        (
            "entity.add",
            json!({ "plan": plan, "root": "rooms", "fields": {} }),
            ForPeople,
        ),
        (
            "entity.update",
            json!({ "plan": plan, "root": "rooms", "id": "ro_1", "set": {} }),
            ForPeople,
        ),
        (
            "entity.archive",
            json!({ "plan": plan, "root": "rooms", "id": "ro_1" }),
            ForPeople,
        ),
        (
            "entity.restore",
            json!({ "plan": plan, "root": "rooms", "id": "ro_1" }),
            ForPeople,
        ),
        ("member.list", json!({ "plan": plan }), ForPeople),
        (
            "member.set_role",
            json!({ "plan": plan, "email": "a@b.org", "role": "editor" }),
            ForPeople,
        ),
        (
            "member.invite",
            json!({ "plan": plan, "role": "editor" }),
            ForPeople,
        ),
        ("member.accept", json!({ "code": "a" }), ForPeople),
        (
            "member.remove",
            json!({ "plan": plan, "user": id }),
            ForPeople,
        ),
        (
            "agent.create",
            json!({ "plan": plan, "name": "Other" }),
            ForPeople,
        ),
        ("agent.list", json!({ "plan": plan }), ForPeople),
        (
            "agent.revoke",
            json!({ "plan": plan, "agent": id }),
            ForPeople,
        ),
        (
            "proposal.open",
            json!({ "plan": plan, "title": "Better", "supersedes": id }),
            Code("conflict"),
        ),
        (
            "proposal.edit",
            json!({ "plan": plan, "proposal": id, "ops": [] }),
            NOT_FOUND,
        ),
        (
            "proposal.submit",
            json!({ "plan": plan, "proposal": id }),
            NOT_FOUND,
        ),
        (
            "proposal.get",
            json!({ "plan": plan, "proposal": id }),
            NOT_FOUND,
        ),
        ("proposal.list", json!({ "plan": plan }), Answer),
        (
            "proposal.watch",
            json!({ "plan": plan, "proposals": [id] }),
            NOT_FOUND,
        ),
        ("release.preview", json!({ "plan": plan }), ForPeople),
        (
            "proposal.request_changes",
            json!({ "plan": plan, "proposal": id, "revision": 1, "reason": "so" }),
            ForPeople,
        ),
        (
            "proposal.decide",
            json!({
                "plan": plan, "proposal": id, "revision": 1, "verdict": "approve",
                "changes": [{ "no": 1, "shown": "ab" }],
            }),
            ForPeople,
        ),
        (
            "proposal.withdraw",
            json!({ "plan": plan, "proposal": id }),
            NOT_FOUND,
        ),
        (
            "proposal.rebase",
            json!({ "plan": plan, "proposal": id }),
            NOT_FOUND,
        ),
        (
            "proposal.undo",
            json!({ "plan": plan, "proposal": id }),
            ForPeople,
        ),
        ("gate.list", json!({ "plan": plan }), Answer),
        (
            "gate.request",
            json!({ "plan": plan, "subject": { "kind": "publish" } }),
            ForPeople,
        ),
        (
            "gate.approve",
            json!({ "plan": plan, "gate": id, "shown": "ab" }),
            ForPeople,
        ),
        (
            "gate.reject",
            json!({ "plan": plan, "gate": id, "reason": "so" }),
            ForPeople,
        ),
        (
            "document.watch_hash",
            json!({ "plan": plan, "roots": {} }),
            // It is about what is open on the same socket.
            NOT_FOUND,
        ),
    ]
}

#[tokio::test]
async fn an_agent_reads_and_changes_nothing_by_any_method() {
    let stage = Stage::new().await;
    let methods = methods(&stage.plan, &stage.agent.token);
    let names: BTreeSet<&str> = methods.iter().map(|(name, _, _)| *name).collect();
    let all: BTreeSet<&str> = METHODS.iter().copied().collect();
    assert_eq!(names, all, "decide what an agent may ask for");
    let head = async || {
        let params = json!({ "plan": stage.plan });
        let members = stage
            .owner
            .call(&stage.server, "member.list", params.clone());
        let plan = stage.owner.call(&stage.server, "plan.get", params.clone());
        let history = stage.owner.call(&stage.server, "history.list", params);
        (members.await, plan.await, history.await)
    };
    let before = head().await;
    for (method, params, expected) in methods {
        let answer = stage.agent.ask(&stage.server, method, params).await;
        let code = answer["error"]["data"]["code"].as_str();
        match expected {
            Answer => assert_eq!(code, None, "{method}: {answer}"),
            Code(expected) => assert_eq!(code, Some(expected), "{method}: {answer}"),
            ForPeople => {
                assert_eq!(code, Some("forbidden"), "{method}: {answer}");
                let say = answer["error"]["message"].as_str().unwrap();
                assert!(say.starts_with("an agent may read its plan"), "{say}");
            }
        }
    }
    assert_eq!(head().await, before);

    // Other plans are not there for it, not even those of who made it.
    let other = stage.owner.create_plan(&stage.server).await;
    for (method, params) in [
        ("plan.get", json!({ "plan": other })),
        ("plan.content", json!({ "plan": other })),
        ("search.query", json!({ "plan": other, "text": "a" })),
        ("events.subscribe", json!({ "plans": [other] })),
    ] {
        let refused = stage.agent.is_refused(&stage.server, method, params).await;
        assert_eq!(refused.0, "not_found", "{method}: {}", refused.1);
    }
    let listed = stage
        .agent
        .call(&stage.server, "plan.list", json!({}))
        .await;
    assert_eq!(listed["plans"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn no_method_takes_a_draft_for_a_plan() {
    let stage = Stage::new().await;
    let (draft, address) = stage.open_draft(&stage.owner).await;
    for name in [draft, address] {
        for (method, params, _) in methods(&name, "") {
            if !params.to_string().contains(&name) {
                continue;
            }
            let refused = stage.owner.is_refused(&stage.server, method, params).await;
            assert_eq!(refused.0, "not_found", "{method} of {name}: {}", refused.1);
        }
    }
}
