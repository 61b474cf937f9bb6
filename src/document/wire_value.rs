//! Plain values inside an update: lib0's own encoding, and JSON in embeds and formats.

use convene_protocol::awareness::is_json_nested_at_most;
use convene_protocol::lib0::Reader;

use super::Refusal;
use super::wire_read::{canonical, read_bytes, read_string};

/// How deep a value may be nested; readers of documents recurse once a level.
const DEPTH_MAX: usize = 32;

/// Passes over one value.
pub(super) fn skip_value(reader: &mut Reader<'_>, depth: usize) -> Result<(), Refusal> {
    if depth > DEPTH_MAX {
        return Err(Refusal::TooLarge("how deep a value is nested"));
    }
    match reader.byte()? {
        // undefined, null, false, true
        127 | 126 | 121 | 120 => {}
        125 => skip_signed(reader)?,
        124 => {
            reader.take(4)?;
        }
        123 | 122 => {
            reader.take(8)?;
        }
        119 => {
            read_string(reader)?;
        }
        118 => {
            // A key and a value: two bytes at least.
            for _ in 0..count(reader, 2)? {
                read_string(reader)?;
                skip_value(reader, depth + 1)?;
            }
        }
        117 => {
            for _ in 0..count(reader, 1)? {
                skip_value(reader, depth + 1)?;
            }
        }
        116 => {
            read_bytes(reader)?;
        }
        _ => return Err(Refusal::Malformed("an unknown kind of value")),
    }
    Ok(())
}

fn count(reader: &mut Reader<'_>, bytes_each: u64) -> Result<u64, Refusal> {
    let count = canonical(reader)?;
    if count <= reader.remaining() as u64 / bytes_each {
        Ok(count)
    } else {
        Err(Refusal::Malformed(
            "a declared count is larger than the update",
        ))
    }
}

/// A signed integer: its size is checked by whoever reads its value.
fn skip_signed(reader: &mut Reader<'_>) -> Result<(), Refusal> {
    for _ in 0..10 {
        if reader.byte()? & 0x80 == 0 {
            return Ok(());
        }
    }
    Err(Refusal::Malformed(
        "an integer is longer than it needs to be",
    ))
}

/// Bounds how deep `json` is nested. Whether it is JSON at all is found when it is decoded.
pub(super) fn check_json(json: &str) -> Result<(), Refusal> {
    if is_json_nested_at_most(json, DEPTH_MAX) {
        Ok(())
    } else {
        Err(Refusal::TooLarge("how deep a value is nested"))
    }
}
