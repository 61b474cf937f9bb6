//! Who may come in and from where: pages of other origins, proxies, and HTTPS.

use reqwest::Method;
use serde_json::json;

use super::{HEALTH, LOGIN, ME};
use crate::support::rest::{Answer, Rest, send};
use crate::support::server::{Options, Server};

async fn preflight(rest: &Rest<'_>, origin: &str) -> Answer {
    let request = rest
        .request(Method::OPTIONS, LOGIN)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        );
    send(request).await
}

#[tokio::test]
async fn only_pages_of_allowed_origins_read_answers() {
    let allowed = "https://plans.example.org,http://localhost:5173";
    let server = Server::start(Options::default().set("CONVENE_ALLOWED_ORIGINS", allowed)).await;
    let rest = Rest::new(&server);
    for origin in allowed.split(',') {
        let answer = preflight(&rest, origin).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        let methods = answer.header("access-control-allow-methods").unwrap();
        assert!(
            methods.contains("POST") && methods.contains("DELETE"),
            "{methods}"
        );
        let headers = answer.header("access-control-allow-headers").unwrap();
        assert!(headers.contains("authorization") && headers.contains("content-type"));
        // Tokens travel in a header, never in a cookie.
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        // Refusals can be read as well.
        let refused = send(rest.request(Method::GET, ME).header("origin", origin)).await;
        let refused = refused.expect_refusal(401, "unauthenticated");
        assert_eq!(refused.header("access-control-allow-origin"), Some(origin));
        let exposed = refused.header("access-control-expose-headers").unwrap();
        assert!(
            exposed.contains("retry-after") && exposed.contains("x-request-id"),
            "{exposed}"
        );
    }
    for origin in [
        "https://evil.example",
        "https://plans.example.org.evil.example",
        "null",
    ] {
        let answer = preflight(&rest, origin).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn without_allowed_origins_no_other_page_reads_answers() {
    let server = Server::start(Options::default()).await;
    let answer = preflight(&Rest::new(&server), "https://plans.example.org").await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

/// The address that a sign-in is listed with when it came with these headers.
async fn listed_address(rest: &Rest<'_>, email: &str, forwarded: &[&str]) -> String {
    let body = json!({ "email": email, "password": "correct horse", "name": "Ada" });
    let mut request = rest
        .request(Method::POST, "/api/v1/auth/register")
        .json(&body);
    for value in forwarded {
        request = request.header("x-forwarded-for", *value);
    }
    let token = send(request).await.expect(201).field("access_token");
    let list = rest
        .get_as(&token, "/api/v1/auth/sessions")
        .await
        .expect(200)
        .json();
    list["sessions"][0]["address"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let address = listed_address(&rest, "a@example.org", &["203.0.113.7"]).await;
    assert_eq!(address, "127.0.0.1");
    drop(server);
    let trusting = Options::default().set("CONVENE_TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8");
    let server = Server::start(trusting).await;
    let rest = Rest::new(&server);
    for (email, forwarded, expected) in [
        ("a@example.org", vec!["203.0.113.7"], "203.0.113.7"),
        (
            "b@example.org",
            vec!["1.1.1.1, 203.0.113.7, 10.0.0.3"],
            "203.0.113.7",
        ),
        (
            "c@example.org",
            vec!["1.1.1.1", "203.0.113.7:4711"],
            "203.0.113.7",
        ),
        ("d@example.org", vec![], "127.0.0.1"),
        ("e@example.org", vec!["nonsense"], "127.0.0.1"),
    ] {
        assert_eq!(listed_address(&rest, email, &forwarded).await, expected);
    }
}

#[tokio::test]
async fn tries_are_counted_for_the_client_and_not_for_its_proxy() {
    let options = Options::default()
        .set("CONVENE_LOGINS_PER_ADDRESS_PER_MINUTE", 2)
        .set("CONVENE_TRUSTED_PROXIES", "127.0.0.1/32");
    let server = Server::start(options).await;
    let rest = Rest::new(&server);
    let attempt = async |address: &str| {
        let body = json!({ "email": "ada@example.org", "password": "wrong" });
        let request = rest.request(Method::POST, LOGIN).json(&body);
        send(request.header("x-forwarded-for", address))
            .await
            .status
    };
    assert_eq!(
        [attempt("203.0.113.1").await, attempt("203.0.113.1").await],
        [401, 401]
    );
    assert_eq!(attempt("203.0.113.1").await, 429);
    assert_eq!(attempt("203.0.113.2").await, 401);
}

#[tokio::test]
async fn where_https_is_required_nothing_secret_goes_without_it() {
    let options = Options::default()
        .set("CONVENE_REQUIRE_HTTPS", true)
        .set("CONVENE_TRUSTED_PROXIES", "127.0.0.1/32");
    let server = Server::start(options).await;
    let rest = Rest::new(&server);
    // Probes come from inside, without the proxy.
    rest.get(HEALTH).await.expect(200);
    rest.get("/metrics").await.expect(200);
    let moved = rest.get("/docs?x=1").await.expect(308);
    let host = server.url("").replace("http://", "https://");
    assert_eq!(
        moved.header("location"),
        Some(format!("{host}/docs?x=1").as_str())
    );
    let body = json!({ "email": "ada@example.org", "password": "wrong" });
    rest.post(LOGIN, &body)
        .await
        .expect_refusal(403, "forbidden");
    let over_tls = |scheme: &'static str| {
        let request = rest.request(Method::POST, LOGIN).json(&body);
        send(request.header("x-forwarded-proto", scheme))
    };
    let answer = over_tls("https")
        .await
        .expect_refusal(401, "unauthenticated");
    assert_eq!(
        answer.header("strict-transport-security"),
        Some("max-age=31536000")
    );
    over_tls("http").await.expect_refusal(403, "forbidden");
    // The client's own word stands in front of the proxy's.
    over_tls("https, http")
        .await
        .expect_refusal(403, "forbidden");
    let opened = crate::support::raw::RawSocket::open_with(&server.ws_url(), &[]).await;
    assert!(opened.is_err(), "a socket without TLS");
}

#[tokio::test]
async fn nobody_claims_https_who_is_not_a_trusted_proxy() {
    let server = Server::start(Options::default().set("CONVENE_REQUIRE_HTTPS", true)).await;
    let rest = Rest::new(&server);
    let request = rest
        .request(Method::POST, LOGIN)
        .header("x-forwarded-proto", "https");
    let body = json!({ "email": "ada@example.org", "password": "wrong" });
    send(request.json(&body))
        .await
        .expect_refusal(403, "forbidden");
}
