//! What surrounds every request: health, metrics, the API page, limits, headers and proxies.

mod description;
mod door;
mod page;

use std::process::Command;

use reqwest::Method;
use serde_json::json;

use crate::support::process::{CONVENE, signal};
use crate::support::rest::{Answer, Rest, send};
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, until};

const HEALTH: &str = "/api/v1/health/";
const LOGIN: &str = "/api/v1/auth/login";
const ME: &str = "/api/v1/auth/me";

#[tokio::test]
async fn health_says_how_the_server_and_its_needs_are() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let version = env!("CARGO_PKG_VERSION");
    for path in [HEALTH, "/api/v1/health"] {
        let health = rest.get(path).await.expect(200).json();
        assert_eq!(health, json!({ "status": "ok", "version": version }));
    }
    let database = rest.get("/api/v1/health/db").await.expect(200).json();
    assert_eq!(database, json!({ "status": "ok", "engine": "sqlite" }));
    let redis = rest.get("/api/v1/health/redis").await.expect(200).json();
    assert_eq!(redis, json!({ "status": "not_configured" }));
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_within_seconds() {
    let postgres = crate::support::postgres::Postgres::start().await;
    let server = Server::start(Options::default().postgres(&postgres.url())).await;
    let rest = Rest::new(&server);
    let database = rest.get("/api/v1/health/db").await.expect(200).json();
    assert_eq!(database, json!({ "status": "ok", "engine": "postgres" }));
    postgres.freeze();
    let asked = rest.get("/api/v1/health/db");
    let database = tokio::time::timeout(std::time::Duration::from_secs(5), asked).await;
    let database = database.expect("an answer in time").expect(503).json();
    assert_eq!(
        database,
        json!({ "status": "unavailable", "engine": "postgres" })
    );
    // The server itself is well all the while.
    rest.get(HEALTH).await.expect(200);
    let body = json!({ "email": "ada@example.org", "password": "correct horse" });
    let refused = rest
        .post(LOGIN, &body)
        .await
        .expect_refusal(503, "unavailable");
    assert!(refused.header("retry-after").is_some());
    postgres.thaw();
    until("the database is back", SOON, async || {
        (rest.get("/api/v1/health/db").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_health_command_succeeds_only_while_the_server_answers() {
    let options = Options::default().set("CONVENE_LEAVE_SECONDS", 20);
    let mut server = Server::start(options).await;
    let address = server.url("").replace("http://", "");
    let ask = || {
        let mut command = Command::new(CONVENE);
        command.arg("health").env_clear().current_dir("/");
        let said = command.env("CONVENE_LISTEN", &address).output().unwrap();
        (said.status.code(), String::from_utf8(said.stderr).unwrap())
    };
    assert_eq!(ask(), (Some(0), String::new()));
    signal(server.pid(), "STOP");
    // On a busy machine a process runs on for a moment.
    let why = until("it is stopped", SOON, async || {
        let (code, why) = ask();
        (code == Some(1)).then_some(why)
    })
    .await;
    assert!(why.contains("did not answer within 2s"), "{why}");
    signal(server.pid(), "CONT");
    assert_eq!(ask(), (Some(0), String::new()));
    signal(server.pid(), "TERM");
    until("it says that it leaves", SOON, async || {
        let (code, why) = ask();
        (code == Some(1) && why.contains("503 Service Unavailable")).then_some(())
    })
    .await;
    server.kill9();
    let (code, why) = ask();
    assert_eq!(code, Some(1));
    assert!(why.contains("cannot be asked"), "{why}");
}

#[tokio::test]
async fn metrics_are_text_for_prometheus() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    rest.get("/nothing/here").await.expect(404);
    let metrics = rest.get("/metrics").await.expect(200);
    let kind = metrics.header("content-type").unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let line = "convene_http_requests_total{route=\"unmatched\",method=\"GET\",status=\"404\"} 1";
    assert!(metrics.text.contains(line), "{}", metrics.text);
    let counted = server.metric("convene_http_request_seconds_count").await;
    assert!(counted >= 2.0, "{counted}");
}

#[tokio::test]
async fn the_api_page_fetches_nothing_from_elsewhere() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let page = rest.get("/docs").await.expect(200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let mut texts = vec![page.text];
    for (path, kind) in [
        ("/docs/app.js", "text/javascript"),
        ("/docs/style.css", "text/css"),
    ] {
        assert!(texts[0].contains(path), "the page uses {path}");
        let part = rest.get(path).await.expect(200);
        assert!(part.header("content-type").unwrap().starts_with(kind));
        texts.push(part.text);
    }
    for text in texts {
        assert!(
            !text.contains("http://") && !text.contains("https://"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn every_answer_has_the_headers_that_browsers_need() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let mut answers: Vec<Answer> = Vec::new();
    for path in [HEALTH, "/metrics", "/docs", "/openapi.json", ME, "/nothing"] {
        answers.push(rest.get(path).await);
    }
    answers.push(rest.post(HEALTH, &json!({})).await);
    answers.push(rest.post(LOGIN, &json!({ "email": "a" })).await);
    for answer in answers {
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{answer:?}"
        );
        assert_eq!(
            answer.header("referrer-policy"),
            Some("no-referrer"),
            "{answer:?}"
        );
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("frame-ancestors 'none'"), "{answer:?}");
        assert_eq!(
            answer.header("cache-control"),
            Some("no-store"),
            "{answer:?}"
        );
        assert_eq!(
            answer.header("strict-transport-security"),
            None,
            "{answer:?}"
        );
        assert!(answer.header("x-request-id").is_some(), "{answer:?}");
        assert_eq!(answer.header("server"), None, "{answer:?}");
    }
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_method_say_so() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    rest.get("/api/v2/nothing")
        .await
        .expect_refusal(404, "not_found");
    let wrong = rest.get(LOGIN).await.expect_refusal(405, "not_found");
    assert_eq!(wrong.header("allow"), Some("POST"));
    let strange = rest.request(Method::from_bytes(b"BREW").unwrap(), HEALTH);
    send(strange).await.expect_refusal(405, "not_found");
}

#[tokio::test]
async fn a_request_keeps_the_id_that_its_client_gave_it() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let with_id = async |id: &str| {
        let answer = send(rest.request(Method::GET, ME).header("x-request-id", id)).await;
        answer
            .expect_refusal(401, "unauthenticated")
            .field("request_id")
    };
    assert_eq!(with_id("page-7.click_9").await, "page-7.click_9");
    for strange in ["", "two words", "<script>", &"x".repeat(65)] {
        let made = with_id(strange).await;
        assert!(made.len() == 36 && made != strange, "{made}");
    }
    assert_ne!(with_id("").await, with_id("").await);
    let log = std::fs::read_to_string(server.data().with_file_name("log")).unwrap();
    assert!(log.contains("page-7.click_9"), "{log}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let body = |bytes: usize| {
        let mut text = "{}".to_owned();
        text.push_str(&" ".repeat(bytes - 2));
        let request = rest.request(Method::POST, LOGIN);
        request
            .header("content-type", "application/json")
            .body(text)
    };
    send(body(64 << 10)).await.expect_refusal(422, "invalid");
    let refused = send(body((64 << 10) + 1))
        .await
        .expect_refusal(413, "too_large");
    assert!(refused.field("message").contains("65536"), "{refused:?}");
}
