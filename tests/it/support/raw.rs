//! A WebSocket without a client library, for frames that no library sends.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::server::Server;
use super::until::SOON;

/// One socket.
pub(crate) struct RawSocket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What a socket received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Binary(Vec<u8>),
    Text(String),
    /// The close code, 1006 for a connection that ended without one, and the reason.
    Closed(u16, String),
}

impl RawSocket {
    pub(crate) async fn open(url: &str) -> Self {
        Self::open_with(url, &[])
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    /// Opens a socket with these headers, or says how the upgrade was refused.
    pub(crate) async fn open_with(url: &str, headers: &[(&str, &str)]) -> Result<Self, Error> {
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a header's name");
            request
                .headers_mut()
                .append(name, HeaderValue::from_str(value).expect("its value"));
        }
        connect_async(request).await.map(|(socket, _)| Self(socket))
    }

    /// A socket of the y-websocket dialect on `plan`.
    pub(crate) async fn ywebsocket(server: &Server, plan: &str, token: &str) -> Self {
        Self::open(&format!("{}/{plan}?token={token}", server.ws_url())).await
    }

    /// A socket of the Hocuspocus dialect with `plan` open.
    pub(crate) async fn hocuspocus(server: &Server, plan: &str, token: &str) -> Self {
        let mut socket = Self::open(&server.ws_url()).await;
        socket.send(&hocuspocus_token(plan, token)).await;
        socket
            .frame("Authenticated", |frame| {
                frame.starts_with(&addressed(plan, &[2, 2]))
            })
            .await;
        socket
    }

    pub(crate) async fn send(&mut self, frame: &[u8]) {
        self.try_send(Message::binary(frame.to_vec())).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.try_send(Message::text(text)).await;
    }

    /// A server that has closed meanwhile is no failure: what it said is still to be read.
    async fn try_send(&mut self, message: Message) {
        let sent = tokio::time::timeout(SOON, self.0.send(message)).await;
        sent.expect("the server takes a frame").ok();
    }

    /// The next message; pings and pongs are not.
    pub(crate) async fn next(&mut self, within: Duration) -> Option<Received> {
        let received = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Binary(frame))) => return Received::Binary(frame.to_vec()),
                    Some(Ok(Message::Text(text))) => return Received::Text(text.to_string()),
                    Some(Ok(Message::Close(Some(close)))) => {
                        return Received::Closed(close.code.into(), close.reason.to_string());
                    }
                    Some(Ok(Message::Close(None))) => return Received::Closed(1005, String::new()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                    Some(Err(error)) => return Received::Closed(1006, error.to_string()),
                    None => return Received::Closed(1006, String::new()),
                }
            }
        };
        tokio::time::timeout(within, received).await.ok()
    }

    /// The next binary frame for which `is_it` holds; others are passed over.
    pub(crate) async fn frame(&mut self, what: &str, is_it: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        loop {
            match self.next(SOON).await {
                Some(Received::Binary(frame)) if is_it(&frame) => return frame,
                Some(Received::Binary(_) | Received::Text(_)) => {}
                other => panic!("waiting for {what}, there came {other:?}"),
            }
        }
    }

    /// The next text frame.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.next(SOON).await {
                Some(Received::Text(text)) => return text,
                Some(Received::Binary(_)) => {}
                other => panic!("waiting for a text, there came {other:?}"),
            }
        }
    }

    /// Reads on until the server closes; gives back the code.
    pub(crate) async fn closed(&mut self, within: Duration) -> u16 {
        loop {
            match self.next(within).await {
                Some(Received::Closed(code, _)) => return code,
                Some(_) => {}
                None => panic!("the server did not close within {within:?}"),
            }
        }
    }
}

/// An unsigned number as lib0 writes it.
pub(crate) fn var_uint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number > 127 {
        out.push(128 | u8::try_from(number & 127).expect("seven bits"));
        number >>= 7;
    }
    out.push(u8::try_from(number).expect("seven bits"));
    out
}

/// Bytes, or a text, with their length in front.
pub(crate) fn var_bytes(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let mut out = var_uint(bytes.len() as u64);
    out.extend_from_slice(bytes);
    out
}

/// A Hocuspocus frame: the address in front of a message.
pub(crate) fn addressed(address: &str, message: &[u8]) -> Vec<u8> {
    [var_bytes(address), message.to_vec()].concat()
}

/// The Hocuspocus frame with which a provider of version 4 shows its token.
pub(crate) fn hocuspocus_token(address: &str, token: &str) -> Vec<u8> {
    addressed(
        address,
        &[vec![2, 0], var_bytes(token), var_bytes("4.8.0")].concat(),
    )
}

/// The message that carries an update.
pub(crate) fn update_message(update: &[u8]) -> Vec<u8> {
    [vec![0, 2], var_bytes(update)].concat()
}

/// Bytes written as hexadecimal digits; blanks do not matter.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| u8::try_from(c.to_digit(16).expect("a hexadecimal digit")).expect("below 16"))
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// Bytes as hexadecimal digits.
pub(crate) fn digits(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes more text");
        text
    })
}
