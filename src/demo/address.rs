//! Where a server is, as people write it: `http://host:port`, or `ws://host:port/ws` as clients take it.

use std::fmt;
use std::net::SocketAddr;

use axum::http::Uri;
use tokio::net::TcpStream;

use super::DemoError;
use crate::http::probe::reachable;

/// The port of an address that names none.
const PORT: u16 = 80;

/// Where a server is reached, without TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Host and port, as `127.0.0.1:8080`.
    authority: String,
}

/// An address that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    /// It is none.
    #[error(
        "is no address of a server: write it as http://127.0.0.1:8080 or ws://127.0.0.1:8080/ws"
    )]
    Unreadable,
    /// It needs TLS.
    #[error(
        "needs TLS, which this command does not speak: run it where the server is, with the address that it listens on"
    )]
    Tls,
}

impl Address {
    /// The server that listens on `listen`; one that listens everywhere is asked on this machine.
    pub fn of_listener(listen: SocketAddr) -> Self {
        let address = SocketAddr::new(reachable(listen.ip()), listen.port());
        Self {
            authority: address.to_string(),
        }
    }

    /// Reads what somebody wrote.
    pub fn parse(text: &str) -> Result<Self, NoAddress> {
        let uri: Uri = text.trim().parse().map_err(|_| NoAddress::Unreadable)?;
        match uri.scheme_str() {
            Some("http" | "ws") => {}
            Some("https" | "wss") => return Err(NoAddress::Tls),
            Some(_) | None => return Err(NoAddress::Unreadable),
        }
        let is_whole = matches!(uri.path(), "" | "/" | "/ws" | "/ws/") && uri.query().is_none();
        let authority = uri.authority().ok_or(NoAddress::Unreadable)?;
        if !is_whole || authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(NoAddress::Unreadable);
        }
        let behind = authority.as_str().strip_prefix(authority.host());
        let port = match behind.and_then(|it| it.strip_prefix(':')) {
            Some(port) => port.parse().map_err(|_| NoAddress::Unreadable)?,
            None => PORT,
        };
        Ok(Self {
            authority: format!("{}:{port}", authority.host()),
        })
    }

    /// Host and port, as the header of a request names them.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The address of its sockets, as clients take it.
    pub(super) fn sockets(&self) -> String {
        format!("ws://{}/ws", self.authority)
    }

    /// A connection to it.
    pub(super) async fn connect(&self) -> Result<TcpStream, DemoError> {
        let stream = TcpStream::connect(&self.authority).await;
        stream.map_err(|why| DemoError::NoServer {
            address: self.clone(),
            why,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_pages_and_as_clients_write_it() {
        for (text, read) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            (" ws://localhost:9000/ws ", "http://localhost:9000"),
            ("HTTP://plans.example/", "http://plans.example:80"),
            ("ws://[::1]:8080/ws/", "http://[::1]:8080"),
        ] {
            assert_eq!(Address::parse(text).unwrap().to_string(), read, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "127.0.0.1:8080",
            "localhost",
            "ftp://localhost",
            "http://",
            "http://ada:secret@localhost",
            "http://localhost/plans",
            "http://localhost/?a=b",
            "http://localhost:99999",
        ] {
            assert_eq!(Address::parse(text), Err(NoAddress::Unreadable), "{text}");
        }
        assert_eq!(
            Address::parse("wss://plans.example/ws"),
            Err(NoAddress::Tls)
        );
    }

    #[test]
    fn a_server_on_every_address_is_asked_on_this_machine() {
        let address = Address::of_listener("0.0.0.0:8080".parse().unwrap());
        assert_eq!(address.sockets(), "ws://127.0.0.1:8080/ws");
    }
}
