//! Where a request came from: the client's address and scheme, with proxies believed only when the
//! operator trusts them.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::config::DoorConfig;

/// The address of the client itself, as far as trusted proxies tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// How the client reached the outermost trusted proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // The layers put it there; without them nothing is known.
        Ok(parts
            .extensions
            .get()
            .copied()
            .unwrap_or(Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

/// The address of the socket the request arrived on.
pub(crate) fn peer(parts: &Parts) -> IpAddr {
    parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| {
            info.0.ip().to_canonical()
        })
}

/// The rightmost address of `X-Forwarded-For` that is not a trusted proxy's, if `peer` is one.
pub(crate) fn client_address(
    peer: IpAddr,
    headers: &HeaderMap,
    door: &DoorConfig,
) -> ClientAddress {
    if !door.trusts(peer) {
        return ClientAddress(peer);
    }
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut nearest = peer;
    for hop in hops.into_iter().rev() {
        // What is left of something unreadable cannot be believed either.
        let Some(address) = parse_hop(hop.trim()) else {
            break;
        };
        nearest = address;
        if !door.trusts(address) {
            break;
        }
    }
    ClientAddress(nearest)
}

/// An address, alone or with a port, as proxies write it.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(text)
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()))
        .map(|address| address.to_canonical())
        .ok()
}

/// The last value of `X-Forwarded-Proto`, if `peer` is a trusted proxy; this server itself never
/// speaks TLS.
pub(crate) fn scheme(peer: IpAddr, headers: &HeaderMap, door: &DoorConfig) -> Scheme {
    let last = headers
        .get_all("x-forwarded-proto")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit(',').next());
    match last {
        Some(word) if door.trusts(peer) && word.trim().eq_ignore_ascii_case("https") => {
            Scheme::Https
        }
        Some(_) | None => Scheme::Http,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> DoorConfig {
        DoorConfig {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
            ..DoorConfig::default()
        }
    }

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, &door())
            .0
            .to_string()
    }

    #[test]
    fn nobody_but_a_trusted_proxy_is_believed() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn what_a_client_wrote_itself_does_not_count() {
        assert_eq!(
            client("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(
            client("10.0.0.1", &["1.2.3.4", "198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(client("10.0.0.1", &["1.2.3.4, nonsense"]), "10.0.0.1");
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        assert_eq!(client("10.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client("fd00::1", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn the_scheme_is_the_trusted_proxys_word() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-proto", "https".parse().unwrap());
        let proxy = "10.0.0.1".parse().unwrap();
        assert_eq!(scheme(proxy, &headers, &door()), Scheme::Https);
        let stranger = "203.0.113.9".parse().unwrap();
        assert_eq!(scheme(stranger, &headers, &door()), Scheme::Http);
        assert_eq!(scheme(proxy, &HeaderMap::new(), &door()), Scheme::Http);
    }
}
