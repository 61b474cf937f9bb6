//! The planner's page: which of its files an address means, and what browsers are told beside them.
//!
//! The files are those of `web/dist` when the server was built. Addresses below `/assets/` have a hash of their content in
//! their name and never change; everything else is asked for again each time, and is then one small answer.

mod encoding;
mod files;

use std::sync::LazyLock;

use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::answer::ErrorAnswer;
use encoding::accepts;
use files::{File, Files, Form};

static PAGE: LazyLock<Files> =
    LazyLock::new(|| Files::new(include!(concat!(env!("OUT_DIR"), "/page.rs"))));

/// What every address of the page itself shows.
const INDEX: &str = "index.html";

/// The folder of files whose names say what is in them.
const HASHED: &str = "assets/";

/// Where programs ask: nothing below these is ever an address of the page.
const OF_PROGRAMS: &[&str] = &[
    "api",
    "assets",
    "docs",
    "health",
    "metrics",
    "openapi.json",
    "ws",
];

/// The page fetches from this server alone and nothing of it can be framed. `'self'` is sockets too.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the page never asks a browser for.
const NOT_ASKED_FOR: &str =
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

const NOT_BUILT: &str = "\
convene runs. Its page is not a part of this binary: web/dist was not there when it was built.

With Node.js 20 or newer, `make run` builds the page and serves it. Everything else works without it;
/docs describes it.
";

/// The page at `/`, or how to build it.
pub(super) async fn home(headers: HeaderMap) -> Response {
    let index = PAGE.find(INDEX).map(|file| answer(INDEX, file, &headers));
    index.unwrap_or_else(|| {
        let kind = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
        (StatusCode::NOT_FOUND, kind, NOT_BUILT).into_response()
    })
}

/// A file below `/assets/`. What is not there is never the page instead: a script that is none would fail worse.
pub(super) async fn asset(uri: Uri, headers: HeaderMap) -> Response {
    find(&PAGE, &uri, &headers).unwrap_or_else(|| ErrorAnswer::no_route().into_response())
}

/// An address that no route has: another file of the page, or one that the page itself reads.
pub(super) async fn elsewhere(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let found = matches!(method, Method::GET | Method::HEAD)
        .then(|| find(&PAGE, &uri, &headers).or_else(|| deep_link(&PAGE, &uri, &headers)));
    let found = found.flatten();
    found.unwrap_or_else(|| ErrorAnswer::no_route().into_response())
}

fn find(page: &Files, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let path = uri.path().strip_prefix('/')?;
    page.find(path).map(|file| answer(path, file, headers))
}

/// The page, for a browser that goes to an address of it.
fn deep_link(page: &Files, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let first = uri.path().split('/').nth(1)?;
    if OF_PROGRAMS.contains(&first) || !wants_page(headers) {
        return None;
    }
    page.find(INDEX).map(|file| answer(INDEX, file, headers))
}

/// Whether who asks shows pages. Scripts take anything, `*/*`, and are better told that nothing is there.
fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

fn answer(path: &str, file: &File, headers: &HeaderMap) -> Response {
    let form = file.form(|coding| accepts(headers, coding));
    let mut response = if has(headers, form) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        form.body.clone().into_response()
    };
    let kept = if path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    // With "not modified" too: browsers replace what they have kept by it, the policy included.
    let told = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, file.kind),
        (CACHE_CONTROL, kept),
        // Of a worker's script, it is the worker's.
        (CONTENT_SECURITY_POLICY, POLICY),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
        (PERMISSIONS_POLICY, NOT_ASKED_FOR),
        (VARY, "accept-encoding"),
    ] {
        told.insert(name, HeaderValue::from_static(value));
    }
    told.insert(ETAG, form.tag.clone());
    if let Some(coding) = form.coding {
        told.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

/// Whether the browser says that it has `form` already.
fn has(headers: &HeaderMap, form: &Form) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        // A proxy that packs an answer itself weakens the tag.
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag.as_bytes() == form.tag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Files {
        Files::new(&[
            ("index.html", b"<!doctype html>"),
            ("icon.svg", b"<svg/>"),
            ("assets/app-1a2b.js", b"let a;"),
        ])
    }

    fn sent(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    fn is_linked(path: &str, accept: &str) -> bool {
        let headers = sent(&[(ACCEPT, accept)]);
        deep_link(&page(), &path.parse().unwrap(), &headers).is_some()
    }

    #[test]
    fn a_browser_gets_the_page_at_any_address_that_is_not_of_programs() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for path in [
            "/plans/1",
            "/apiary",
            "/plans/api",
            "/a/b/c/",
            "/sign-in?next=%2F",
        ] {
            assert!(is_linked(path, browser), "{path}");
        }
        for path in [
            "/api/v1/nothing",
            "/assets/old.js",
            "/ws/a/b",
            "/docs/x",
            "/metrics/",
            "/health",
        ] {
            assert!(!is_linked(path, browser), "{path}");
        }
    }

    #[test]
    fn a_program_that_takes_anything_is_told_that_nothing_is_there() {
        assert!(is_linked("/plans", "application/json, TEXT/HTML;q=0.5"));
        for accept in ["*/*", "application/json", "", "text/htmlx", "text/*"] {
            assert!(!is_linked("/plans", accept), "{accept}");
        }
        assert!(deep_link(&page(), &Uri::from_static("/plans"), &HeaderMap::new()).is_none());
    }

    #[test]
    fn only_what_has_a_hash_in_its_name_is_kept_without_asking() {
        let kept = |path: &'static str| {
            let answer = find(&page(), &Uri::from_static(path), &HeaderMap::new()).unwrap();
            answer.headers()[CACHE_CONTROL].clone()
        };
        assert_eq!(
            kept("/assets/app-1a2b.js"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(kept("/index.html"), "no-cache");
        assert_eq!(kept("/icon.svg"), "no-cache");
    }

    #[test]
    fn not_modified_says_everything_but_the_content() {
        let page = page();
        let ask =
            |headers: &HeaderMap| find(&page, &Uri::from_static("/icon.svg"), headers).unwrap();
        let first = ask(&HeaderMap::new());
        let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"other\", {tag}"),
            "*".to_owned(),
        ] {
            let again = ask(&sent(&[(IF_NONE_MATCH, &known)]));
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            for name in [CONTENT_SECURITY_POLICY, CACHE_CONTROL, ETAG, VARY] {
                assert_eq!(again.headers()[&name], first.headers()[&name]);
            }
        }
        let again = ask(&sent(&[(IF_NONE_MATCH, "\"other\"")]));
        assert_eq!(again.status(), StatusCode::OK);
    }
}
