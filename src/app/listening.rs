//! The address that is listened on.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// Connections that the kernel completes before they are accepted; it takes 4,096 at most unless
/// told otherwise. Everybody who comes back after a restart comes at once, and whoever does not fit
/// tries again only after a second.
const COMING_AT_ONCE: u32 = 4_096;

pub(super) fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // An address that was served a moment ago can be served again.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(COMING_AT_ONCE)
}
