//! Thousands of edits by three people: every difference is what another reading of the journal finds.

use std::collections::BTreeMap;

use convene::clock::Clock;
use convene::config::DatabaseConfig;
use convene::storage::Storage;
use convene::storage::journal::{Row, Seq};
use serde_json::{Value, json};
use yrs::updates::decoder::Decode;
use yrs::{Any, Doc, GetString, Map, Out, ReadTxn, Transact, Update};

use super::Stage;
use crate::support::server::Options;

/// A third each.
const EDITS: usize = 5_001;
const POINTS: usize = 50;
const SPEAKERS: usize = 8;

/// Every plain field and text of the speakers, by id and name, with the row that made it what it is.
type State = BTreeMap<(String, String), (Value, i64)>;

/// Reads the speakers with nothing of the server's own code.
fn read(doc: &Doc) -> BTreeMap<(String, String), Value> {
    let txn = doc.transact();
    let mut state = BTreeMap::new();
    let Some(speakers) = txn.get_map("speakers") else {
        return state;
    };
    for (id, speaker) in speakers.iter(&txn) {
        let Out::YMap(speaker) = speaker else {
            panic!("{id} is no map")
        };
        for (name, value) in speaker.iter(&txn) {
            let value = if let Out::YText(text) = &value {
                json!(text.get_string(&txn))
            } else if let Out::Any(Any::String(text)) = &value {
                json!(text.as_ref())
            } else if let Out::Any(Any::Bool(value)) = &value {
                json!(value)
            } else {
                panic!("{name} holds {value:?}")
            };
            state.insert((id.to_owned(), name.to_owned()), value);
        }
    }
    state
}

/// The state after each row.
fn replay(rows: &[Row]) -> Vec<State> {
    let doc = Doc::with_options(yrs::Options {
        offset_kind: yrs::OffsetKind::Utf16,
        ..yrs::Options::default()
    });
    let mut states = vec![State::new()];
    for row in rows {
        let update = Update::decode_v1(&row.update).unwrap();
        doc.transact_mut().apply_update(update).unwrap();
        let before = states.last().unwrap();
        let after = read(&doc).into_iter().map(|(place, value)| {
            let made = before.get(&place).filter(|(same, _)| *same == value);
            let seq = made.map_or(row.seq.0, |(_, seq)| *seq);
            (place, (value, seq))
        });
        states.push(after.collect());
    }
    states
}

/// What is different between two states as `history.diff` names it: before and after by place, and the row.
type Expected = BTreeMap<(String, String), (Value, Value, i64)>;

fn expected(before: &State, after: &State) -> Expected {
    let nothing = |name: &str| {
        if name == "bio" {
            json!("")
        } else {
            Value::Null
        }
    };
    let mut found = Expected::new();
    for (place, (value, seq)) in after {
        let old = before
            .get(place)
            .map_or(nothing(&place.1), |(old, _)| old.clone());
        if old != *value {
            found.insert(place.clone(), (old, value.clone(), *seq));
        }
    }
    found
}

async fn all_rows(stage: &Stage) -> Vec<Row> {
    let data = stage.server.data();
    let storage = Storage::open_beside(&DatabaseConfig::Sqlite, &data, Clock::system());
    let storage = storage.await.unwrap();
    let plan = stage.plan.parse().unwrap();
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let after = rows.last().map_or(Seq(0), |row| row.seq);
        let more = storage.rows_after(plan, after, 10_000).await.unwrap();
        if more.is_empty() {
            break;
        }
        rows.extend(more);
    }
    storage.close().await;
    rows
}

/// The three type and set what they like, all at once.
async fn write(stage: &Stage, number: usize) {
    let client = &stage.clients[number];
    for step in 0..EDITS / 3 {
        let dice = (step * 7 + number * 13) % 11;
        let id = format!("sp_{}", (step * 5 + number) % SPEAKERS);
        let op = if dice < 4 {
            json!({ "op": "text.insert", "kind": "map", "root": "speakers", "path": [id, "bio"], "at": 0, "text": format!("{number}{step} ") })
        } else {
            let key = ["org", "status", "name"][dice % 3];
            let statuses = ["idea", "approached", "interested", "confirmed", "declined"];
            let value = if key == "status" {
                statuses[step % statuses.len()].to_owned()
            } else {
                format!("{number}-{step}")
            };
            json!({ "op": "map.set", "root": "speakers", "path": [id], "key": key, "value": value })
        };
        client.edit(json!([op])).await;
    }
    client.wait_saved().await;
}

#[tokio::test]
async fn any_two_of_fifty_points_differ_as_an_independent_replay_finds() {
    let stage = Stage::on(Options::default()).await;
    let adds: Vec<Value> = (0..SPEAKERS)
        .map(|number| {
            let fields = json!({ "name": format!("Speaker {number}"), "bio": "Who?" });
            json!({ "op": "add", "path": ["speakers", format!("sp_{number}")], "fields": fields })
        })
        .collect();
    stage.edit_as(0, json!(adds)).await;
    for client in &stage.clients {
        client.wait_synced().await;
    }
    tokio::join!(write(&stage, 0), write(&stage, 1), write(&stage, 2));
    let rows = all_rows(&stage).await;
    assert!(rows.len() > EDITS, "{} rows", rows.len());
    let states = replay(&rows);
    let last = rows.len();
    let step = last / POINTS;
    let points: Vec<usize> = (1..=POINTS).map(|number| number * step).collect();
    let mut asked = 0;
    for (at, to) in points.iter().enumerate() {
        // Each with a neighbour, and with one far away.
        for from in [points[at.saturating_sub(1)], points[at / 3]] {
            let params = json!({ "from": from, "to": to, "root": "speakers" });
            let answer = stage.call("history.diff", params).await;
            let mut found = Expected::new();
            for change in answer["changes"].as_array().unwrap() {
                let text = |name: &str| change[name].as_str().unwrap().to_owned();
                let author =
                    rows[usize::try_from(change["seq"].as_i64().unwrap()).unwrap() - 1].author;
                assert_eq!(change["by"]["id"], author.unwrap().to_string(), "{change}");
                let difference = (
                    change["before"].clone(),
                    change["after"].clone(),
                    change["seq"].as_i64().unwrap(),
                );
                found.insert((text("id"), text("field")), difference);
            }
            assert_eq!(
                found,
                expected(&states[from], &states[*to]),
                "{from} to {to}"
            );
            asked += 1;
        }
    }
    assert_eq!(asked, 2 * POINTS);
    // The state in the middle comes back as one change, and goes again.
    let middle = points[POINTS / 2];
    let before = stage.call("plan.content", json!({})).await;
    let restored = stage
        .call("history.restore", json!({ "seq": middle }))
        .await;
    assert_eq!(restored["kept"], json!([]));
    let params = json!({ "from": middle, "to": restored["seq"] });
    assert_eq!(stage.call("history.diff", params).await["total"], 0);
    let undone = stage
        .call("history.undo", json!({ "seq": restored["seq"] }))
        .await;
    assert_eq!(undone["kept"], json!([]));
    assert_eq!(stage.call("plan.content", json!({})).await, before);
}
