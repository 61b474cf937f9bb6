//! Two people open a plan at the same moment, for the first time: one room, one content.

use serde_json::json;

use crate::support::account::Account;
use crate::support::converge::converge;
use crate::support::driver::{Connect, Driver};
use crate::support::server::{Options, Server};

/// Rare orders of events need many tries.
const TIMES: usize = 200;

#[tokio::test]
async fn two_first_visitors_meet_in_one_room() {
    let server = Server::start(Options::default()).await;
    let owner = Account::register(&server, "Olga").await;
    let editor = Account::register(&server, "Emil").await;
    let (one, two) = tokio::join!(Driver::javascript(), Driver::javascript());
    for time in 0..TIMES {
        let plan = owner.create_plan(&server).await;
        owner.set_role(&server, &plan, &editor, "editor").await;
        let hocuspocus = Connect::new(&server, "hocuspocus-4.8", &plan, &owner.token);
        let ywebsocket = Connect::new(&server, "y-websocket-3.1", &plan, &editor.token);
        let (first, second) = tokio::join!(one.connect(hocuspocus), two.connect(ywebsocket));
        // Before either knows whether anybody else is there.
        tokio::join!(
            first.append("text", "first "),
            second.append("text", "second ")
        );
        let both = [first, second];
        let roots = json!({ "text": "text" });
        let content = converge(&both, &roots, |content| {
            let text = content["text"].as_str().unwrap_or_default();
            text.contains("first ") && text.contains("second ")
        })
        .await;
        let text = content["text"].as_str().expect("a text");
        assert_eq!(text.len(), "first second ".len(), "time {time}: {text}");
        for client in &both {
            client.wait_saved().await;
            assert_eq!(
                client.status().await.opens,
                1,
                "time {time}: {} came twice",
                client.lib
            );
            client.tell("destroy", json!({})).await;
        }
    }
    assert_eq!(server.count("convene_room_load_seconds_count").await, 200);
}

#[tokio::test]
async fn the_first_visitors_after_a_restart_find_everything() {
    let mut server = Server::start(Options::default()).await;
    let owner = Account::register(&server, "Olga").await;
    let plan = owner.create_plan(&server).await;
    let (one, two) = tokio::join!(Driver::javascript(), Driver::javascript());
    let mut expected = String::new();
    for time in 0..10 {
        let hocuspocus = Connect::new(&server, "hocuspocus-4.8", &plan, &owner.token);
        let ywebsocket = Connect::new(&server, "y-websocket-3.1", &plan, &owner.token);
        let (first, second) = tokio::join!(one.join(hocuspocus), two.join(ywebsocket));
        first.wait_text("text", &expected).await;
        second.wait_text("text", &expected).await;
        let word = format!("{time} ");
        first.append("text", &word).await;
        first.wait_saved().await;
        expected.push_str(&word);
        second.wait_text("text", &expected).await;
        tokio::join!(
            first.tell("destroy", json!({})),
            second.tell("destroy", json!({}))
        );
        if time % 2 == 0 {
            assert!(server.terminate().await.success());
        } else {
            server.kill9();
        }
        server.start_again().await;
    }
}
