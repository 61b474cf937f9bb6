//! The Hocuspocus dialect: many documents on one socket, the document's address in front of every
//! message, and words for tokens, acknowledgements and control.

use std::sync::Arc;

use bytes::Bytes;

use crate::frame::{
    ClientMessage, HEADER_BYTES_MAX, ServerMessage, SyncStatus, kind, read_awareness, read_sync,
};
use crate::lib0::{DecodeError, Reader, write_var_string, write_var_uint};

/// The longest address, in bytes: a plan's id, or a draft's, and a provider's session id.
pub const ADDRESS_BYTES_MAX: usize = 512;

/// The address of no document: a stock provider opens it to have a control channel before any plan.
pub const CONTROL_ADDRESS: &str = "convene";

/// The whole frame by which the server asks a provider from version 4 on whether it lives.
///
/// An older provider would read it as the length of an address, so it goes only to clients that
/// sent a version; [`ServerMessage::Keepalive`] suits everybody.
pub const PING: Bytes = Bytes::from_static(&PING_FRAME);

const PING_FRAME: [u8; 1] = [9];
/// The whole frame that answers a ping.
pub const PONG_FRAME: [u8; 1] = [10];

const STATELESS: u64 = 5;
const CLOSE: u64 = 7;
const SYNC_STATUS: u64 = 8;
const PING_TYPE: u64 = 9;
const PONG_TYPE: u64 = 10;

const TOKEN: u64 = 0;
const PERMISSION_DENIED: u64 = 1;
const AUTHENTICATED: u64 = 2;

/// The address in front of a message: a document's name, and behind a NUL the provider's session
/// id when one socket opens the same document twice.
///
/// Replies carry it back unchanged, since a provider finds its document by the exact text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Arc<str>);

impl Address {
    /// Takes an address as it came; refused when its document is blank or it is longer than
    /// [`ADDRESS_BYTES_MAX`].
    pub fn parse(text: &str) -> Result<Self, DecodeError> {
        let document = text.split('\0').next().unwrap_or_default();
        if document.trim().is_empty() || text.len() > ADDRESS_BYTES_MAX {
            return Err(DecodeError::BadAddress);
        }
        Ok(Self(text.into()))
    }

    /// The address exactly as the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The document's name.
    pub fn document(&self) -> &str {
        self.0.split('\0').next().unwrap_or_default()
    }

    /// What tells two openings of one document on one socket apart, if the client said it.
    pub fn session_id(&self) -> Option<&str> {
        self.0.split_once('\0').map(|(_, session_id)| session_id)
    }
}

/// One binary frame of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFrame {
    /// A message about one document.
    Addressed {
        /// Where the answers go.
        address: Address,
        /// What it says.
        message: ClientMessage,
    },
    /// The answer to [`PING`].
    Pong,
    /// A ping of the client's own.
    Ping,
}

/// Reads one binary frame; payloads share its memory.
///
/// A frame holds one message. Bytes after it are refused, since dropping them could lose an edit;
/// only behind a token and its version are they let pass, where providers have grown fields before.
pub fn decode(frame: &Bytes) -> Result<ClientFrame, DecodeError> {
    if frame.is_empty() {
        return Err(DecodeError::Empty);
    } else if frame.as_ref() == PING_FRAME {
        return Ok(ClientFrame::Ping);
    } else if frame.as_ref() == PONG_FRAME {
        return Ok(ClientFrame::Pong);
    }
    let mut reader = Reader::new(frame);
    let address = Address::parse(reader.var_string()?)?;
    let message = decode_message(frame, &mut reader)?;
    reader.finish()?;
    Ok(ClientFrame::Addressed { address, message })
}

fn decode_message(frame: &Bytes, reader: &mut Reader<'_>) -> Result<ClientMessage, DecodeError> {
    match reader.var_uint()? {
        kind::SYNC => read_sync(frame, reader),
        kind::AWARENESS => read_awareness(frame, reader),
        kind::AUTH => read_auth(reader),
        kind::QUERY_AWARENESS => Ok(ClientMessage::QueryAwareness),
        STATELESS => Ok(ClientMessage::Stateless(reader.var_string()?.to_owned())),
        CLOSE => {
            // Some clients give the reason that only the server's CLOSE needs.
            if !reader.is_empty() {
                reader.var_string()?;
            }
            Ok(ClientMessage::Detach)
        }
        SYNC_STATUS => {
            reader.var_uint()?;
            Ok(ClientMessage::Ignored)
        }
        PING_TYPE => Ok(ClientMessage::Ignored),
        PONG_TYPE => Ok(ClientMessage::Pong),
        // 4 and 6 are said among servers and carry content, which ignoring them would lose.
        _ => Err(DecodeError::UnknownType),
    }
}

fn read_auth(reader: &mut Reader<'_>) -> Result<ClientMessage, DecodeError> {
    match reader.var_uint()? {
        TOKEN => {
            let token = reader.var_string()?.to_owned();
            let version = if reader.is_empty() {
                None
            } else {
                Some(reader.var_string()?.to_owned())
            };
            reader.take(reader.remaining())?;
            Ok(ClientMessage::Auth { token, version })
        }
        PERMISSION_DENIED | AUTHENTICATED => {
            reader.var_string()?;
            Ok(ClientMessage::Ignored)
        }
        _ => Err(DecodeError::UnknownType),
    }
}

/// Writes one message as a whole frame for `address`.
pub fn encode(address: &Address, message: &ServerMessage) -> Bytes {
    let mut out = start(address, HEADER_BYTES_MAX + message.payload().len());
    write_message(&mut out, message);
    out.into()
}

/// Puts `address` in front of a body made once for many sessions by [`ServerMessage::body`].
pub fn with_address(address: &Address, body: &[u8]) -> Bytes {
    let mut out = start(address, body.len());
    out.extend_from_slice(body);
    out.into()
}

fn start(address: &Address, then_bytes: usize) -> Vec<u8> {
    let address = address.as_str();
    let mut out = Vec::with_capacity(2 + address.len() + then_bytes);
    write_var_string(&mut out, address);
    out
}

fn write_message(out: &mut Vec<u8>, message: &ServerMessage) {
    match message {
        ServerMessage::Authenticated(scope) => {
            write_words(out, &[kind::AUTH, AUTHENTICATED]);
            write_var_string(out, scope.as_str());
        }
        ServerMessage::PermissionDenied(reason) => {
            write_words(out, &[kind::AUTH, PERMISSION_DENIED]);
            write_var_string(out, reason);
        }
        ServerMessage::AskToken => write_words(out, &[kind::AUTH, TOKEN]),
        ServerMessage::Stateless(payload) => {
            write_words(out, &[STATELESS]);
            write_var_string(out, payload);
        }
        ServerMessage::SyncStatus(SyncStatus::Applied) => write_words(out, &[SYNC_STATUS, 1]),
        ServerMessage::SyncStatus(SyncStatus::NotApplied) => write_words(out, &[SYNC_STATUS, 0]),
        ServerMessage::Close(reason) => {
            write_words(out, &[CLOSE]);
            write_var_string(out, reason);
        }
        ServerMessage::SyncStep1(_)
        | ServerMessage::SyncStep2(_)
        | ServerMessage::Update(_)
        | ServerMessage::Awareness(_)
        | ServerMessage::QueryAwareness
        | ServerMessage::Keepalive => {
            let shared = message.write_shared(out);
            debug_assert!(shared, "both dialects write these alike");
        }
    }
}

fn write_words(out: &mut Vec<u8>, words: &[u64]) {
    for word in words {
        write_var_uint(out, *word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn an_address_is_echoed_as_it_came() {
        let plain = address("plan1");
        assert_eq!((plain.document(), plain.session_id()), ("plan1", None));
        let aware = address("plan1\0vr8t8");
        assert_eq!(aware.as_str(), "plan1\0vr8t8");
        assert_eq!(
            (aware.document(), aware.session_id()),
            ("plan1", Some("vr8t8"))
        );
    }

    #[test]
    fn a_blank_or_overlong_address_is_refused() {
        for text in ["", "  ", "\0", " \0abc"] {
            assert_eq!(Address::parse(text), Err(DecodeError::BadAddress));
        }
        assert!(Address::parse(&"a".repeat(ADDRESS_BYTES_MAX)).is_ok());
        assert!(Address::parse(&"a".repeat(ADDRESS_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn providers_before_version_4_name_none() {
        let frame = Bytes::from_static(b"\x05plan1\x02\x00\x03tok");
        assert_eq!(
            decode(&frame),
            Ok(ClientFrame::Addressed {
                address: address("plan1"),
                message: ClientMessage::Auth {
                    token: "tok".into(),
                    version: None
                }
            })
        );
    }

    #[test]
    fn only_a_token_may_be_followed_by_what_we_do_not_know() {
        let token = Bytes::from_static(b"\x01p\x02\x00\x03tok\x055.0.0\x07");
        assert!(decode(&token).is_ok());
        let update = Bytes::from_static(b"\x01p\x00\x02\x02\x00\x00\x07");
        assert_eq!(decode(&update), Err(DecodeError::TrailingBytes));
    }

    #[test]
    fn ping_and_pong_are_whole_frames() {
        assert_eq!(decode(&PING), Ok(ClientFrame::Ping));
        assert_eq!(decode(&Bytes::from_static(&[10])), Ok(ClientFrame::Pong));
    }

    #[test]
    fn what_servers_tell_each_other_is_refused() {
        for kind in [4, 6] {
            let frame = Bytes::from(vec![1, b'p', kind, 0, 0]);
            assert_eq!(decode(&frame), Err(DecodeError::UnknownType));
        }
    }

    #[test]
    fn a_body_made_once_gets_each_sessions_address() {
        let message = ServerMessage::Update(Bytes::from_static(&[0, 0]));
        let body = message.body().unwrap();
        for text in ["plan1", "plan1\0abc"] {
            let address = address(text);
            assert_eq!(with_address(&address, &body), encode(&address, &message));
        }
    }
}
