//! The programme of FOSDEM 2026 comes in whole, goes out and comes in again: what real files are like.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::{Value as Json, json};

use super::round_trips::agenda;
use super::{Import, c3voc_json, frab_xml, ics, merge};
use crate::content::{Content, ONE, Value};
use crate::diff::{Kind, changelog, diff, say};
use crate::op::Op;

fn file() -> String {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/fosdem-2026-schedule.xml.gz");
    let mut text = String::new();
    let packed = std::fs::File::open(path).unwrap();
    GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    text
}

/// Ids as a server gives them, and none twice.
fn ids() -> impl FnMut(&str) -> String {
    let mut number = 0;
    move |prefix| {
        number += 1;
        format!("{prefix}_{number:026}")
    }
}

fn imported(text: &str) -> (Content, Import) {
    let import = frab_xml::read(text.as_bytes()).unwrap();
    let mut plan = Content::default();
    let ops = merge::ops(&plan, &import, &mut ids());
    plan.apply(&ops).unwrap();
    (plan, import)
}

fn none(_: &str) -> String {
    unreachable!("everything is there already")
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "how long it takes is what is measured"
)]
fn the_whole_programme_comes_in_within_two_seconds() {
    let text = file();
    let begins = std::time::Instant::now();
    let import = frab_xml::read(text.as_bytes()).unwrap();
    let read = begins.elapsed();
    let mut plan = Content::default();
    let ops = merge::ops(&plan, &import, &mut ids());
    let merged = begins.elapsed();
    plan.apply(&ops).unwrap();
    let all = begins.elapsed();
    println!("read {read:?}, with operations {merged:?}, with applying them {all:?}");
    assert!(cfg!(debug_assertions) || all.as_secs() < 2, "{all:?}");

    let counts = ["sessions", "speakers", "rooms", "tracks"].map(|root| plan.live(root).len());
    assert_eq!(counts, [883, 927, 30, 70]);
    let value_of = |id: &str, field: &str| {
        let value = plan.field("sessions", id, field).and_then(Value::plain);
        value.cloned().unwrap_or_default()
    };
    let sessions: Vec<&str> = plan
        .live("sessions")
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let used: BTreeSet<String> = sessions
        .iter()
        .map(|id| value_of(id, "track_id").to_string())
        .collect();
    assert_eq!(used.len(), 62);
    let days: BTreeSet<String> = sessions
        .iter()
        .map(|id| value_of(id, "slot")["start"].as_str().unwrap()[..10].to_owned())
        .collect();
    assert_eq!(
        days.into_iter().collect::<Vec<_>>(),
        ["2026-01-31", "2026-02-01"]
    );
    let without: usize = sessions
        .iter()
        .filter(|id| matches!(plan.field("sessions", id, "people"), Some(Value::Map(all)) if all.is_empty()))
        .count();
    assert_eq!(without, 6);
    let meta = &plan.to_json()["meta"];
    let kept: Vec<&String> = meta["src"]["extra"].as_object().unwrap().keys().collect();
    assert_eq!(
        kept,
        [
            "base_url",
            "city",
            "day_change",
            "timeslot_duration",
            "venue",
            "version"
        ]
    );
    assert_eq!(meta["name"], "FOSDEM 2026");
    assert_eq!(meta["tz"], "Europe/Brussels");
    assert_eq!(
        meta["dates"],
        json!({"start": "2026-01-31", "end": "2026-02-01"})
    );
}

#[test]
fn a_session_is_as_it_was_published() {
    let (plan, import) = imported(&file());
    let sessions = plan.live("sessions");
    let (_, first) = sessions
        .iter()
        .find(|(_, fields)| fields["title"] == Value::Plain(json!("Welcome to FOSDEM 2026")))
        .unwrap();
    assert_eq!(
        first["abstract"],
        Value::Text("FOSDEM welcome and opening talk.".to_owned())
    );
    assert_eq!(first["minutes"], Value::Plain(json!(20)));
    assert_eq!(first["kind"], Value::Plain(json!("talk")));
    let slot = first["slot"].plain().unwrap();
    assert_eq!(slot["start"], "2026-01-31T09:30:00+01:00");
    let room = plan.field("rooms", slot["room_id"].as_str().unwrap(), "name");
    assert_eq!(room, Some(&Value::Plain(json!("Janson"))));
    let expected = json!({"kind": "import", "ref": "9c3ebb8c-7716-5130-b9fe-ff8544f5636d",
        "extra": {"id": "8376", "slug": "SFKNTZ-welcome_to_fosdem_2026", "type": "maintrack"}});
    assert_eq!(first["src"], Value::Plain(expected));
    // All that is not understood is kept, and said once.
    let said: Vec<String> = import
        .report
        .notes
        .iter()
        .map(ToString::to_string)
        .collect();
    let rest: Vec<&String> = said
        .iter()
        .filter(|line| !line.contains("kept in src.extra"))
        .collect();
    assert_eq!(rest, ["line 9660: persons: \"Dara Grove\" is listed twice"]);
    let html = sessions.iter().filter(|(_, fields)| {
        matches!(&fields.get("abstract"), Some(Value::Text(text)) if text.contains("<p>") || text.contains("</a>"))
    });
    assert_eq!(html.count(), 0);
}

#[test]
fn the_same_file_again_changes_nothing() {
    let text = file();
    let (plan, import) = imported(&text);
    assert_eq!(merge::ops(&plan, &import, &mut none), []);
}

#[test]
fn what_is_exported_comes_in_again_without_a_change() {
    let (plan, _) = imported(&file());
    let (xml, report) = frab_xml::write(&plan);
    assert!(report.is_empty(), "{report:#?}");
    let again = frab_xml::read(xml.as_bytes()).unwrap();
    assert_eq!(merge::ops(&plan, &again, &mut none), []);
    for (line, times) in [
        ("<event ", 883),
        ("<day ", 2),
        ("<person ", 1_085),
        ("<days>2</days>", 1),
    ] {
        assert_eq!(xml.matches(line).count(), times, "{line}");
    }
    let (text, report) = c3voc_json::write(&plan);
    assert!(report.is_empty(), "{report:#?}");
    let again = c3voc_json::read(text.as_bytes()).unwrap();
    assert_eq!(merge::ops(&plan, &again, &mut none), []);
}

#[test]
fn the_calendar_of_the_programme_comes_in_again_without_a_change() {
    let (plan, _) = imported(&file());
    let (text, report) = ics::write(&plan, jiff::Timestamp::UNIX_EPOCH);
    assert!(report.is_empty(), "{report:#?}");
    let import = ics::read(text.as_bytes()).unwrap();
    assert_eq!(import.report.notes, []);
    assert_eq!(merge::ops(&plan, &import, &mut none), []);
    let mut again = Content::default();
    again
        .apply(&merge::ops(&again, &import, &mut ids()))
        .unwrap();
    assert_eq!(agenda(&again), agenda(&plan));
    assert_eq!(merge::ops(&again, &import, &mut none), []);
}

#[test]
fn a_changed_file_gives_the_operations_for_its_changes_and_no_others() {
    let text = file();
    let (mut plan, _) = imported(&text);
    let changed = text
        .replace("<title>Welcome to FOSDEM 2026</title>", "<title>Welcome to all</title>")
        .replace("<room name=\"K.3.201\" slug=\"k3201\">", "<room name=\"K.3.201 (new)\" slug=\"k3201\">")
        .replace("<room>K.3.201</room>", "<room>K.3.201 (new)</room>")
        .replacen(
            "</room>\n",
            "<event id=\"99999\" guid=\"00000000-0000-4000-8000-000000000001\"><date>2026-01-31T18:00:00+01:00</date>\
             <duration>00:15</duration><title>Late news</title><type>devroom</type>\
             <persons><person id=\"2\">Ada Alder</person></persons></event></room>\n",
            // Past the rooms of events, which are elements of the same name.
            usize::MAX,
        );
    // One new event is enough: the first room of the first day has it.
    let first = changed.find("<event id=\"99999\"").unwrap();
    let end = first + changed[first..].find("</event>").unwrap() + "</event>".len();
    let event = changed[first..end].to_owned();
    let without = changed.replace(&event, "");
    let place = without.find("<room name=\"Janson\"").unwrap();
    let place = place + without[place..].find('>').unwrap() + 1;
    let changed = format!("{}{event}{}", &without[..place], &without[place..]);

    let import = frab_xml::read(changed.as_bytes()).unwrap();
    let ops = merge::ops(&plan, &import, &mut |prefix| format!("{prefix}_new"));
    let said: Vec<Json> = ops
        .iter()
        .map(|op| serde_json::to_value(op).unwrap())
        .collect();
    let summary: Vec<(String, String)> = ops
        .iter()
        .zip(&said)
        .map(|(op, json)| {
            (
                json["op"].as_str().unwrap().to_owned(),
                op.path()[2..].join("/"),
            )
        })
        .collect();
    let expected = [("set", "name"), ("set", "title"), ("add", "")];
    let expected = expected.map(|(op, field)| (op.to_owned(), field.to_owned()));
    assert_eq!(summary, expected, "{said:#?}");
    assert_eq!(said[0]["from"], "K.3.201");
    assert_eq!(said[0]["to"], "K.3.201 (new)");
    assert_eq!(said[1]["to"], "Welcome to all");
    let Op::Add { path, fields } = &ops[2] else {
        panic!("{ops:?}");
    };
    assert_eq!(path, &["sessions", "se_new"]);
    assert_eq!(fields["title"], "Late news");
    let ada = fields["people"].as_object().unwrap().keys().next().unwrap();
    assert!(plan.entity("speakers", ada).is_some());
    plan.apply(&ops).unwrap();
    assert_eq!(merge::ops(&plan, &import, &mut none), []);
}

#[test]
fn a_changed_programme_is_told_to_the_public() {
    let text = file();
    let (before, _) = imported(&text);
    let mut after = before.clone();
    let changed = text
        .replace(
            "<title>Welcome to FOSDEM 2026</title>",
            "<title>Welcome to all</title>",
        )
        .replacen("2026-01-31T09:30:00+01:00", "2026-01-31T09:40:00+01:00", 1);
    let import = frab_xml::read(changed.as_bytes()).unwrap();
    after
        .apply(&merge::ops(&before, &import, &mut none))
        .unwrap();
    let differences = diff(&before, &after);
    let said: Vec<String> = changelog(&differences, &before, &after)
        .into_iter()
        .map(|entry| entry.say)
        .collect();
    assert_eq!(
        said,
        [
            "Session \"Welcome to all\" moved from Sat 31 Jan 09:30, Janson to Sat 31 Jan 09:40, Janson",
            "Session \"Welcome to FOSDEM 2026\" is now called \"Welcome to all\"",
        ]
    );
    let said: Vec<String> = differences
        .iter()
        .map(|difference| say(difference, &before, &after))
        .collect();
    assert!(
        said.contains(&"Session \"Welcome to FOSDEM 2026\" renamed \"Welcome to all\"".to_owned())
    );

    // A first release adds all of it.
    let nothing = Content::default();
    let log = changelog(&diff(&nothing, &before), &nothing, &before);
    let added = |root: &str| {
        let of_root = log
            .iter()
            .filter(|it| it.root == root && it.kind == Kind::Added);
        of_root.count()
    };
    let counts = ["sessions", "speakers", "rooms", "tracks"].map(added);
    assert_eq!(counts, [883, 927, 30, 62]);
}

#[test]
fn a_file_that_breaks_off_is_refused_wherever_it_does() {
    let text = file();
    for part in 1..40 {
        let mut end = text.len() * part / 40;
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let error = frab_xml::read(&text.as_bytes()[..end])
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("line "), "{error}");
    }
}

#[test]
fn long_titles_are_cut_and_said() {
    let text = file().replace(
        "<title>Welcome to FOSDEM 2026</title>",
        &format!("<title>{}</title>", "x".repeat(300)),
    );
    let (plan, import) = imported(&text);
    let note = import
        .report
        .notes
        .iter()
        .find(|note| note.field == "title")
        .unwrap();
    assert!(
        note.say.ends_with("is cut to one line of 200 characters"),
        "{note}"
    );
    assert_eq!(
        plan.entity("meta", ONE).unwrap()["name"],
        Value::Plain(json!("FOSDEM 2026"))
    );
    assert_eq!(merge::ops(&plan, &import, &mut none), []);
}

#[test]
fn five_thousand_sessions_of_one_guid_and_one_name_are_told_apart() {
    let event = "<event guid=\"x\"><title>x</title><duration>00:30</duration>\
        <persons><person>x</person></persons></event>";
    let events = event.repeat(5_000);
    let text = format!("<schedule><day><room name=\"a\">{events}</room></day></schedule>");
    let (plan, import) = imported(&text);
    assert_eq!(plan.live("sessions").len(), 5_000);
    assert_eq!(plan.live("speakers").len(), 1);
    assert_eq!(merge::ops(&plan, &import, &mut none), []);
    let say = import
        .report
        .notes
        .iter()
        .find(|note| note.field == "guid")
        .unwrap();
    assert_eq!(
        say.to_string(),
        "line 1: guid: x is another session too; this one is x#2"
    );
}
