//! What a client and the server say to each other about one document, whatever the dialect.
//!
//! [`crate::ywebsocket`] and [`crate::hocuspocus`] write these as bytes. Sync and presence are the
//! same bytes in both, so a room encodes them once with [`ServerMessage::body`].

use bytes::Bytes;

use crate::lib0::{DecodeError, Reader, write_var_bytes, write_var_uint};

/// Message types that both dialects share.
pub(crate) mod kind {
    pub(crate) const SYNC: u64 = 0;
    pub(crate) const AWARENESS: u64 = 1;
    pub(crate) const AUTH: u64 = 2;
    pub(crate) const QUERY_AWARENESS: u64 = 3;
}

const STEP_1: u64 = 0;
const STEP_2: u64 = 1;
const UPDATE: u64 = 2;

/// What a client says about one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    /// "This is what I have": a state vector. The server answers with a step 2.
    SyncStep1(Bytes),
    /// What the server lacked: an update in the v1 encoding, often with nothing new in it.
    SyncStep2(Bytes),
    /// A local edit: an update in the v1 encoding.
    Update(Bytes),
    /// Presence entries, without the length in front; read them with [`crate::awareness::decode`].
    Awareness(Bytes),
    /// Asks for everybody's presence.
    QueryAwareness,
    /// The access token; Hocuspocus only.
    Auth {
        /// The token as the client was given it.
        token: String,
        /// The provider's version; providers before 4 send none.
        version: Option<String>,
    },
    /// A text beside the document: a control request; Hocuspocus only.
    Stateless(String),
    /// The client leaves this document and keeps the socket; Hocuspocus only.
    Detach,
    /// An answer to a ping that carries an address. Stock providers send it without one.
    Pong,
    /// A word that only a server has a use for and that carries nothing that could be lost.
    Ignored,
}

/// What the server says about one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    /// "This is what I have": a state vector. The client answers with a step 2.
    SyncStep1(Bytes),
    /// What the client lacked: an update in the v1 encoding.
    SyncStep2(Bytes),
    /// Committed edits: an update in the v1 encoding.
    Update(Bytes),
    /// Presence entries, without the length in front.
    Awareness(Bytes),
    /// Asks the client for its own presence: for one whose provider does not say by itself that it
    /// is still there.
    QueryAwareness,
    /// The token is good. Comes before any sync; Hocuspocus only.
    Authenticated(Scope),
    /// The document is refused, with the reason. The socket stays open.
    PermissionDenied(String),
    /// Asks for a fresh token within the session; Hocuspocus only.
    AskToken,
    /// A text beside the document: a control answer or notification; Hocuspocus only.
    Stateless(String),
    /// The answer to one update or step 2 of this client; Hocuspocus only.
    SyncStatus(SyncStatus),
    /// The server is done with this document, with the reason; Hocuspocus only.
    Close(String),
    /// Presence of nobody: changes nothing and shows a stock client that the server lives.
    Keepalive,
}

/// What a session may do to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Read and change it.
    ReadWrite,
    /// Read it.
    ReadOnly,
}

impl Scope {
    /// The scope as Hocuspocus spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "readonly",
        }
    }
}

/// What became of one update or step 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncStatus {
    /// It is committed, or held nothing new.
    Applied,
    /// It was refused.
    NotApplied,
}

impl ServerMessage {
    /// The bytes of a message that both dialects write alike: in y-websocket the whole frame, in
    /// Hocuspocus what follows the address. `None` for messages on which they differ.
    pub fn body(&self) -> Option<Bytes> {
        let mut out = Vec::with_capacity(HEADER_BYTES_MAX + self.payload().len());
        self.write_shared(&mut out).then(|| out.into())
    }

    /// Appends [`ServerMessage::body`]; `false`, and nothing appended, where the dialects differ.
    pub(crate) fn write_shared(&self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::SyncStep1(state_vector) => write_sync(out, STEP_1, state_vector),
            Self::SyncStep2(update) => write_sync(out, STEP_2, update),
            Self::Update(update) => write_sync(out, UPDATE, update),
            Self::Awareness(entries) => write_awareness(out, entries),
            Self::QueryAwareness => write_var_uint(out, kind::QUERY_AWARENESS),
            Self::Keepalive => write_awareness(out, NOBODY),
            Self::Authenticated(_)
            | Self::PermissionDenied(_)
            | Self::AskToken
            | Self::Stateless(_)
            | Self::SyncStatus(_)
            | Self::Close(_) => return false,
        }
        true
    }

    /// The bytes this message carries, to size its buffer.
    pub(crate) fn payload(&self) -> &[u8] {
        match self {
            Self::SyncStep1(bytes)
            | Self::SyncStep2(bytes)
            | Self::Update(bytes)
            | Self::Awareness(bytes) => bytes,
            Self::PermissionDenied(text) | Self::Stateless(text) | Self::Close(text) => {
                text.as_bytes()
            }
            Self::Authenticated(scope) => scope.as_str().as_bytes(),
            Self::AskToken | Self::QueryAwareness | Self::SyncStatus(_) | Self::Keepalive => &[],
        }
    }
}

/// An awareness update of no entries.
const NOBODY: &[u8] = &[0];

/// Room for a message type, a sync step and a length.
pub(crate) const HEADER_BYTES_MAX: usize = 12;

fn write_sync(out: &mut Vec<u8>, step: u64, payload: &[u8]) {
    write_var_uint(out, kind::SYNC);
    write_var_uint(out, step);
    write_var_bytes(out, payload);
}

fn write_awareness(out: &mut Vec<u8>, entries: &[u8]) {
    write_var_uint(out, kind::AWARENESS);
    write_var_bytes(out, entries);
}

/// Reads what follows the message type of a sync message; the payload shares `frame`'s memory.
pub(crate) fn read_sync(
    frame: &Bytes,
    reader: &mut Reader<'_>,
) -> Result<ClientMessage, DecodeError> {
    let step = reader.var_uint()?;
    let payload = reader.var_bytes()?;
    match step {
        STEP_1 => Ok(ClientMessage::SyncStep1(frame.slice_ref(payload))),
        STEP_2 => Ok(ClientMessage::SyncStep2(frame.slice_ref(payload))),
        UPDATE => Ok(ClientMessage::Update(frame.slice_ref(payload))),
        _ => Err(DecodeError::UnknownType),
    }
}

/// Reads what follows the message type of a presence message; the entries share `frame`'s memory.
pub(crate) fn read_awareness(
    frame: &Bytes,
    reader: &mut Reader<'_>,
) -> Result<ClientMessage, DecodeError> {
    Ok(ClientMessage::Awareness(
        frame.slice_ref(reader.var_bytes()?),
    ))
}
