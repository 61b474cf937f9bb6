//! Which pages may open a socket: browsers do not apply CORS to `WebSocket`s, so the server must.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Whether the page that asks for an upgrade may have it.
///
/// Browsers always name their page's origin. Programs name none and bring their token explicitly,
/// never in a cookie, so a missing origin is let through; an opaque one (`null`) is not.
pub fn is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else {
        return true;
    };
    if origins.next().is_some() {
        return false;
    }
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    allowed.iter().any(|one| one.eq_ignore_ascii_case(origin)) || is_own(headers, origin)
}

/// The page was served by this host. TLS may end at a proxy, so either scheme counts.
fn is_own(headers: &HeaderMap, origin: &str) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    ["http://", "https://"]
        .iter()
        .filter_map(|scheme| origin.strip_prefix(scheme))
        .any(|authority| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "plans.example:8080".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_page_of_this_host_or_of_the_list_may_connect() {
        let allowed = ["https://app.example".to_owned()];
        for (origin, is) in [
            (None, true),
            (Some("http://plans.example:8080"), true),
            (Some("https://app.example"), true),
            (Some("https://app.example.evil.example"), false),
            (Some("https://evil.example"), false),
            (Some("http://plans.example"), false),
            (Some("null"), false),
            (Some(""), false),
        ] {
            assert_eq!(is_allowed(&headers(origin), &allowed), is, "{origin:?}");
        }
    }

    #[test]
    fn two_origins_are_none() {
        let mut headers = headers(Some("http://plans.example:8080"));
        headers.append(ORIGIN, "https://evil.example".parse().unwrap());
        assert!(!is_allowed(&headers, &[]));
    }
}
