//! Access tokens on sockets: the ways they come, what happens when they end, and who is turned away.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Error;

use crate::support::account::Account;
use crate::support::driver::{Client, Connect, Driver, HOCUSPOCUSES, PYCRDT, Y_WEBSOCKETS};
use crate::support::raw::{RawSocket, Received, addressed, hocuspocus_token};
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, until};

/// Long enough to connect everybody, short enough to wait for.
const SHORT_SECONDS: u64 = 5;
/// A Hocuspocus client may be this late with its next token.
const GRACE: Duration = Duration::from_secs(10);

struct Stage {
    server: Server,
    owner: Account,
    plan: String,
    driver: Driver,
}

impl Stage {
    async fn with(options: Options) -> Self {
        let server = Server::start(options).await;
        let owner = Account::register(&server, "Olga").await;
        let plan = owner.create_plan(&server).await;
        Self {
            server,
            owner,
            plan,
            driver: Driver::javascript().await,
        }
    }

    async fn with_short_tokens() -> Self {
        Self::with(Options::default().set("CONVENE_ACCESS_TOKEN_SECONDS", SHORT_SECONDS)).await
    }

    fn connect(&self, lib: &str, account: &Account) -> Connect {
        Connect::new(&self.server, lib, &self.plan, &account.token)
    }

    async fn edits_arrive(&self, from: &Client, to: &Client, word: &str) {
        from.append("text", word).await;
        until("the edit arrives", SOON, async || {
            to.text("text").await.contains(word).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_hocuspocus_client_is_asked_for_its_next_token_and_stays_connected() {
    let stage = Stage::with_short_tokens().await;
    let mut account = stage.owner.refresh(&stage.server).await;
    let mut clients = Vec::new();
    for lib in HOCUSPOCUSES {
        clients.push(stage.driver.join(stage.connect(lib, &account)).await);
    }
    // Twice, so that everybody has outlived the first two tokens.
    for asked in 2..=3 {
        account = account.refresh(&stage.server).await;
        for client in &clients {
            client.set_token(&account.token).await;
        }
        for client in &clients {
            until("the server asks for a token", SOON * 2, async || {
                (client.status().await.tokens_asked >= asked).then_some(())
            })
            .await;
        }
    }
    stage
        .edits_arrive(&clients[0], &clients[1], "after the second token ")
        .await;
    for client in &clients {
        client.wait_saved().await;
        let status = client.status().await;
        assert_eq!(status.opens, 1, "{} reconnected", client.lib);
        assert_eq!(status.denied, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_hocuspocus_client_without_a_next_token_is_let_go_after_the_grace() {
    let stage = Stage::with_short_tokens().await;
    let account = stage.owner.refresh(&stage.server).await;
    let client = stage
        .driver
        .join(stage.connect("hocuspocus-4.8", &account))
        .await;
    let over = Duration::from_secs(SHORT_SECONDS) + GRACE + SOON;
    until("access is denied", over, async || {
        (!client.status().await.denied.is_empty()).then_some(())
    })
    .await;
    let account = stage.owner.login(&stage.server).await;
    client.set_token(&account.token).await;
    client
        .tell("reload", json!({ "token": account.token }))
        .await;
    client.wait_synced().await;
    client.append("text", "back").await;
    client.wait_saved().await;
}

#[tokio::test]
async fn a_y_websocket_client_comes_back_with_its_next_token() {
    let stage = Stage::with_short_tokens().await;
    let account = stage.owner.login(&stage.server).await;
    let python = Driver::python().await;
    let mut clients = Vec::new();
    for lib in Y_WEBSOCKETS {
        clients.push(stage.driver.join(stage.connect(lib, &account)).await);
    }
    clients.push(python.join(stage.connect(PYCRDT, &account)).await);
    // As a page does: whenever a socket ends, the token at hand has not just been made with it.
    let mut next = account;
    let mut made_at = Instant::now();
    for client in &clients {
        until("the socket ended with its token", SOON, async || {
            if made_at.elapsed() > Duration::from_secs(1) {
                next = next.refresh(&stage.server).await;
                made_at = Instant::now();
                for client in &clients {
                    client.set_token(&next.token).await;
                }
            }
            let status = client.status().await;
            status
                .closes
                .iter()
                .any(|close| close.code == Some(4501))
                .then_some(())
        })
        .await;
    }
    for client in &clients {
        client.wait_synced().await;
    }
    for (number, client) in clients.iter().enumerate() {
        let other = &clients[(number + 1) % clients.len()];
        stage
            .edits_arrive(client, other, &format!("{number} "))
            .await;
        let status = client.status().await;
        assert!(
            status.closes.iter().all(|close| close.code == Some(4501)),
            "{status:?}"
        );
    }
}

#[tokio::test]
async fn an_expired_token_opens_nothing() {
    let stage = Stage::with(Options::default().set("CONVENE_ACCESS_TOKEN_SECONDS", 1)).await;
    let expired = &stage.owner.token;
    until("the token has expired", SOON, async || {
        let answer = reqwest::Client::new()
            .get(stage.server.url("/api/v1/auth/me"))
            .bearer_auth(expired)
            .send()
            .await;
        (answer.ok()?.status() == 401).then_some(())
    })
    .await;
    let mut socket = RawSocket::ywebsocket(&stage.server, &stage.plan, expired).await;
    assert_eq!(socket.closed(SOON).await, 4401);
    let mut socket = RawSocket::open(&stage.server.ws_url()).await;
    socket.send(&hocuspocus_token(&stage.plan, expired)).await;
    let denied = addressed(&stage.plan, &[2, 1]);
    socket
        .frame("permission denied", |frame| frame.starts_with(&denied))
        .await;
    // Only y-websocket 3.1 understands that there is no point in trying again.
    let client = stage
        .driver
        .connect(stage.connect("y-websocket-3.1", &stage.owner))
        .await;
    until("it gives up", SOON, async || {
        client.status().await.gave_up.then_some(())
    })
    .await;
    assert_eq!(client.status().await.opens, 1);
}

#[tokio::test]
async fn a_token_may_come_in_the_query_a_header_or_a_subprotocol() {
    let stage = Stage::with(Options::default()).await;
    let mut clients = Vec::new();
    for by in ["query", "header", "subprotocol"] {
        let connect = stage
            .connect("y-websocket-3.1", &stage.owner)
            .with("token_by", by);
        clients.push(stage.driver.join(connect).await);
    }
    // A Hocuspocus provider with an empty token goes by the token of its socket.
    for by in ["frame", "query", "header"] {
        let connect = stage
            .connect("hocuspocus-4.8", &stage.owner)
            .with("token_by", by);
        clients.push(stage.driver.join(connect).await);
    }
    for (number, client) in clients.iter().enumerate() {
        let other = &clients[(number + 1) % clients.len()];
        stage
            .edits_arrive(client, other, &format!("{number} "))
            .await;
    }
    let offer = format!("convene, convene.token.{}", stage.owner.token);
    let headers = [("sec-websocket-protocol", offer.as_str())];
    let socket = RawSocket::open_with(&stage.server.ws_url(), &headers).await;
    assert!(
        socket.is_ok(),
        "the server selects the subprotocol that is no token"
    );
}

#[tokio::test]
async fn who_brings_no_token_is_turned_away() {
    let options = Options::default().set("CONVENE_UNAUTHENTICATED_SECONDS_MAX", 1);
    let stage = Stage::with(options).await;
    let url = format!("{}/{}", stage.server.ws_url(), stage.plan);
    assert_eq!(RawSocket::open(&url).await.closed(SOON).await, 4401);
    let wrong = format!("{url}?token=not.a.token");
    assert_eq!(RawSocket::open(&wrong).await.closed(SOON).await, 4401);
    // Hocuspocus clients show theirs later, but not at any time.
    assert_eq!(
        RawSocket::open(&stage.server.ws_url())
            .await
            .closed(SOON)
            .await,
        4401
    );
}

#[tokio::test]
async fn a_plan_of_others_is_as_good_as_not_there() {
    let stage = Stage::with(Options::default()).await;
    let stranger = Account::register(&stage.server, "Stan").await;
    let nowhere = "00000000-0000-7000-8000-000000000000";
    let mut answers = Vec::new();
    for plan in [stage.plan.as_str(), nowhere, "not-an-id", "a/b"] {
        let mut socket = RawSocket::ywebsocket(&stage.server, plan, &stranger.token).await;
        assert_eq!(socket.closed(SOON).await, 4404);
        let mut socket = RawSocket::open(&stage.server.ws_url()).await;
        socket.send(&hocuspocus_token(plan, &stranger.token)).await;
        let denied = addressed(plan, &[2, 1]);
        let answer = socket
            .frame("denied", |frame| frame.starts_with(&denied))
            .await;
        answers.push(answer[denied.len()..].to_vec());
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "the answer tells nothing"
    );
}

#[tokio::test]
async fn pages_of_foreign_origins_are_refused() {
    let options = Options::default().set("CONVENE_ALLOWED_ORIGINS", "https://app.example");
    let stage = Stage::with(options).await;
    let own = stage.server.url("");
    let urls = [
        stage.server.ws_url(),
        format!(
            "{}/{}?token={}",
            stage.server.ws_url(),
            stage.plan,
            stage.owner.token
        ),
    ];
    for url in &urls {
        for origin in [
            "https://evil.example",
            "https://app.example.evil.example",
            "null",
        ] {
            match RawSocket::open_with(url, &[("origin", origin)]).await {
                Err(Error::Http(answer)) => assert_eq!(answer.status(), 403, "{origin}"),
                Err(other) => panic!("{origin}: {other}"),
                Ok(_) => panic!("{origin} was let in"),
            }
        }
        for origin in [own.as_str(), "https://app.example"] {
            assert!(
                RawSocket::open_with(url, &[("origin", origin)])
                    .await
                    .is_ok(),
                "{origin}"
            );
        }
    }
}

#[tokio::test]
async fn signing_out_ends_the_sockets_of_that_sign_in_only() {
    let stage = Stage::with(Options::default()).await;
    let elsewhere = stage.owner.login(&stage.server).await;
    let stays = stage
        .driver
        .join(stage.connect("y-websocket-3.1", &stage.owner))
        .await;
    let ends = stage
        .driver
        .join(stage.connect("y-websocket-3.1", &elsewhere))
        .await;
    let mut raw = RawSocket::hocuspocus(&stage.server, &stage.plan, &elsewhere.token).await;
    let provider = stage
        .driver
        .join(stage.connect("hocuspocus-4.8", &elsewhere))
        .await;
    elsewhere.logout(&stage.server).await;
    assert_eq!(raw.closed(Duration::from_secs(1)).await, 4401);
    until("it gives up", SOON, async || {
        ends.status().await.gave_up.then_some(())
    })
    .await;
    // This one always comes back, and is denied when it does.
    until("it is denied", SOON, async || {
        (!provider.status().await.denied.is_empty()).then_some(())
    })
    .await;
    // However good its signature, the token of an ended sign-in opens nothing.
    let mut socket = RawSocket::ywebsocket(&stage.server, &stage.plan, &elsewhere.token).await;
    assert_eq!(socket.closed(SOON).await, 4401);
    stays.append("text", "still here").await;
    stays.wait_saved().await;
    assert_eq!(stays.status().await.opens, 1);
}

#[tokio::test]
async fn who_is_removed_or_made_a_viewer_feels_it_at_once() {
    let stage = Stage::with(Options::default()).await;
    let editor = Account::register(&stage.server, "Emil").await;
    stage
        .owner
        .set_role(&stage.server, &stage.plan, &editor, "editor")
        .await;
    let provider = stage
        .driver
        .join(stage.connect("hocuspocus-4.8", &editor))
        .await;
    let mut raw = RawSocket::ywebsocket(&stage.server, &stage.plan, &editor.token).await;
    assert_eq!(provider.status().await.scope.as_deref(), Some("read-write"));
    stage
        .owner
        .set_role(&stage.server, &stage.plan, &editor, "viewer")
        .await;
    until("the provider is told", SOON, async || {
        (provider.status().await.scope.as_deref() == Some("readonly")).then_some(())
    })
    .await;
    let params = json!({ "plan": stage.plan, "user": editor.user });
    stage
        .owner
        .call(&stage.server, "member.remove", params)
        .await;
    assert_eq!(raw.closed(SOON).await, 4403);
    until("the provider is denied", SOON, async || {
        (!provider.status().await.denied.is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_control_channel_answers_on_both_carriers() {
    let stage = Stage::with(Options::default()).await;
    let provider = stage
        .driver
        .join(stage.connect("hocuspocus-4.8", &stage.owner))
        .await;
    let answer = provider
        .call("plan.get", json!({ "plan": stage.plan }))
        .await;
    assert_eq!(answer["result"]["role"], "owner", "{answer}");
    let answer = provider.call("plan.nothing", json!({})).await;
    assert_eq!(answer["error"]["code"], -32_601, "{answer}");
    assert_eq!(
        provider.status().await.text_frames,
        0,
        "an answer goes where the request came"
    );
    // A provider on the reserved document has the channel before any plan is open.
    let connect = Connect::new(
        &stage.server,
        "hocuspocus-3.4",
        "convene",
        &stage.owner.token,
    );
    let early = stage.driver.join(connect).await;
    let answer = early.call("plan.list", json!({})).await;
    assert_eq!(
        answer["result"]["plans"][0]["id"],
        stage.plan.as_str(),
        "{answer}"
    );
    let mut socket = RawSocket::open(&stage.server.ws_url()).await;
    let call = json!({ "jsonrpc": "2.0", "id": "a", "method": "plan.list" });
    socket.send_text(&call.to_string()).await;
    let Some(Received::Text(answer)) = socket.next(SOON).await else {
        panic!("no answer")
    };
    assert!(answer.contains("unauthenticated"), "{answer}");
}
