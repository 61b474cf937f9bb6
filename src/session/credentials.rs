//! Where a token may stand in an upgrade request.
//!
//! Stock providers can only set the query; programs can set a header; browsers that want no token
//! in a URL offer it as a subprotocol beside `convene`.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use percent_encoding::percent_decode_str;

/// The subprotocol the server selects when a client offers any of ours.
pub const SUBPROTOCOL: &str = "convene";
/// What stands before a token that is offered as a subprotocol.
pub const TOKEN_SUBPROTOCOL: &str = "convene.token.";

/// The access token of an upgrade: from the `Authorization` header, else from a subprotocol, else
/// from `?token=`.
pub fn token(headers: &HeaderMap, query: Option<&str>) -> Option<String> {
    bearer(headers)
        .or_else(|| subprotocol(headers))
        .or_else(|| from_query(query?))
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

fn subprotocol(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|offer| offer.trim().strip_prefix(TOKEN_SUBPROTOCOL))
        .map(str::to_owned)
}

fn from_query(query: &str) -> Option<String> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("token="))
        .and_then(|value| percent_decode_str(value).decode_utf8().ok())
        .map(std::borrow::Cow::into_owned)
        .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_all_three_places() {
        let mut headers = HeaderMap::new();
        assert_eq!(token(&headers, None), None);
        assert_eq!(
            token(&headers, Some("a=1&token=x%2Ey")).as_deref(),
            Some("x.y")
        );
        assert_eq!(token(&headers, Some("token=")), None);
        headers.insert(
            SEC_WEBSOCKET_PROTOCOL,
            "convene, convene.token.sub".parse().unwrap(),
        );
        assert_eq!(token(&headers, Some("token=q")).as_deref(), Some("sub"));
        headers.insert(AUTHORIZATION, "Bearer head".parse().unwrap());
        assert_eq!(token(&headers, Some("token=q")).as_deref(), Some("head"));
    }
}
