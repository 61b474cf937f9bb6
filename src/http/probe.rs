//! Asks a running server for its health, as `convene health` does: a container's health check then
//! needs no other program in the image.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The address that says whether the server takes new work.
const HEALTH: &str = "/api/v1/health/";
/// How long the whole exchange may take; the answer needs nothing but the server itself.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// What is read of an answer; its first line is enough.
const ANSWER_BYTES_MAX: u64 = 16 << 10;

/// Why a server does not count as well.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// It cannot be reached.
    #[error("{address} cannot be asked: {source}")]
    Connection {
        /// Where it should be.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It takes connections and does not answer.
    #[error("{address} did not answer within {ANSWERS_WITHIN:?}")]
    Silent {
        /// Where it is.
        address: SocketAddr,
    },
    /// It answered something else than 200: it is stopping, or it is no convene.
    #[error("{address} answered {status:?}")]
    Unwell {
        /// Where it is.
        address: SocketAddr,
        /// The first line of the answer.
        status: String,
    },
}

/// Whether the server that listens on `listen` takes new work.
pub async fn ask_health(listen: SocketAddr) -> Result<(), ProbeError> {
    let address = SocketAddr::new(reachable(listen.ip()), listen.port());
    let status = tokio::time::timeout(ANSWERS_WITHIN, status_line(address))
        .await
        .map_err(|_| ProbeError::Silent { address })?
        .map_err(|source| ProbeError::Connection { address, source })?;
    if status.starts_with("HTTP/1.1 200 ") {
        Ok(())
    } else {
        Err(ProbeError::Unwell { address, status })
    }
}

/// Where a server that listens on `ip` is asked: one that listens everywhere, on this machine.
pub(crate) fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(any) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(any) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) | IpAddr::V6(_) => ip,
    }
}

async fn status_line(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {HEALTH} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream
        .take(ANSWER_BYTES_MAX)
        .read_to_end(&mut answer)
        .await?;
    let text = String::from_utf8_lossy(&answer);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_asked_on_this_machine() {
        for (listens, asked) in [
            ("0.0.0.0", "127.0.0.1"),
            ("::", "::1"),
            ("10.1.2.3", "10.1.2.3"),
        ] {
            assert_eq!(reachable(listens.parse().unwrap()).to_string(), asked);
        }
    }
}
