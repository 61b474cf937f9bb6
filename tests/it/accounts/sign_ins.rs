//! Sign-ins: refreshing, signing out, and the list of where one is signed in.

use std::time::Duration;

use serde_json::json;

use super::{LOGOUT, ME, PASSWORD, SESSIONS, login, refresh, register};
use crate::support::raw::{RawSocket, Received};
use crate::support::rest::{Answer, Rest, send};
use crate::support::server::{Options, Server};

/// The ids of the listed sign-ins, with whether each is the one that asks.
fn listed(answer: &Answer) -> Vec<(String, bool)> {
    let body = answer.json();
    let sessions = body["sessions"].as_array().expect("a list");
    sessions
        .iter()
        .map(|it| {
            (
                it["id"].as_str().unwrap().to_owned(),
                it["current"].as_bool().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_refresh_token_shown_again_ends_its_sign_in_and_its_sockets() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let other = register(&rest, "ada@example.org").await.expect(201);
    let first = login(&rest, "ada@example.org", PASSWORD).await.expect(200);
    let second = refresh(&rest, &first.field("refresh_token"))
        .await
        .expect(200);
    let third = refresh(&rest, &second.field("refresh_token"))
        .await
        .expect(200);
    let token = third.field("access_token");
    let mut socket = RawSocket::open(&format!("{}?token={token}", server.ws_url())).await;
    socket
        .send_text(r#"{"jsonrpc":"2.0","id":1,"method":"plan.list","params":{}}"#)
        .await;
    socket.text().await;
    let refused = refresh(&rest, &first.field("refresh_token")).await;
    refused.expect_refusal(401, "unauthenticated");
    refresh(&rest, &third.field("refresh_token"))
        .await
        .expect_refusal(401, "unauthenticated");
    rest.get_as(&token, ME)
        .await
        .expect_refusal(401, "unauthenticated");
    let closed = socket.next(Duration::from_secs(5)).await;
    assert!(matches!(closed, Some(Received::Closed(..))), "{closed:?}");
    rest.get_as(&other.field("access_token"), ME)
        .await
        .expect(200);
    let counted = server.metric("convene_refresh_token_reuses_total").await;
    assert_eq!(counted.to_string(), "1");
}

#[tokio::test]
async fn an_answer_that_got_lost_can_be_asked_for_again() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let first = register(&rest, "ada@example.org").await.expect(201);
    refresh(&rest, &first.field("refresh_token"))
        .await
        .expect(200);
    let again = refresh(&rest, &first.field("refresh_token"))
        .await
        .expect(200);
    refresh(&rest, &again.field("refresh_token"))
        .await
        .expect(200);
}

#[tokio::test]
async fn signing_out_ends_the_sign_in_at_once() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let first = register(&rest, "ada@example.org").await.expect(201);
    let second = login(&rest, "ada@example.org", PASSWORD).await.expect(200);
    let third = login(&rest, "ada@example.org", PASSWORD).await.expect(200);
    let token = first.field("access_token");
    let out = rest
        .request(reqwest::Method::POST, LOGOUT)
        .bearer_auth(&token);
    assert_eq!(send(out).await.expect(204).text, "");
    rest.get_as(&token, ME)
        .await
        .expect_refusal(401, "unauthenticated");
    refresh(&rest, &first.field("refresh_token"))
        .await
        .expect_refusal(401, "unauthenticated");
    // With the refresh token, when the access token has ended.
    let body = json!({ "refresh_token": second.field("refresh_token") });
    rest.post(LOGOUT, &body).await.expect(204);
    rest.get_as(&second.field("access_token"), ME)
        .await
        .expect(401);
    // Twice is once.
    rest.post(LOGOUT, &body).await.expect(204);
    rest.post(LOGOUT, &json!({}))
        .await
        .expect_refusal(401, "unauthenticated");
    rest.get_as(&third.field("access_token"), ME)
        .await
        .expect(200);
}

#[tokio::test]
async fn everybody_sees_where_they_are_signed_in_and_ends_it() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let eve = register(&rest, "eve@example.org")
        .await
        .expect(201)
        .field("access_token");
    let mut tokens = vec![
        register(&rest, "ada@example.org")
            .await
            .field("access_token"),
    ];
    for _ in 0..3 {
        tokens.push(
            login(&rest, "ada@example.org", PASSWORD)
                .await
                .field("access_token"),
        );
    }
    let list = rest.get_as(&tokens[0], SESSIONS).await.expect(200);
    let first = &list.json()["sessions"][0];
    assert_eq!(first["address"], "127.0.0.1");
    let sessions = listed(&list);
    assert_eq!(sessions.len(), 4);
    assert_eq!(sessions.iter().filter(|(_, current)| *current).count(), 1);
    let (other, _) = sessions.iter().find(|(_, current)| !current).unwrap();
    let path = format!("{SESSIONS}/{other}");
    rest.delete_as(&eve, &path)
        .await
        .expect_refusal(404, "not_found");
    rest.delete_as(&tokens[0], &format!("{SESSIONS}/x"))
        .await
        .expect_refusal(404, "not_found");
    rest.delete_as(&tokens[0], &path).await.expect(204);
    rest.delete_as(&tokens[0], &path)
        .await
        .expect_refusal(404, "not_found");
    assert_eq!(listed(&rest.get_as(&tokens[0], SESSIONS).await).len(), 3);
    rest.delete_as(&tokens[0], SESSIONS).await.expect(204);
    let left = listed(&rest.get_as(&tokens[0], SESSIONS).await.expect(200));
    assert!(left.len() == 1 && left[0].1, "{left:?}");
    for token in &tokens[1..] {
        rest.get_as(token, ME)
            .await
            .expect_refusal(401, "unauthenticated");
    }
    rest.get_as(&eve, ME).await.expect(200);
}
