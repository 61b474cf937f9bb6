//! Files that come into a plan, and go out of it.

use std::io::Read;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Stage;
use crate::support::driver::Connect;
use crate::support::server::Options;
use crate::support::until::{SOON, until};

/// FOSDEM's programme, packed; `tests/data/README.md` says whose it is.
const PROGRAMME: &[u8] = include_bytes!("../../data/fosdem-2026-schedule.xml.gz");

/// The same as it was published.
pub(super) fn programme() -> Vec<u8> {
    let mut xml = Vec::new();
    GzDecoder::new(PROGRAMME).read_to_end(&mut xml).unwrap();
    xml
}

impl Stage {
    /// Sends a file in parts.
    pub(super) async fn upload(&self, file: &[u8]) -> String {
        let announced = json!({ "bytes": file.len() });
        let begun = self
            .owner
            .call(&self.server, "upload.begin", announced)
            .await;
        let (upload, mut at) = (begun["upload"].as_str().unwrap().to_owned(), 0);
        for part in file.chunks(512 << 10) {
            let data = STANDARD.encode(part);
            let append = json!({ "upload": upload, "at": at, "data": data });
            let answer = self.owner.call(&self.server, "upload.append", append).await;
            at = answer["received"].as_u64().unwrap();
        }
        upload
    }

    pub(super) async fn import(&self, upload: &str, format: &str, mode: &str) -> Value {
        let params = json!({ "upload": upload, "format": format, "mode": mode });
        self.call("plan.import", params).await
    }
}

impl Stage {
    async fn everything_goes_out_and_comes_in_again(&self) {
        // What goes out comes in again without a change, in each format that has it all.
        for (format, what) in [
            ("frab_xml", "<schedule"),
            ("c3voc_json", "\"schedule\""),
            ("plan_json", "convene.plan"),
            ("ics", "END:VCALENDAR"),
        ] {
            let export = self.call("plan.export", json!({ "format": format })).await;
            let text = export["text"].as_str().unwrap();
            assert!(text.contains(what), "{format}");
            let upload = self.upload(text.as_bytes()).await;
            let again = self.import(&upload, format, "preview").await;
            assert_eq!(
                (&again["added"], &again["changed"]),
                (&json!({}), &json!({})),
                "{format}"
            );
        }
        let ics = self.call("plan.export", json!({ "format": "ics" })).await;
        assert_eq!(
            ics["text"]
                .as_str()
                .unwrap()
                .matches("BEGIN:VEVENT")
                .count(),
            883
        );
    }
}

#[tokio::test]
async fn a_real_programme_comes_in_opens_in_stock_clients_and_goes_out_again() {
    let stage = Stage::on(Options::default()).await;
    let upload = stage.upload(&programme()).await;
    let preview = stage.import(&upload, "frab_xml", "preview").await;
    let added = json!({ "rooms": 30, "sessions": 883, "speakers": 927, "tracks": 70 });
    assert_eq!(
        (&preview["added"], &preview["applied"]),
        (&added, &json!(false))
    );
    let began = Instant::now();
    let applied = stage.import(&upload, "frab_xml", "apply").await;
    let took = began.elapsed();
    eprintln!("883 sessions and 927 people are in after {took:?}");
    assert_eq!(
        (&applied["added"], &applied["applied"]),
        (&added, &json!(true))
    );
    assert!(took < Duration::from_secs(2), "{took:?}");
    // The same again is no change, which there is nothing of to undo.
    let again = stage.import(&upload, "frab_xml", "apply").await;
    assert_eq!((&again["changed"], again.get("seq")), (&json!({}), None));
    // Both clients that were there have it, and so has somebody who comes now.
    let connect = Connect::new(
        &stage.server,
        "hocuspocus-3.4",
        &stage.plan,
        &stage.editor.token,
    );
    let newcomer = stage.driver.join(connect).await;
    for client in stage.clients.iter().chain([&newcomer]) {
        until("the client has every session", SOON, async || {
            let content = client.read(&json!({ "sessions": "map" })).await;
            (content["sessions"].as_object().unwrap().len() == 883).then_some(())
        })
        .await;
    }
    // What is wrong with it is what was counted in the file: one person is at two places at once.
    let findings = stage.call("plan.findings", json!({})).await;
    let count = |rule: &str| {
        let findings = findings["findings"].as_array().unwrap();
        findings
            .iter()
            .filter(|finding| finding["rule"] == rule)
            .count()
    };
    assert_eq!(
        (count("agenda.person_overlap"), count("agenda.no_person")),
        (1, 6)
    );
    assert_eq!(count("agenda.room_overlap"), 0);
    stage.everything_goes_out_and_comes_in_again().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_with_its_line_and_changes_nothing() {
    let stage = Stage::on(Options::default()).await;
    let before = stage.call("plan.content", json!({})).await;
    for (file, format, say) in [
        ("<schedule><day>\n</dya></schedule>", "frab_xml", "line 2"),
        ("{\"schedule\":", "c3voc_json", "line 1"),
        ("no JSON", "plan_json", "line 1"),
        ("<html></html>", "frab_xml", "this is no"),
        ("BEGIN:VCARD", "ics", "this is no"),
        ("# Days", "markdown", "only written"),
    ] {
        let upload = stage.upload(file.as_bytes()).await;
        let import = json!({ "upload": upload, "format": format, "mode": "apply" });
        let (code, message) = stage.is_refused("plan.import", import).await;
        assert_eq!(code, "unprocessable", "{format}");
        assert!(message.contains(say), "{format}: {message}");
    }
    let large = json!({ "bytes": 40_000_000 });
    let (code, _) = stage
        .owner
        .is_refused(&stage.server, "upload.begin", large)
        .await;
    assert_eq!(code, "too_large");
    let small = json!({ "bytes": 10 });
    let begun = stage.owner.call(&stage.server, "upload.begin", small).await;
    let import = json!({ "upload": begun["upload"], "format": "plan_json" });
    let (code, message) = stage.is_refused("plan.import", import).await;
    assert_eq!(
        (code.as_str(), message.contains("0 of 10")),
        ("conflict", true),
        "{message}"
    );
    let theirs = json!({ "plan": stage.plan, "upload": begun["upload"], "format": "plan_json" });
    let (code, _) = stage
        .editor
        .is_refused(&stage.server, "plan.import", theirs)
        .await;
    assert_eq!(code, "not_found", "somebody else's upload");
    assert_eq!(stage.call("plan.content", json!({})).await, before);
}
