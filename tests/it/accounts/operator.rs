//! Who may register, and what an operator does to accounts beside the running server.

use serde_json::json;

use super::{ME, PASSWORD, REGISTER, STATE, login, refresh, register};
use crate::support::operator::Operator;
use crate::support::postgres::Postgres;
use crate::support::raw::{RawSocket, Received};
use crate::support::rest::{Answer, Rest};
use crate::support::server::{Options, Server};
use crate::support::until::SOON;

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"plan.list","params":{}}"#;

async fn register_with(rest: &Rest<'_>, email: &str, invite: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD, "name": "Ada", "invite": invite });
    rest.post(REGISTER, &body).await
}

/// The last word of what was printed.
fn last_word(printed: &str) -> String {
    printed
        .split_whitespace()
        .last()
        .expect("something is printed")
        .to_owned()
}

#[tokio::test]
async fn a_closed_server_registers_nobody() {
    let server = Server::start(Options::default().set("CONVENE_REGISTRATION", "closed")).await;
    let rest = Rest::new(&server);
    register(&rest, "ada@example.org")
        .await
        .expect_refusal(403, "forbidden");
    let invite = Operator {
        data: &server.data(),
        url: None,
    }
    .must(&["user", "invite"], "");
    let refused = register_with(&rest, "ada@example.org", &last_word(&invite)).await;
    refused.expect_refusal(403, "forbidden");
}

#[tokio::test]
async fn a_visitor_is_told_who_may_register_and_whether_anybody_has() {
    for (mode, says) in [("open", true), ("invite", false), ("closed", false)] {
        let server = Server::start(Options::default().set("CONVENE_REGISTRATION", mode)).await;
        let rest = Rest::new(&server);
        let state = || async { rest.get(STATE).await.expect(200).json() };
        let empty = json!({ "registration": mode, "has_accounts": false });
        assert_eq!(state().await, empty);
        register(&rest, "ada@example.org").await;
        assert_eq!(state().await["has_accounts"], says, "{mode}");
    }
}

async fn invitations(options: Options, url: Option<&str>) {
    let server = Server::start(options.set("CONVENE_REGISTRATION", "invite")).await;
    let rest = Rest::new(&server);
    let data = server.data();
    let operator = Operator { data: &data, url };
    register(&rest, "ada@example.org")
        .await
        .expect_refusal(403, "forbidden");
    let refused = register_with(&rest, "ada@example.org", "made up").await;
    refused.expect_refusal(403, "forbidden");
    let code = last_word(&operator.must(&["user", "invite"], ""));
    register_with(&rest, "ada@example.org", &code)
        .await
        .expect(201);
    let refused = register_with(&rest, "bob@example.org", &code).await;
    refused.expect_refusal(403, "forbidden");
    let code = last_word(&operator.must(&["user", "invite", "Bob@example.org"], ""));
    let refused = register_with(&rest, "mia@example.org", &code).await;
    refused.expect_refusal(403, "forbidden");
    register_with(&rest, "bob@example.org", &code)
        .await
        .expect(201);
}

async fn new_passwords(options: Options, url: Option<&str>) {
    let server = Server::start(options).await;
    let rest = Rest::new(&server);
    let data = server.data();
    let operator = Operator { data: &data, url };
    let registered = register(&rest, "ada@example.org").await.expect(201);
    operator.must(
        &["user", "reset-password", "Ada@example.org"],
        "a better password\n",
    );
    login(&rest, "ada@example.org", PASSWORD)
        .await
        .expect_refusal(401, "unauthenticated");
    login(&rest, "ada@example.org", "a better password")
        .await
        .expect(200);
    let token = registered.field("access_token");
    rest.get_as(&token, ME)
        .await
        .expect_refusal(401, "unauthenticated");
    refresh(&rest, &registered.field("refresh_token"))
        .await
        .expect(401);
    let made_up = operator.must(&["user", "reset-password", "ada@example.org"], "");
    login(&rest, "ada@example.org", &last_word(&made_up))
        .await
        .expect(200);
    let why = operator.must_fail(&["user", "reset-password", "eve@example.org"]);
    assert!(why.contains("no account has this e-mail address"), "{why}");
}

#[tokio::test]
async fn an_invitation_lets_one_account_in() {
    invitations(Options::default(), None).await;
}

#[tokio::test]
async fn an_invitation_lets_one_account_in_on_postgres() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    invitations(Options::default().postgres(&url), Some(&url)).await;
}

#[tokio::test]
async fn an_operator_sets_a_new_password_beside_the_running_server() {
    new_passwords(Options::default(), None).await;
}

#[tokio::test]
async fn an_operator_sets_a_new_password_beside_the_running_server_on_postgres() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    new_passwords(Options::default().postgres(&url), Some(&url)).await;
}

#[tokio::test]
async fn a_new_password_closes_the_open_sockets_of_the_account() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let mut sockets = Vec::new();
    for email in ["ada@example.org", "eve@example.org"] {
        let token = register(&rest, email)
            .await
            .expect(201)
            .field("access_token");
        let mut socket = RawSocket::open(&format!("{}?token={token}", server.ws_url())).await;
        socket.send_text(LIST).await;
        socket.text().await;
        sockets.push(socket);
    }
    let data = server.data();
    let operator = Operator {
        data: &data,
        url: None,
    };
    operator.must(
        &["user", "reset-password", "ada@example.org"],
        "a better password\n",
    );
    let closed = sockets[0].next(SOON).await;
    assert!(
        matches!(closed, Some(Received::Closed(4401, _))),
        "{closed:?}"
    );
    // Nobody else notices.
    sockets[1].send_text(LIST).await;
    sockets[1].text().await;
}

#[tokio::test]
async fn a_password_that_is_too_short_is_not_set() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    register(&rest, "ada@example.org").await.expect(201);
    let data = server.data();
    let operator = Operator {
        data: &data,
        url: None,
    };
    let said = operator.run(&["user", "reset-password", "ada@example.org"], "short\n");
    assert!(
        !said.succeeded && said.stderr.contains("fewer than 8 bytes"),
        "{said:?}"
    );
    login(&rest, "ada@example.org", PASSWORD).await.expect(200);
}
