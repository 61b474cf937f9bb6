//! A file becomes a proposal.

use super::*;

#[tokio::test]
async fn a_file_becomes_a_proposal_that_is_one_rejection_away_from_gone() {
    let stage = Stage::on(Engine::Sqlite).await;
    let file = "id,name,org\nsp_1,Ada Lovelace,Analytical\n,Ben,Engines\n";
    let begin = json!({ "bytes": file.len() });
    let upload = stage
        .suggester
        .ask(&stage.server, "upload.begin", begin)
        .await;
    assert!(upload.get("error").is_none(), "{upload}");
    let upload = upload["result"]["upload"].clone();
    let append = json!({ "upload": upload, "at": 0, "data": base64(file) });
    let appended = stage
        .suggester
        .ask(&stage.server, "upload.append", append)
        .await;
    assert!(appended.get("error").is_none(), "{appended}");
    let import =
        json!({ "upload": upload, "format": "csv", "root": "speakers", "mode": "propose" });
    let imported = stage.call(&stage.suggester, "plan.import", import).await;
    assert_eq!(
        (&imported["applied"], &imported["added"]["speakers"]),
        (&json!(false), &json!(1)),
        "{imported}"
    );
    let proposal = json!({ "id": imported["proposal"] });
    let seen = stage.get(&proposal).await;
    assert_eq!(
        (&seen["status"], &seen["submitted"]),
        (&json!("submitted"), &json!(true))
    );
    assert_eq!(
        stage.content().await["speakers"].as_object().unwrap().len(),
        1
    );
    let all: Vec<u32> =
        (1..=u32::try_from(seen["changes"].as_array().unwrap().len()).unwrap()).collect();
    stage
        .decides(&stage.editor, "approve", &proposal, &all)
        .await;
    stage
        .client_reads("/speakers/sp_1/name", &json!("Ada Lovelace"))
        .await;
    assert_eq!(
        stage.content().await["speakers"].as_object().unwrap().len(),
        2
    );
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
