//! Each rule on the sound plan: what it asks for, and what it lets pass.

use serde_json::{Value as Json, json};

use super::*;
use crate::content::Content;
use crate::finding::find;
use crate::op::Op;
use crate::proposal::{Change, changes};

fn plan() -> Content {
    let plan = json!({
        "meta": {"name": "Days", "dates": {"start": "2027-05-03", "end": "2027-05-04"}, "phase": "planning"},
        "brief": {"budget_cap": euros(5_000_000)},
        "venues": {"ve_1": {"name": "Hall"}},
        "contracts": {
            "co_1": {"party": "Hall", "state": "review", "value": euros(1_000_000)},
            "co_2": {"party": "Band", "state": "signed", "value": euros(1_000_000)},
            "co_3": {"party": "Van", "state": "signed", "value": euros(10), "archived": true},
        },
        "budget": {
            "bu_1": {"side": "expense", "label": "Lunch", "state": "quoted", "unit": euros(60_000),
                "approved": euros(50_000)},
            "bu_2": {"side": "income", "label": "Tickets", "state": "quoted"},
        },
        "campaigns": {"ca_1": {"title": "Call", "state": "ready", "copy": "Come!"}},
        "speakers": {"sp_1": {"name": "Ada", "status": "approached"}},
        "sponsors": {"so_1": {"name": "ACME", "stage": "verbal"}},
        "risks": {"ri_1": {"title": "Storm", "l": 5, "i": 4, "state": "open"},
            "ri_2": {"title": "Rain", "l": 5, "i": 4, "rl": 2, "ri": 4, "state": "accepted"}},
        "compliance": {"cp_1": {"rule": "uk.ten", "title": "Notice", "state": "todo"}},
    });
    Content::from_json(&plan).unwrap().0
}

fn after(content: &Content, ops: &Json) -> Content {
    let ops: Vec<Op> = serde_json::from_value(ops.clone()).unwrap();
    content.after(&ops).unwrap().0
}

fn set(path: &str, to: &Json) -> Json {
    json!({"op": "set", "path": path.split('/').collect::<Vec<_>>(), "to": to})
}

/// What each change of a draft with these operations needs, as its kind and who approves it.
fn needs_of(content: &Content, ops: &Json) -> Vec<Option<(GateKind, String)>> {
    let after = after(content, ops);
    let of = |change: &Change| {
        let need = needed(change, content, &after)?;
        let (_, approvals) = need.say.split_once(" needs ").unwrap();
        Some((need.kind, approvals.to_owned()))
    };
    changes(content, &after).unwrap().iter().map(of).collect()
}

type Case = (Json, Option<(GateKind, &'static str)>);

fn euros(minor: i64) -> Json {
    json!({"minor": minor, "cur": "EUR"})
}

fn expect(cases: impl IntoIterator<Item = Case>) {
    let plan = plan();
    for (op, asked) in cases {
        let asked = asked.map(|(kind, who)| (kind, who.to_owned()));
        assert_eq!(needs_of(&plan, &json!([op])), [asked], "{op}");
    }
}

#[test]
fn contracts_ask_for_whom_the_rules_say() {
    expect([
        (
            set("contracts/co_1/state", &json!("signed")),
            Some((GateKind::Contract, "1 owner")),
        ),
        (set("contracts/co_1/state", &json!("draft")), None),
        (set("contracts/co_1/value", &euros(9_000_000)), None),
        (
            set("contracts/co_2/value", &euros(9_000_000)),
            Some((GateKind::Contract, "2 owners")),
        ),
        (
            set("contracts/co_2/party", &json!("Choir")),
            Some((GateKind::Contract, "1 owner")),
        ),
        (set("contracts/co_2/kind", &json!("other")), None),
        (
            json!({"op": "restore", "path": ["contracts", "co_3"]}),
            Some((GateKind::Contract, "1 owner")),
        ),
        (
            json!({"op": "archive", "path": ["contracts", "co_2"]}),
            None,
        ),
        (
            json!({"op": "add", "path": ["contracts", "co_4"], "fields": {"party": "Cook", "state": "signed",
            "value": {"minor": 1_500_000, "cur": "EUR"}}}),
            Some((GateKind::Contract, "2 owners")),
        ),
    ]);
}

#[test]
fn what_becomes_of_the_event_asks_for_two() {
    expect([
        (
            set("meta/venue_id", &json!("ve_1")),
            Some((GateKind::Event, "2 approvers, 1 of them an owner")),
        ),
        (
            set(
                "meta/dates",
                &json!({"start": "2027-06-03", "end": "2027-06-04"}),
            ),
            Some((GateKind::Event, "2 approvers")),
        ),
        (
            set("meta/phase", &json!("cancelled")),
            Some((GateKind::Event, "2 approvers")),
        ),
        (set("meta/phase", &json!("announced")), None),
        (set("meta/name", &json!("Nights")), None),
    ]);
}

#[test]
fn money_asks_by_how_much_it_is() {
    expect([
        (set("budget/bu_1/committed", &euros(55_000)), None),
        (
            set("budget/bu_1/committed", &euros(55_001)),
            Some((GateKind::Spend, "1 approver")),
        ),
        (
            set("budget/bu_1/state", &json!("committed")),
            Some((GateKind::Spend, "1 approver")),
        ),
        (
            set("budget/bu_1/committed", &euros(500_001)),
            Some((GateKind::Spend, "2 approvers")),
        ),
        (
            set("budget/bu_1/committed", &json!({"minor": 1, "cur": "JPY"})),
            Some((GateKind::Spend, "2 approvers")),
        ),
        (set("budget/bu_2/committed", &euros(9_000_000)), None),
    ]);
}

#[test]
fn people_mail_and_risks_ask_for_whom_the_rules_say() {
    expect([
        (
            set("campaigns/ca_1/state", &json!("sent")),
            Some((GateKind::Outreach, "1 approver")),
        ),
        (
            set("speakers/sp_1/status", &json!("confirmed")),
            Some((GateKind::People, "1 approver")),
        ),
        (set("speakers/sp_1/status", &json!("interested")), None),
        (
            set("sponsors/so_1/stage", &json!("declined")),
            Some((GateKind::People, "1 approver")),
        ),
        (
            set("risks/ri_1/state", &json!("accepted")),
            Some((GateKind::Risk, "2 approvers, 1 of them an owner")),
        ),
        (
            set("risks/ri_2/rl", &json!(4)),
            Some((GateKind::Risk, "2 approvers, 1 of them an owner")),
        ),
        (set("risks/ri_2/rl", &json!(3)), None),
        (
            set("compliance/cp_1/state", &json!("waived")),
            Some((GateKind::Risk, "2 approvers, 1 of them an owner")),
        ),
    ]);
}

#[test]
fn limits_count_by_the_currency_and_without_a_cap() {
    let mut plan = plan();
    let cap = json!({"op": "set", "path": ["brief", "budget_cap"], "to": null});
    plan = after(
        &plan,
        &json!([cap, set("budget/bu_1/approved", &json!(null))]),
    );
    for (cur, minor, asks) in [
        ("EUR", 100_000, false),
        ("EUR", 100_001, true),
        ("JPY", 1_000, false),
        ("JPY", 1_001, true),
        ("KWD", 1_000_000, false),
    ] {
        let money = json!({"minor": minor, "cur": cur});
        let needs = needs_of(&plan, &json!([set("budget/bu_1/committed", &money)]));
        assert_eq!(needs[0].is_some(), asks, "{minor} {cur}");
    }
}

#[test]
fn an_approval_is_bound_to_what_all_accepted_changes_make() {
    let plan = plan();
    let money = json!({"minor": 1_200_000, "cur": "EUR"});
    let after = after(
        &plan,
        &json!([
            set("contracts/co_1/state", &json!("signed")),
            set("contracts/co_1/value", &money),
        ]),
    );
    let changes = changes(&plan, &after).unwrap();
    let need = needed(&changes[0], &plan, &after).unwrap();
    assert_eq!(need.say, "signing the contract \"Hall\" needs 1 owner");
    assert_eq!(
        json!(need.frozen),
        json!([
            {"path": ["contracts", "co_1", "state"], "value": "signed"},
            {"path": ["contracts", "co_1", "value"], "value": money},
            {"path": ["contracts", "co_1", "party"], "value": "Hall"},
        ])
    );
    let missing = |gates: &Gates| {
        let found = find(&after, gates);
        found
            .iter()
            .any(|it| it.key == "gate.missing|contracts|co_1|state")
    };
    let mut gates = Gates::none();
    assert!(missing(&gates));
    for frozen in &need.frozen {
        frozen.approve(&mut gates);
    }
    assert!(!missing(&gates));
}

#[test]
fn rules_name_fields_of_the_schema() {
    for rule in RULES {
        let root = crate::schema::Root::of(rule.root).unwrap();
        for field in rule.fields.iter().chain(rule.frozen) {
            assert!(root.field(field).is_some(), "{}.{field}", rule.root);
        }
        let words = match rule.when {
            When::Becomes(words) => words,
            When::ChangesWhile(_, word) => &[word] as &[&str],
            When::Changes | When::Chosen | When::Commits | When::AcceptsRisk => &[],
        };
        for field in rule
            .fields
            .iter()
            .filter(|_| matches!(rule.when, When::Becomes(_)))
        {
            let crate::schema::Kind::Enum(known) = root.field(field).unwrap().kind else {
                panic!("{}.{field} is no enum", rule.root);
            };
            assert!(words.iter().all(|word| known.contains(word)));
        }
    }
}
