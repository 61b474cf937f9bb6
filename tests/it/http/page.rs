//! The page that is built into the server: its addresses, what browsers may keep, and how little is sent.

use reqwest::Method;
use serde_json::json;

use crate::support::page::expect_page;
use crate::support::rest::{Answer, Rest, send};
use crate::support::server::{Options, Server};

/// What a browser sends when somebody goes to an address.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn browse(rest: &Rest<'_>, path: &str) -> Answer {
    send(rest.request(Method::GET, path).header("accept", BROWSER)).await
}

/// The first script that the page names, which every page has.
fn script(page: &Answer) -> String {
    let rest = page.text.split_once("src=\"/assets/").expect("a script").1;
    format!("/assets/{}", rest.split_once('"').expect("a quote").0)
}

#[tokio::test]
async fn the_page_is_at_the_root_and_at_every_address_of_its_own() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let page = expect_page(&rest).await;
    for path in [
        "/",
        "/index.html",
        "/plans/not-a-plan/sessions?view=board",
        "/apiary",
    ] {
        let linked = browse(&rest, path).await.expect(200);
        assert_eq!(linked.text, page.text, "{path}");
        assert_eq!(
            linked.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(linked.header("cache-control"), Some("no-cache"));
    }
}

#[tokio::test]
async fn programs_never_get_the_page_instead_of_an_answer() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    expect_page(&rest).await;
    for path in [
        "/api/v1/nothing",
        "/docs/nothing",
        "/assets/old-1a2b3c4d.js",
        "/assets/",
    ] {
        browse(&rest, path).await.expect_refusal(404, "not_found");
    }
    rest.get("/plans").await.expect_refusal(404, "not_found");
    rest.post("/plans", &json!({}))
        .await
        .expect_refusal(404, "not_found");
    rest.post("/", &json!({}))
        .await
        .expect_refusal(405, "not_found");
    // Addresses are names in a table, and no paths of the disk.
    for path in ["/assets/..%2findex.html", "/..%2fCargo.toml"] {
        rest.get(path).await.expect_refusal(404, "not_found");
    }
}

#[tokio::test]
async fn a_browser_keeps_what_has_a_hash_in_its_name_and_asks_for_the_rest() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let page = expect_page(&rest).await;
    let script = rest.get(&script(&page)).await.expect(200);
    let kept = "public, max-age=31536000, immutable";
    assert_eq!(script.header("cache-control"), Some(kept));
    assert_eq!(
        script.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    let tag = page.header("etag").expect("a tag");
    assert!(tag.starts_with('"'), "{tag} is weak");
    let again = rest.request(Method::GET, "/").header("if-none-match", tag);
    let again = send(again).await.expect(304);
    assert_eq!(again.text, "");
    // A browser puts these in the place of those it has.
    for name in [
        "cache-control",
        "content-security-policy",
        "etag",
        "permissions-policy",
    ] {
        assert_eq!(again.header(name), page.header(name), "{name}");
    }
    let other = rest
        .request(Method::GET, "/")
        .header("if-none-match", "\"other\"");
    send(other).await.expect(200);
}

#[tokio::test]
async fn a_script_is_sent_packed_to_who_can_unpack_it() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let path = script(&expect_page(&rest).await);
    let ask = async |coding: &str| {
        let request = rest.request(Method::GET, &path);
        let answer = request.header("accept-encoding", coding).send().await;
        let answer = answer.expect("the server answers");
        let header = |name: &str| {
            let value = answer.headers().get(name);
            value.map(|value| value.to_str().expect("headers are text").to_owned())
        };
        let said = (header("content-encoding"), header("etag"));
        assert!(
            header("vary")
                .expect("it varies")
                .contains("accept-encoding")
        );
        (said, answer.bytes().await.expect("a body").to_vec())
    };
    let ((coding, plain_tag), plain) = ask("identity").await;
    assert_eq!(coding, None);
    let ((coding, gzip_tag), gzip) = ask("gzip, deflate").await;
    assert_eq!(coding.as_deref(), Some("gzip"));
    let mut unpacked = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(gzip.as_slice());
    std::io::Read::read_to_end(&mut reader, &mut unpacked).expect("it is gzip");
    assert!(unpacked == plain, "the packed script is another");
    let ((coding, brotli_tag), brotli) = ask("gzip, deflate, br, zstd").await;
    assert_eq!(coding.as_deref(), Some("br"));
    assert!(brotli.len() < gzip.len() && gzip.len() < plain.len());
    assert!(plain_tag != gzip_tag && gzip_tag != brotli_tag && plain_tag != brotli_tag);
}

#[tokio::test]
async fn head_says_what_get_would_send() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let page = expect_page(&rest).await;
    let (script, linked) = (script(&page), "/plans/1".to_owned());
    for path in ["/".to_owned(), script, linked] {
        let get = browse(&rest, &path).await.expect(200);
        let head = rest.request(Method::HEAD, &path).header("accept", BROWSER);
        let head = send(head).await.expect(200);
        assert_eq!(head.text, "", "{path}");
        for name in ["content-length", "content-type", "etag", "cache-control"] {
            assert!(head.header(name).is_some(), "{path} has no {name}");
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn the_page_runs_nothing_but_what_this_server_serves() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let page = expect_page(&rest).await;
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(
        !policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"),
        "{policy}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name), Some(value), "{name}");
    }
    assert!(
        page.header("permissions-policy")
            .is_some_and(|value| value.contains("camera=()"))
    );
}
