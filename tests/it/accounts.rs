//! Accounts over REST: registering, signing in, refreshing, signing out, and what an operator does.

mod operator;
mod sign_ins;

use std::time::Duration;

use tokio::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::postgres::Postgres;
use crate::support::raw::RawSocket;
use crate::support::rest::{Answer, Rest, send};
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, until};

const PASSWORD: &str = "correct horse battery";
const STATE: &str = "/api/v1/auth/state";
const REGISTER: &str = "/api/v1/auth/register";
const LOGIN: &str = "/api/v1/auth/login";
const REFRESH: &str = "/api/v1/auth/refresh";
const LOGOUT: &str = "/api/v1/auth/logout";
const ME: &str = "/api/v1/auth/me";
const SESSIONS: &str = "/api/v1/auth/sessions";

async fn register(rest: &Rest<'_>, email: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD, "name": "Ada" });
    rest.post(REGISTER, &body).await
}

async fn login(rest: &Rest<'_>, email: &str, password: &str) -> Answer {
    rest.post(LOGIN, &json!({ "email": email, "password": password }))
        .await
}

async fn refresh(rest: &Rest<'_>, token: &str) -> Answer {
    rest.post(REFRESH, &json!({ "refresh_token": token })).await
}

/// The names of an object's fields, in order.
fn names(object: &Value) -> Vec<String> {
    let mut names: Vec<String> = object
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    names.sort();
    names
}

/// Checks that `answer` is the one shape of signing in.
fn expect_tokens(answer: &Answer) {
    let body = answer.json();
    let fields = [
        "access_token",
        "expires_in",
        "refresh_token",
        "token_type",
        "user",
    ];
    assert_eq!(names(&body), fields);
    assert_eq!(names(&body["user"]), ["created_at", "email", "id", "name"]);
    assert_eq!(body["token_type"], "Bearer");
    let expires_in = body["expires_in"].as_u64().expect("seconds");
    assert!((890..=900).contains(&expires_in), "{expires_in}");
    assert_eq!(
        body["access_token"]
            .as_str()
            .map(|text| text.split('.').count()),
        Some(3)
    );
    assert_eq!(body["refresh_token"].as_str().map(str::len), Some(43));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn registering_login_and_refresh_answer_alike() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let registered = register(&rest, " Ada@Example.org ").await.expect(201);
    expect_tokens(&registered);
    let user = registered.json()["user"].clone();
    assert_eq!(
        (&user["email"], &user["name"]),
        (&json!("ada@example.org"), &json!("Ada"))
    );
    let signed_in = login(&rest, "ada@EXAMPLE.org", PASSWORD).await.expect(200);
    expect_tokens(&signed_in);
    let refreshed = refresh(&rest, &signed_in.field("refresh_token"))
        .await
        .expect(200);
    expect_tokens(&refreshed);
    assert_ne!(
        refreshed.field("refresh_token"),
        signed_in.field("refresh_token")
    );
    for answer in [&registered, &signed_in, &refreshed] {
        let me = rest
            .get_as(&answer.field("access_token"), ME)
            .await
            .expect(200);
        assert_eq!(me.json(), user);
    }
}

#[tokio::test]
async fn an_address_can_be_registered_once() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    register(&rest, "ada@example.org").await.expect(201);
    register(&rest, "ADA@example.org")
        .await
        .expect_refusal(409, "conflict");
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused_with_a_reason() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let good = json!({ "email": "a@example.org", "password": PASSWORD, "name": "Ada" });
    for (field, value, hint) in [
        ("email", json!("ada"), "name@example.org"),
        ("email", json!("a\u{0}@example.org"), "name@example.org"),
        ("password", json!("short"), "at least 8 bytes"),
        ("password", json!("x".repeat(1025)), "at most 1024 bytes"),
        ("name", json!("  "), "1 to 100 characters"),
        ("name", json!("a\nb"), "1 to 100 characters"),
        ("name", json!(7), "invalid type"),
        ("nmae", json!("Ada"), "unknown field"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let refused = rest
            .post(REGISTER, &body)
            .await
            .expect_refusal(422, "invalid");
        assert!(refused.field("message").contains(hint), "{refused:?}");
    }
    let no_json = rest
        .request(Method::POST, REGISTER)
        .body("email=a@example.org");
    send(no_json).await.expect_refusal(400, "malformed");
    let broken = rest
        .request(Method::POST, REGISTER)
        .header("content-type", "application/json");
    send(broken.body("{\"email\":"))
        .await
        .expect_refusal(400, "malformed");
    rest.post(REGISTER, &good).await.expect(201);
}

/// The time in the middle.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// How much longer it takes to refuse a wrong password than an unknown account.
async fn time_ratio(rest: &Rest<'_>) -> f64 {
    let (mut wrong, mut unknown, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..12 {
        let mut pair = [
            ("ada@example.org", &mut wrong),
            ("eve@example.org", &mut unknown),
        ];
        // In turn first, or a busy machine that falls into step with the pairs slows always the same.
        if round % 2 == 1 {
            pair.reverse();
        }
        for (email, times) in pair {
            let began = Instant::now();
            let answer = login(rest, email, "wrong password").await;
            times.push(began.elapsed());
            messages.push(
                answer
                    .expect_refusal(401, "unauthenticated")
                    .field("message"),
            );
        }
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
    median(wrong).as_secs_f64() / median(unknown).as_secs_f64()
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_are_answered_alike() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    register(&rest, "ada@example.org").await.expect(201);
    // A difference that can be used is there every time, the noise of other tests is not.
    let alike = |ratio: &f64| (0.65..1.5).contains(ratio);
    let mut seen = Vec::new();
    while seen.len() < 5 && !seen.last().is_some_and(alike) {
        seen.push(time_ratio(&rest).await);
    }
    assert!(
        seen.last().is_some_and(alike),
        "a wrong password takes longer by {seen:?}"
    );
    // Texts that no database could hold are no account either.
    for email in ["", "a\u{0}@example.org", &"x".repeat(10_000)] {
        login(&rest, email, PASSWORD)
            .await
            .expect_refusal(401, "unauthenticated");
    }
}

#[tokio::test]
async fn whoever_tries_too_often_waits() {
    let limits = Options::default()
        .set("CONVENE_LOGINS_PER_ACCOUNT_PER_MINUTE", 5)
        .set("CONVENE_LOGINS_PER_ADDRESS_PER_MINUTE", 20);
    let server = Server::start(limits).await;
    let rest = Rest::new(&server);
    for _ in 0..5 {
        login(&rest, "ada@example.org", "wrong")
            .await
            .expect_refusal(401, "unauthenticated");
    }
    let refused = login(&rest, "Ada@example.org", "wrong").await;
    let refused = refused.expect_refusal(429, "rate_limited");
    let seconds: u64 = refused
        .header("retry-after")
        .expect("a wait")
        .parse()
        .unwrap();
    assert!((1..=12).contains(&seconds), "{seconds}");
    let exact = refused.json()["retry_after_ms"].as_u64().expect("a wait");
    assert!(
        exact <= seconds * 1000 && exact > (seconds - 1) * 1000,
        "{exact} and {seconds}"
    );
    // Somebody else is let in, until the address has had its share.
    register(&rest, "eve@example.org").await.expect(201);
    let mut tries = 0;
    while login(&rest, &format!("{tries}@example.org"), "wrong")
        .await
        .status
        == 401
    {
        tries += 1;
    }
    assert!((14..=16).contains(&tries), "{tries}");
    let refused = register(&rest, "bob@example.org").await;
    refused.expect_refusal(429, "rate_limited");
}

#[tokio::test]
async fn an_access_token_ends_and_is_refreshed() {
    let short = Options::default().set("CONVENE_ACCESS_TOKEN_SECONDS", 1);
    let server = Server::start(short).await;
    let rest = Rest::new(&server);
    let registered = register(&rest, "ada@example.org").await.expect(201);
    let ended = until("the access token has ended", 2 * SOON, async || {
        let me = rest.get_as(&registered.field("access_token"), ME).await;
        (me.status != 200).then_some(me)
    });
    ended.await.expect_refusal(401, "token_expired");
    let next = refresh(&rest, &registered.field("refresh_token"))
        .await
        .expect(200);
    rest.get_as(&next.field("access_token"), ME)
        .await
        .expect(200);
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    for path in [ME, SESSIONS] {
        let refused = rest.get(path).await.expect_refusal(401, "unauthenticated");
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        for token in ["x", "a.b.c", &"x".repeat(8000)] {
            rest.get_as(token, path)
                .await
                .expect_refusal(401, "unauthenticated");
        }
    }
    let basic = rest.request(Method::GET, ME).basic_auth("ada", Some("x"));
    send(basic).await.expect_refusal(401, "unauthenticated");
}

#[tokio::test]
async fn the_log_holds_no_secrets() {
    let server = Server::start(Options::default().set("CONVENE_LOG", "debug")).await;
    let rest = Rest::new(&server);
    let first = register(&rest, "ada@example.org").await.expect(201);
    let second = login(&rest, "ada@example.org", PASSWORD).await.expect(200);
    let third = refresh(&rest, &second.field("refresh_token"))
        .await
        .expect(200);
    let fourth = refresh(&rest, &third.field("refresh_token"))
        .await
        .expect(200);
    // Reuse, a wrong password and nonsense are what is most likely to be logged.
    refresh(&rest, &second.field("refresh_token"))
        .await
        .expect(401);
    login(&rest, "ada@example.org", "a wrong password")
        .await
        .expect(401);
    rest.post(
        LOGIN,
        &json!({ "email": 1, "password": "a typed password" }),
    )
    .await
    .expect(422);
    let query = format!("{ME}?token={}", first.field("access_token"));
    rest.get(&query).await.expect(401);
    let socket = format!("{}?token={}", server.ws_url(), first.field("access_token"));
    drop(RawSocket::open(&socket).await);
    rest.delete_as(&first.field("access_token"), SESSIONS)
        .await
        .expect(204);
    let log = std::fs::read_to_string(server.data().with_file_name("log")).unwrap();
    assert!(
        log.contains("a refresh token was used twice"),
        "the log is there"
    );
    let mut secrets = vec![
        PASSWORD.to_owned(),
        "a wrong password".to_owned(),
        "a typed password".to_owned(),
        "ada@example.org".to_owned(),
        "$argon2id$".to_owned(),
    ];
    for answer in [&first, &second, &third, &fourth] {
        secrets.push(answer.field("refresh_token"));
        let access = answer.field("access_token");
        secrets.extend(access.split('.').skip(1).map(str::to_owned));
    }
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret}");
    }
}

#[tokio::test]
async fn texts_that_postgres_cannot_keep_are_refused_and_no_fault() {
    let postgres = Postgres::start().await;
    let server = Server::start(Options::default().postgres(&postgres.url())).await;
    let rest = Rest::new(&server);
    let token = register(&rest, "ada@example.org")
        .await
        .expect(201)
        .field("access_token");
    login(&rest, "ada@example.org\u{0}", PASSWORD)
        .await
        .expect_refusal(401, "unauthenticated");
    let mut socket = RawSocket::open(&format!("{}?token={token}", server.ws_url())).await;
    for (method, params) in [
        ("plan.create", json!({ "name": "A\u{0}B" })),
        (
            "plan.create",
            json!({ "name": "A", "idempotency_key": "k\u{0}" }),
        ),
    ] {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        socket.send_text(&request.to_string()).await;
        let answer: Value = serde_json::from_str(&socket.text().await).unwrap();
        assert_eq!(answer["error"]["code"], -32_602, "{answer}");
    }
}
