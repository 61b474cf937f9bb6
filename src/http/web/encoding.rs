//! Which codings of content a browser takes, by its `Accept-Encoding`.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;

/// Whether who sent `headers` takes content coded with `coding`. Weights order nothing here: a coding is taken or not.
pub(super) fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let mut any = false;
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    for choice in values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
    {
        let mut parts = choice.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let taken = !parts.any(is_refusal);
        if name.eq_ignore_ascii_case(coding) {
            return taken;
        }
        any |= name == "*" && taken;
    }
    any
}

/// A weight of zero, with up to three decimals: `q=0`, `q=0.000`.
fn is_refusal(parameter: &str) -> bool {
    let Some((name, weight)) = parameter.split_once('=') else {
        return false;
    };
    name.trim().eq_ignore_ascii_case("q")
        && weight
            .trim()
            .bytes()
            .all(|byte| matches!(byte, b'0' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(header: &str, coding: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, header.parse().unwrap());
        accepts(&headers, coding)
    }

    #[test]
    fn a_coding_is_taken_when_it_is_named_or_all_are() {
        assert!(takes("gzip, deflate, br, zstd", "br"));
        assert!(takes("GZIP;q=0.1", "gzip"));
        assert!(takes("*", "br"));
        assert!(takes("*;q=0, gzip", "gzip"));
        assert!(!takes("gzip", "br"));
        assert!(!takes("", "gzip"));
        assert!(!takes("x-br", "br"));
    }

    #[test]
    fn a_weight_of_zero_refuses() {
        for refusal in [
            "br;q=0",
            "br; q=0.000",
            "br ;Q=0.",
            "br;q=0, *",
            "*, br;q=0",
        ] {
            assert!(!takes(refusal, "br"), "{refusal}");
        }
        assert!(!takes("*;q=0", "br"));
        assert!(takes("br;q=0.001", "br"));
    }

    #[test]
    fn several_headers_are_one_list_and_nothing_is_refused_for_being_odd() {
        let mut headers = HeaderMap::new();
        assert!(!accepts(&headers, "gzip"));
        for value in ["identity", ";;=,,", "gzip"] {
            headers.append(ACCEPT_ENCODING, value.parse().unwrap());
        }
        assert!(accepts(&headers, "gzip"));
    }
}
