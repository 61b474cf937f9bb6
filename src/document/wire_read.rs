//! Reads the structure of an update from its bytes, and believes no number in them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use convene_protocol::lib0::{MAX_SAFE_INTEGER, Reader};

use super::wire::{Body, Content, Deletes, Id, Item, Parent, Section, Struct, TypeKind};
use super::wire_value::{check_json, skip_value};
use super::{ClientId, Refusal};

/// Clocks end here, so that no sum of two overflows what yrs and yjs count in.
pub(super) const CLOCK_MAX: u32 = (1 << 31) - 1;
/// A section is at least a count, a client, a clock and one struct.
const SECTION_BYTES_MIN: usize = 5;
/// The shortest struct is a collected range.
const STRUCT_BYTES_MIN: usize = 2;

const HAS_ORIGIN: u8 = 0x80;
const HAS_RIGHT_ORIGIN: u8 = 0x40;
const HAS_KEY: u8 = 0x20;
/// The bits of the content's kind; 16 and above is no kind, though yrs would not look.
const KIND: u8 = 0x1f;

pub(super) fn read_sections<'a>(reader: &mut Reader<'a>) -> Result<Vec<Section<'a>>, Refusal> {
    let count = reader.count(SECTION_BYTES_MIN)?;
    let mut sections = Vec::with_capacity(count);
    let mut seen = HashSet::with_capacity(count);
    for _ in 0..count {
        let structs = usize_from(canonical(reader)?)?;
        let client = read_client(reader)?;
        let start = read_clock(reader)?;
        if structs == 0 {
            return Err(Refusal::Malformed("a client without structs"));
        }
        if structs > reader.remaining() / STRUCT_BYTES_MIN {
            return Err(Refusal::Malformed(
                "a declared count is larger than the update",
            ));
        }
        if !seen.insert(client) {
            return Err(Refusal::Malformed("a client is there twice"));
        }
        let first = reader.rest();
        let mut end = start;
        for _ in 0..structs {
            end = clock_after(end, read_struct(reader)?.len)?;
        }
        let (structs_bytes, _) = first
            .split_at_checked(first.len() - reader.remaining())
            .ok_or(Refusal::Malformed("it ends in the middle of a value"))?;
        sections.push(Section {
            client,
            start,
            end,
            count: structs,
            structs: structs_bytes,
        });
    }
    Ok(sections)
}

/// The deletions, and where in them each client is.
pub(super) fn read_deletes(
    reader: &mut Reader<'_>,
) -> Result<(Vec<Deletes>, HashMap<ClientId, usize>), Refusal> {
    // A client, a count and one range of two integers.
    let count = reader.count(4)?;
    let mut deletes = Vec::with_capacity(count);
    let mut places = HashMap::with_capacity(count);
    for place in 0..count {
        let client = read_client(reader)?;
        match places.entry(client) {
            Entry::Vacant(entry) => entry.insert(place),
            Entry::Occupied(_) => {
                return Err(Refusal::Malformed("a client's deletions are there twice"));
            }
        };
        let ranges = usize_from(canonical(reader)?)?;
        if ranges > reader.remaining() / 2 {
            return Err(Refusal::Malformed(
                "a declared count is larger than the update",
            ));
        }
        let mut read = Vec::with_capacity(ranges);
        let mut after = 0;
        for _ in 0..ranges {
            let start = read_clock(reader)?;
            let end = clock_after(start, read_clock(reader)?)?;
            if start < after || end == start {
                return Err(Refusal::Malformed(
                    "deleted ranges are empty or out of order",
                ));
            }
            after = end;
            read.push((start, end));
        }
        deletes.push(Deletes {
            client,
            ranges: read,
        });
    }
    Ok((deletes, places))
}

pub(super) fn read_struct<'a>(reader: &mut Reader<'a>) -> Result<Struct<'a>, Refusal> {
    let info = reader.byte()?;
    if info == 0 {
        return Ok(Struct {
            len: read_len(reader)?,
            body: Body::Collected,
        });
    }
    let origin = if info & HAS_ORIGIN == 0 {
        None
    } else {
        Some(read_id(reader)?)
    };
    let right_origin = if info & HAS_RIGHT_ORIGIN == 0 {
        None
    } else {
        Some(read_id(reader)?)
    };
    let (mut parent, mut key) = (None, None);
    if origin.is_none() && right_origin.is_none() {
        parent = Some(read_parent(reader)?);
        if info & HAS_KEY != 0 {
            key = Some(read_string(reader)?);
        }
    }
    let (content, len) = read_content(reader, info & KIND)?;
    let item = Item {
        origin,
        right_origin,
        parent,
        key,
        is_keyed: info & HAS_KEY != 0,
        content,
    };
    Ok(Struct {
        len,
        body: Body::Item(item),
    })
}

fn read_parent<'a>(reader: &mut Reader<'a>) -> Result<Parent<'a>, Refusal> {
    match reader.byte()? {
        1 => Ok(Parent::Root(read_string(reader)?)),
        0 => Ok(Parent::Item(read_id(reader)?)),
        _ => Err(Refusal::Malformed("a parent is neither a root nor an item")),
    }
}

fn read_content<'a>(reader: &mut Reader<'a>, kind: u8) -> Result<(Content<'a>, u32), Refusal> {
    Ok(match kind {
        1 => (Content::Deleted, read_len(reader)?),
        3 => (Content::Binary(read_bytes(reader)?), 1),
        4 => {
            let text = read_string(reader)?;
            (Content::Text(text), utf16_len(text)?)
        }
        5 => {
            let value = read_string(reader)?;
            check_json(value)?;
            (Content::Embed(value), 1)
        }
        6 => {
            let key = read_string(reader)?;
            let value = read_string(reader)?;
            check_json(value)?;
            (Content::Format { key, value }, 1)
        }
        7 => {
            let (kind, name) = read_type(reader)?;
            (Content::Type { kind, name }, 1)
        }
        8 => {
            let count = read_len(reader)?;
            let first = reader.rest();
            for _ in 0..count {
                skip_value(reader, 0)?;
            }
            let (bytes, _) = first
                .split_at_checked(first.len() - reader.remaining())
                .ok_or(Refusal::Malformed("it ends in the middle of a value"))?;
            (Content::Values(bytes), count)
        }
        2 => {
            return Err(Refusal::Malformed(
                "content in the JSON encoding of Yjs 12 and older",
            ));
        }
        9 => return Err(Refusal::Malformed("a document inside the document")),
        10 => return Err(Refusal::Malformed("a gap in a client's edits")),
        _ => return Err(Refusal::Malformed("an unknown kind of content")),
    })
}

fn read_type<'a>(reader: &mut Reader<'a>) -> Result<(TypeKind, &'a str), Refusal> {
    let kind = match reader.byte()? {
        0 => TypeKind::Array,
        1 => TypeKind::Map,
        2 => TypeKind::Text,
        3 => return Ok((TypeKind::XmlElement, read_string(reader)?)),
        4 => TypeKind::XmlFragment,
        6 => TypeKind::XmlText,
        _ => return Err(Refusal::Malformed("an unknown kind of shared type")),
    };
    Ok((kind, ""))
}

fn utf16_len(text: &str) -> Result<u32, Refusal> {
    match u32::try_from(text.encode_utf16().count()) {
        Ok(len) if (1..=CLOCK_MAX).contains(&len) => Ok(len),
        _ => Err(Refusal::Malformed("an empty struct")),
    }
}

/// An integer in as few bytes as it can have.
pub(super) fn canonical(reader: &mut Reader<'_>) -> Result<u64, Refusal> {
    let before = reader.remaining();
    let value = reader.var_uint()?;
    let used = before - reader.remaining();
    let bits = 64 - value.leading_zeros() as usize;
    if used == bits.div_ceil(7).max(1) {
        Ok(value)
    } else {
        Err(Refusal::Malformed(
            "an integer is longer than it needs to be",
        ))
    }
}

/// A text whose length is written as short as it can be.
pub(super) fn read_string<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Refusal> {
    canonical(&mut reader.clone())?;
    Ok(reader.var_string()?)
}

/// Bytes whose length is written as short as it can be.
pub(super) fn read_bytes<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Refusal> {
    canonical(&mut reader.clone())?;
    Ok(reader.var_bytes()?)
}

pub(super) fn read_client(reader: &mut Reader<'_>) -> Result<ClientId, Refusal> {
    let client = canonical(reader)?;
    debug_assert!(client <= MAX_SAFE_INTEGER, "the reader takes no more");
    Ok(client)
}

pub(super) fn read_clock(reader: &mut Reader<'_>) -> Result<u32, Refusal> {
    match u32::try_from(canonical(reader)?) {
        Ok(clock) if clock <= CLOCK_MAX => Ok(clock),
        _ => Err(Refusal::Malformed("a clock is larger than 2^31 - 1")),
    }
}

fn read_id(reader: &mut Reader<'_>) -> Result<Id, Refusal> {
    Ok(Id {
        client: read_client(reader)?,
        clock: read_clock(reader)?,
    })
}

fn read_len(reader: &mut Reader<'_>) -> Result<u32, Refusal> {
    match read_clock(reader)? {
        0 => Err(Refusal::Malformed("an empty struct")),
        len => Ok(len),
    }
}

pub(super) fn clock_after(clock: u32, len: u32) -> Result<u32, Refusal> {
    clock
        .checked_add(len)
        .filter(|end| *end <= CLOCK_MAX)
        .ok_or(Refusal::Malformed("a clock is larger than 2^31 - 1"))
}

fn usize_from(value: u64) -> Result<usize, Refusal> {
    usize::try_from(value)
        .map_err(|_| Refusal::Malformed("a declared count is larger than the update"))
}
