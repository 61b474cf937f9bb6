//! Small Yjs updates as a typist makes them, and finding them again in what a server sends.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use convene_protocol::lib0::{Reader, write_var_string, write_var_uint};

/// The root that every load writes to.
pub(crate) const ROOT: &str = "text";
/// The client id of writer 0; writer n has this plus n. Yjs' own ids are random 32-bit numbers.
pub(crate) const FIRST_CLIENT: u64 = 1_000_000;
/// The shortest edit: room for its number.
pub(crate) const EDIT_CHARS_MIN: usize = 16;

const STRING: u8 = 4;
const HAS_ORIGIN: u8 = 0x80;
const HAS_RIGHT_ORIGIN: u8 = 0x40;
const HAS_KEY: u8 = 0x20;
const KINDS: u8 = 0x1f;
const COLLECTED: u8 = 0;
const DELETED: u8 = 1;
const SKIPPED: u8 = 10;

/// Edit number `number` of `writer`: `chars` characters behind its previous edit, as an update in
/// the v1 encoding. The text is `writer.number` and a space, filled up in front with dots.
pub(crate) fn edit(writer: usize, number: usize, chars: usize) -> Bytes {
    let client = FIRST_CLIENT + writer as u64;
    let clock = (number * chars) as u64;
    let mut out = Vec::with_capacity(chars + 32);
    write_var_uint(&mut out, 1);
    write_var_uint(&mut out, 1);
    write_var_uint(&mut out, client);
    write_var_uint(&mut out, clock);
    if number == 0 {
        out.push(STRING);
        write_var_uint(&mut out, 1);
        write_var_string(&mut out, ROOT);
    } else {
        out.push(STRING | HAS_ORIGIN);
        write_var_uint(&mut out, client);
        write_var_uint(&mut out, clock - 1);
    }
    let name = mark(writer, number);
    write_var_string(&mut out, &format!("{name:.>width$} ", width = chars - 1));
    write_var_uint(&mut out, 0);
    out.into()
}

/// How edit `number` of `writer` is spelled in the text.
pub(crate) fn mark(writer: usize, number: usize) -> String {
    format!("{writer:04}:{number:07}")
}

/// What one update holds of one client: characters from `clock` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) client: u64,
    pub(crate) clock: u64,
    pub(crate) chars: u64,
}

/// The spans of an update that holds nothing but edits of this tool, however they were merged.
pub(crate) fn spans(update: &[u8], mut each: impl FnMut(Span)) -> Result<()> {
    let mut reader = Reader::new(update);
    let clients = reader.var_uint()?;
    for _ in 0..clients {
        let structs = reader.var_uint()?;
        let client = reader.var_uint()?;
        let mut clock = reader.var_uint()?;
        for _ in 0..structs {
            let info = reader.byte()?;
            let kind = info & KINDS;
            let chars = match kind {
                COLLECTED | DELETED | SKIPPED => reader.var_uint()?,
                STRING => {
                    read_place(&mut reader, info)?;
                    reader.var_string()?.encode_utf16().count() as u64
                }
                other => bail!("a struct of kind {other} is not of this tool"),
            };
            if kind == STRING {
                each(Span {
                    client,
                    clock,
                    chars,
                });
            }
            clock += chars;
        }
    }
    Ok(())
}

fn read_place(reader: &mut Reader<'_>, info: u8) -> Result<()> {
    for neighbour in [HAS_ORIGIN, HAS_RIGHT_ORIGIN] {
        if info & neighbour != 0 {
            reader.var_uint()?;
            reader.var_uint()?;
        }
    }
    if info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN) == 0 {
        if reader.var_uint()? == 1 {
            reader.var_string()?;
        } else {
            reader.var_uint()?;
            reader.var_uint()?;
        }
        if info & HAS_KEY != 0 {
            reader.var_string().context("a key")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use yrs::updates::decoder::Decode;
    use yrs::updates::encoder::Encode;
    use yrs::{Doc, GetString, ReadTxn, StateVector, Transact, Update};

    use super::*;

    fn spans_of(update: &[u8]) -> Vec<Span> {
        let mut found = Vec::new();
        spans(update, |span| found.push(span)).unwrap();
        found
    }

    #[test]
    fn edits_are_updates_that_yrs_reads_and_that_are_found_again_after_merging() {
        let doc = Doc::new();
        let text = doc.get_or_insert_text(ROOT);
        for number in 0..3 {
            let update = Update::decode_v1(&edit(7, number, 20)).unwrap();
            doc.transact_mut().apply_update(update).unwrap();
        }
        let txn = doc.transact();
        assert_eq!(
            text.get_string(&txn),
            ".......0007:0000000 .......0007:0000001 .......0007:0000002 "
        );
        let merged = txn.encode_state_as_update_v1(&StateVector::default());
        let found = spans_of(&merged);
        assert_eq!(found.iter().map(|span| span.chars).sum::<u64>(), 60);
        assert!(found.iter().all(|span| span.client == FIRST_CLIENT + 7));
        assert!(spans_of(&Update::default().encode_v1()).is_empty());
    }

    #[test]
    fn the_shortest_edit_has_room_for_its_number() {
        let found = spans_of(&edit(9_999, 9_999_999, EDIT_CHARS_MIN));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].chars, EDIT_CHARS_MIN as u64);
    }
}
