//! The y-websocket dialect: one document a socket, one message a frame, no words for tokens,
//! acknowledgements or control.

use bytes::Bytes;

use crate::frame::{
    ClientMessage, HEADER_BYTES_MAX, ServerMessage, kind, read_awareness, read_sync,
};
use crate::lib0::{DecodeError, Reader, write_var_string, write_var_uint};

/// The most messages one frame may carry. Stock providers up to 3.1 send one, later ones and other
/// clients pack a handful.
pub const MESSAGES_PER_FRAME_MAX: usize = 64;

const PERMISSION_DENIED: u64 = 0;

/// Reads every message of one binary frame; payloads share its memory.
///
/// An auth message (type 2) is the server's word alone: it comes out as [`ClientMessage::Ignored`].
/// One bad message spoils the frame, so a caller never acts on half of one.
pub fn decode(frame: &Bytes) -> Result<Vec<ClientMessage>, DecodeError> {
    if frame.is_empty() {
        return Err(DecodeError::Empty);
    }
    let mut reader = Reader::new(frame);
    let mut messages = Vec::with_capacity(1);
    while !reader.is_empty() {
        if messages.len() == MESSAGES_PER_FRAME_MAX {
            return Err(DecodeError::TooManyMessages);
        }
        messages.push(decode_one(frame, &mut reader)?);
    }
    Ok(messages)
}

fn decode_one(frame: &Bytes, reader: &mut Reader<'_>) -> Result<ClientMessage, DecodeError> {
    match reader.var_uint()? {
        kind::SYNC => read_sync(frame, reader),
        kind::AWARENESS => read_awareness(frame, reader),
        kind::AUTH => {
            // Denied carries a reason, granted nothing.
            if reader.var_uint()? == PERMISSION_DENIED {
                reader.var_string()?;
            }
            Ok(ClientMessage::Ignored)
        }
        kind::QUERY_AWARENESS => Ok(ClientMessage::QueryAwareness),
        _ => Err(DecodeError::UnknownType),
    }
}

/// Writes one message as a whole frame; `None` when this dialect has no word for it.
pub fn encode(message: &ServerMessage) -> Option<Bytes> {
    match message {
        ServerMessage::PermissionDenied(reason) => Some(permission_denied(reason)),
        ServerMessage::SyncStep1(_)
        | ServerMessage::SyncStep2(_)
        | ServerMessage::Update(_)
        | ServerMessage::Awareness(_)
        | ServerMessage::QueryAwareness
        | ServerMessage::Keepalive => message.body(),
        ServerMessage::Authenticated(_)
        | ServerMessage::AskToken
        | ServerMessage::Stateless(_)
        | ServerMessage::SyncStatus(_)
        | ServerMessage::Close(_) => None,
    }
}

fn permission_denied(reason: &str) -> Bytes {
    let mut out = Vec::with_capacity(HEADER_BYTES_MAX + reason.len());
    write_var_uint(&mut out, kind::AUTH);
    write_var_uint(&mut out, PERMISSION_DENIED);
    write_var_string(&mut out, reason);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_messages_of_a_frame_are_read() {
        let frame = Bytes::from_static(&[0, 0, 1, 0, 3, 1, 1, 0]);
        assert_eq!(
            decode(&frame),
            Ok(vec![
                ClientMessage::SyncStep1(Bytes::from_static(&[0])),
                ClientMessage::QueryAwareness,
                ClientMessage::Awareness(Bytes::from_static(&[0])),
            ])
        );
    }

    #[test]
    fn a_frame_holds_at_most_64_messages() {
        let full = Bytes::from(vec![3; MESSAGES_PER_FRAME_MAX]);
        assert_eq!(decode(&full).map(|messages| messages.len()), Ok(64));
        let over = Bytes::from(vec![3; MESSAGES_PER_FRAME_MAX + 1]);
        assert_eq!(decode(&over), Err(DecodeError::TooManyMessages));
    }

    #[test]
    fn payloads_share_the_memory_of_the_frame() {
        let frame = Bytes::from(vec![0, 2, 3, 7, 8, 9]);
        let messages = decode(&frame).unwrap();
        let Some(ClientMessage::Update(update)) = messages.first() else {
            panic!("not an update: {messages:?}");
        };
        assert_eq!(update.as_ptr(), frame[3..].as_ptr());
    }

    #[test]
    fn what_is_no_message_is_named() {
        for (bytes, error) in [
            (&[][..], DecodeError::Empty),
            (&[4], DecodeError::UnknownType),
            (&[0, 3, 0], DecodeError::UnknownType),
            (&[0, 0], DecodeError::UnexpectedEnd),
            (&[0, 2, 5, 1], DecodeError::CountTooLarge),
            (&[1, 0x80, 0x80, 0x80, 0x40], DecodeError::CountTooLarge),
            (&[0, 0, 1, 0, 0xff], DecodeError::UnexpectedEnd),
        ] {
            assert_eq!(decode(&Bytes::from_static(bytes)), Err(error), "{bytes:?}");
        }
    }

    #[test]
    fn the_servers_own_word_is_ignored_and_what_follows_is_read() {
        let frame = Bytes::from_static(&[2, 0, 2, b'n', b'o', 2, 1, 3]);
        assert_eq!(
            decode(&frame),
            Ok(vec![
                ClientMessage::Ignored,
                ClientMessage::Ignored,
                ClientMessage::QueryAwareness,
            ])
        );
    }
}
