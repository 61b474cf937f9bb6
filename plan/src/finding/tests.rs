//! What holds for all rules: what they read, how much they say, how fast they are.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::sample::{NOTHING, agenda, findings, keys, op, slot, with};
use super::*;
use crate::schema::ROOTS;
use crate::view::GATES;

#[test]
fn a_sound_plan_has_no_findings() {
    assert_eq!(keys(&[]), NOTHING);
}

#[test]
fn a_finding_is_written_as_clients_read_it() {
    let found = findings(&[("/sessions/se_4/expected", json!("many"))]);
    assert_eq!(
        serde_json::to_value(&found[0]).unwrap(),
        json!({
            "key": "schema.type|sessions|se_4|expected", "rule": "schema.type", "severity": "warn",
            "refs": [{"root": "sessions", "id": "se_4", "field": "expected"}],
            "say": "the session \"Lunch\": expected: must be a whole number from 0 to 10000000",
            "fixes": [{"say": "Clear expected", "ops": [{"op": "set", "path": ["sessions", "se_4", "expected"],
                "from": "many", "to": null}]}],
        })
    );
}

#[test]
fn a_flood_of_findings_is_cut_and_counted() {
    let mut content = with(&[("/sessions", json!({}))]);
    for number in 0..200 {
        let fields = json!({"title": "Same", "kind": "break", "state": "draft", "minutes": 30,
            "slot": slot("03T14:00", "ro_A")});
        let fields = crate::content::fields_from_json(
            Root::of("sessions").unwrap(),
            fields.as_object().unwrap(),
        );
        *content.entity_mut("sessions", &format!("se_{number}")) = fields;
    }
    let found = find(&content, &Gates::none());
    assert_eq!(found.len(), FINDINGS_MAX + 1);
    let last = found.last().unwrap();
    assert_eq!(
        last.say,
        format!("and {} more of these", 200 * 199 / 2 - FINDINGS_MAX)
    );
    assert_eq!(
        (last.key.as_str(), last.severity),
        ("agenda.room_overlap||", Severity::Block)
    );
}

#[test]
fn a_rule_reads_only_what_it_says() {
    let plan = with(&[
        ("/tracks/tr_1/archived", json!(true)),
        ("/sessions/se_3/people", json!({"sp_1": {}, "sp_9": {}})),
        ("/sessions/se_2/slot", slot("13T14:00", "ro_A")),
        (
            "/speakers/sp_4",
            json!({"name": "Ben Bit", "kind": "cfp", "status": "idea"}),
        ),
        ("/contracts/co_1/state", json!("signed")),
        ("/meta/venue_id", json!("ve_1")),
    ]);
    let gates = Gates::none();
    for job in Job::all() {
        let view = PlanView::with_gates(&plan, &gates);
        let found = job.run(&view);
        let (Job::Together(rule, _) | Job::Root(rule, ..)) = job;
        for root in view.asked() {
            assert!(
                job.reads(&root),
                "{} reads {root} and does not say so",
                rule.name
            );
        }
        // Each has something to say here, so that it reads what it reads for that too.
        let is_quiet = [
            "schema.type",
            "schema.incomplete",
            "agenda.room_overlap",
            "agenda.room_change",
            "agenda.no_person",
            "money.currency",
        ]
        .contains(&rule.name);
        assert!(is_quiet || !found.is_empty(), "{}", rule.name);
    }
}

/// An operation that may be refused.
fn any_op() -> impl Strategy<Value = Op> {
    let session = || (0..12_usize).prop_map(|number| format!("se_{number}"));
    let person = || (0..13_usize).prop_map(|number| format!("sp_{number}"));
    let entity = || {
        prop_oneof![
            session().prop_map(|id| ("sessions", id)),
            person().prop_map(|id| ("speakers", id)),
            Just(("rooms", "ro_1".to_owned())),
            Just(("tracks", "tr_1".to_owned())),
            Just(("contracts", "co_1".to_owned())),
        ]
    };
    prop_oneof![
        session().prop_map(|id| op(json!({"op": "set", "path": ["sessions", id, "minutes"], "to": null}))),
        (session(), 0..5_u32, 0..60_u32, 0..4_u32).prop_map(|(id, hour, minute, room)| op(json!({"op": "set",
            "path": ["sessions", id, "slot"],
            "to": {"start": format!("2027-05-03T{:02}:{minute:02}:00+02:00", 8 + hour), "room_id": format!("ro_{room}")}}))),
        (session(), 5..90_u32).prop_map(|(id, minutes)| op(json!({"op": "set", "path": ["sessions", id, "minutes"], "to": minutes}))),
        (session(), prop_oneof![Just("cancelled"), Just("confirmed"), Just("draft")]).prop_map(|(id, state)|
            op(json!({"op": "set", "path": ["sessions", id, "state"], "to": state}))),
        (session(), person()).prop_map(|(id, person)| op(json!({"op": "link", "path": ["sessions", id, "people", person], "to": {}}))),
        (session(), person()).prop_map(|(id, person)| op(json!({"op": "unlink", "path": ["sessions", id, "people", person]}))),
        entity().prop_map(|(root, id)| op(json!({"op": "archive", "path": [root, id]}))),
        entity().prop_map(|(root, id)| op(json!({"op": "restore", "path": [root, id]}))),
        (person(), "Person [0-3]").prop_map(|(id, name)| op(json!({"op": "set", "path": ["speakers", id, "name"], "to": name}))),
        (person(), prop_oneof![Just("confirmed"), Just("declined")]).prop_map(|(id, status)|
            op(json!({"op": "set", "path": ["speakers", id, "status"], "to": status}))),
        prop_oneof![Just("EUR"), Just("USD")].prop_map(|cur| op(json!({"op": "set", "path": ["meta", "cur"], "to": cur}))),
        prop_oneof![Just("Europe/Berlin"), Just("Asia/Tokyo")].prop_map(|tz| op(json!({"op": "set", "path": ["meta", "tz"], "to": tz}))),
        Just(op(json!({"op": "set", "path": ["meta", "venue_id"], "to": "ve_1"}))),
        Just(op(json!({"op": "set", "path": ["contracts", "co_1", "state"], "to": "signed"}))),
        Just(op(json!({"op": "set", "path": ["tasks", "ta_1", "ref"], "to": {"root": "speakers", "id": "sp_1"}}))),
        Just(op(json!({"op": "set", "path": ["rooms", "ro_0", "name"], "to": "Aula"}))),
        Just(op(json!({"op": "set", "path": ["venues", "ve_1", "name"], "to": "Palace"}))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_planted_overlap_is_one_more_finding(
        (rooms, rows) in (1_usize..6, 2_usize..24),
        picks in prop::collection::btree_set(0_usize..200, 0..12),
    ) {
        let mut content = agenda(rooms, rows);
        prop_assert_eq!(find(&content, &Gates::none()), []);
        // Each pick makes one session that nobody picked run over the next one in its room.
        let mut planted = BTreeSet::new();
        for pick in picks {
            let (room, row) = (pick % rooms, pick / rooms % (rows - 1));
            // What runs over the last half hour of a day meets nothing.
            if row % 24 != 23 && planted.insert(room * rows + row) {
                let id = format!("se_{}", room * rows + row);
                content.apply(&[op(json!({"op": "set", "path": ["sessions", id, "minutes"], "to": 31}))]).unwrap();
            }
        }
        let found = find(&content, &Gates::none());
        let expected: BTreeSet<String> = planted.iter().map(|number| {
            let (one, other) = (format!("se_{number}"), format!("se_{}", number + 1));
            let (one, other) = if one < other { (one, other) } else { (other, one) };
            format!("agenda.room_overlap|{one}|{other}")
        }).collect();
        prop_assert_eq!(found.len(), planted.len());
        prop_assert_eq!(found.into_iter().map(|it| it.key).collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn every_double_booking_is_one_more_finding(
        rows in 1_usize..24,
        picks in prop::collection::btree_set(0_usize..24, 0..12),
    ) {
        // The person of a row in room 0 is put beside the one of the same row in room 1.
        let mut content = agenda(2, rows);
        let planted: BTreeSet<usize> = picks.into_iter().map(|pick| pick % rows).collect();
        for row in &planted {
            let path = json!(["sessions", format!("se_{}", rows + row), "people", format!("sp_{row}")]);
            content.apply(&[op(json!({"op": "link", "path": path, "to": {}}))]).unwrap();
        }
        let found = find(&content, &Gates::none());
        prop_assert!(found.iter().all(|it| it.rule == "agenda.person_overlap"));
        prop_assert_eq!(found.len(), planted.len());
    }

    #[test]
    fn a_refresh_finds_what_a_full_run_finds(ops in prop::collection::vec(any_op(), 1..40)) {
        let mut content = agenda(3, 4);
        let mut gates = Gates::none();
        let mut kept = Findings::new(&content, &gates);
        for (number, op) in ops.iter().enumerate() {
            let mut changed: Vec<&str> = Vec::new();
            if content.apply(std::slice::from_ref(op)).is_ok() {
                changed.push(&op.path()[0]);
            }
            if number == 20 {
                gates.approve(("meta", ""), "venue_id", json!("ve_1"));
                changed.push(GATES);
            }
            kept.refresh(&content, &gates, &changed);
            let full = find(&content, &gates);
            prop_assert!(kept.iter().eq(&full));
            let keys: BTreeSet<&str> = full.iter().map(|it| it.key.as_str()).collect();
            prop_assert_eq!(keys.len(), full.len(), "keys are unique");
        }
    }

    #[test]
    fn every_fix_can_be_performed_and_solves_what_it_is_for(ops in prop::collection::vec(any_op(), 1..40)) {
        let mut content = agenda(3, 4);
        for op in ops {
            // Those that are refused change nothing.
            content.apply(&[op]).ok();
        }
        for finding in find(&content, &Gates::none()) {
            for fix in finding.fixes.iter().filter(|fix| !fix.ops.is_empty()) {
                let mut after = content.clone();
                prop_assert!(after.apply(&fix.ops).is_ok(), "{}: {}", finding.key, fix.say);
                let left = find(&after, &Gates::none());
                prop_assert!(left.iter().all(|it| it.key != finding.key), "{}: {}", finding.key, fix.say);
            }
        }
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "it measures, and nothing depends on it"
)]
fn a_large_plan_is_judged_in_milliseconds() {
    // 30 rooms by 30 rows: 900 sessions, and as many people and 30 more.
    let mut content = agenda(30, 30);
    for number in 0..30 {
        let add = json!({"op": "add", "path": ["speakers", format!("sp_x{number}")],
            "fields": {"name": format!("Extra {number}"), "kind": "mc", "status": "idea"}});
        content.apply(&[op(add)]).unwrap();
    }
    let gates = Gates::none();
    let time = |run: &mut dyn FnMut()| {
        let mut times: Vec<_> = (0..21)
            .map(|_| {
                let start = std::time::Instant::now();
                run();
                start.elapsed()
            })
            .collect();
        times.sort();
        times[10]
    };
    let full = time(&mut || assert_eq!(find(&content, &gates), []));
    let mut kept = Findings::new(&content, &gates);
    content
        .apply(&[op(
            json!({"op": "set", "path": ["sessions", "se_0", "minutes"], "to": 31}),
        )])
        .unwrap();
    let refresh = time(&mut || kept.refresh(&content, &gates, &["sessions"]));
    assert_eq!(kept.iter().count(), 1);
    println!("full run: {full:?}, refresh after an edit of sessions: {refresh:?} (medians of 21)");
    for job in Job::all() {
        let view = PlanView::with_gates(&content, &gates);
        let start = std::time::Instant::now();
        job.run(&view);
        let (Job::Together(rule, _) | Job::Root(rule, ..)) = job;
        println!("  {:?} {}", start.elapsed(), rule.name);
    }
    // Loose, so that a busy machine does not matter; in release it is a hundredth of this.
    assert!(full < std::time::Duration::from_secs(2));
}

#[test]
fn every_root_that_a_rule_reads_is_one() {
    for rule in RULES {
        for root in rule.reads {
            let is_root = ROOTS.iter().any(|it| it.name == *root) || *root == GATES;
            assert!(is_root, "{} reads {root}", rule.name);
        }
    }
}
