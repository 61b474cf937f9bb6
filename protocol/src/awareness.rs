//! Awareness updates: who is in a document and what they look at.
//!
//! An update is a count and that many entries of client id, clock and state; a state is a JSON
//! object, or the text `null` for a client that has left.

use bytes::Bytes;
use serde::de::IgnoredAny;

use crate::lib0::{DecodeError, Reader, write_var_string, write_var_uint};

/// What stands for the state of a client that has left.
const LEFT: &str = "null";

/// An id, a clock and the length of a state: no entry is shorter.
const ENTRY_BYTES_MIN: usize = 3;

/// The most entries of one update. Stock y-websocket clients send everybody's, so it is far above
/// what a full plan holds; it bounds what a frame of nothing but entries costs to read.
pub const ENTRIES_MAX: usize = 65_536;

/// How deep the JSON of a state may be nested: what common parsers take.
pub const STATE_DEPTH_MAX: usize = 128;

/// What one client says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The client id of the document's replica, at most 2^53 - 1.
    pub client_id: u64,
    /// Grows with every change. JavaScript never shows an entry with clock 0.
    pub clock: u64,
    /// A JSON object, as written by the client; `None` when it has left.
    pub state: Option<&'a str>,
}

/// Reads an awareness update, without the length in front of it.
///
/// Every state is checked to be a JSON object nested at most [`STATE_DEPTH_MAX`] deep: one that is
/// not would make stock clients on Node deaf. How large a state may be is the caller's to decide.
pub fn decode(update: &[u8]) -> Result<Vec<Entry<'_>>, DecodeError> {
    let mut reader = Reader::new(update);
    let count = reader.count(ENTRY_BYTES_MIN)?;
    if count > ENTRIES_MAX {
        return Err(DecodeError::CountTooLarge);
    }
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        entries.push(Entry {
            client_id: reader.var_uint()?,
            clock: reader.var_uint()?,
            state: read_state(reader.var_string()?)?,
        });
    }
    reader.finish()?;
    Ok(entries)
}

fn read_state(text: &str) -> Result<Option<&str>, DecodeError> {
    if text == LEFT {
        return Ok(None);
    }
    let is_object = text.trim_start().starts_with('{')
        && is_json_nested_at_most(text, STATE_DEPTH_MAX)
        && serde_json::from_str::<IgnoredAny>(text).is_ok();
    is_object
        .then_some(Some(text))
        .ok_or(DecodeError::InvalidState)
}

/// Whether `text` opens at most `depth_max` brackets inside each other; whether it is JSON at all is
/// another question. A check of the grammar keeps no stack, so it takes any depth, and other clients'
/// parsers do not.
pub fn is_json_nested_at_most(text: &str, depth_max: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if in_text => {
                bytes.next();
            }
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > depth_max {
            return false;
        }
    }
    true
}

/// Writes an awareness update of client ids, clocks and states, without the length in front of it.
pub fn encode<'a>(entries: impl IntoIterator<Item = (u64, u64, Option<&'a str>)>) -> Bytes {
    let mut body = Vec::new();
    let mut count = 0;
    for (client_id, clock, state) in entries {
        write_var_uint(&mut body, client_id);
        write_var_uint(&mut body, clock);
        write_var_string(&mut body, state.unwrap_or(LEFT));
        count += 1;
    }
    let mut out = Vec::with_capacity(10 + body.len());
    write_var_uint(&mut out, count);
    out.extend_from_slice(&body);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(state: &str) -> Vec<u8> {
        let mut out = vec![1, 7, 1];
        write_var_string(&mut out, state);
        out
    }

    #[test]
    fn a_state_is_a_json_object_or_null() {
        for good in [
            "{}",
            " {\"a\":[1,2]}",
            r#"{"cut":"\ud83d"}"#,
            r#"{"quote":"\"{"}"#,
        ] {
            let update = one(good);
            assert_eq!(decode(&update).unwrap()[0].state, Some(good));
        }
        for bad in [
            "", "{bad", "[]", "1", "\"a\"", "{}{}", "nul", " null", "{'a':1}",
        ] {
            assert_eq!(decode(&one(bad)), Err(DecodeError::InvalidState), "{bad}");
        }
        assert_eq!(decode(&one("null")).unwrap()[0].state, None);
    }

    #[test]
    fn a_state_is_nested_at_most_128_deep() {
        let nested = |depth: usize| {
            let inner = depth - 1;
            format!("{{\"a\":{}0{}}}", "[".repeat(inner), "]".repeat(inner))
        };
        assert!(decode(&one(&nested(STATE_DEPTH_MAX))).is_ok());
        assert!(decode(&one(&nested(STATE_DEPTH_MAX + 1))).is_err());
        assert!(decode(&one(&nested(1_000_000))).is_err());
    }

    #[test]
    fn a_count_that_the_update_cannot_hold_is_refused() {
        let bomb = [0x80, 0x80, 0x80, 0x40, 1, 1, 0];
        assert_eq!(decode(&bomb), Err(DecodeError::CountTooLarge));
    }

    #[test]
    fn an_update_holds_at_most_65_536_entries() {
        let of = |count: usize| {
            let mut out = Vec::new();
            write_var_uint(&mut out, count as u64);
            out.extend([1, 1, 2, b'{', b'}'].repeat(count));
            out
        };
        assert_eq!(decode(&of(ENTRIES_MAX)).unwrap().len(), ENTRIES_MAX);
        assert_eq!(
            decode(&of(ENTRIES_MAX + 1)),
            Err(DecodeError::CountTooLarge)
        );
    }

    #[test]
    fn nothing_may_follow_the_last_entry() {
        let mut update = one("{}");
        update.push(0);
        assert_eq!(decode(&update), Err(DecodeError::TrailingBytes));
    }
}
