//! Consecutive structs that are one: put together before yrs sees them.
//!
//! Every encoder of Yjs joins what a client wrote in one go. yrs does it too, after it has applied an
//! update, from right to left and keeping every step until the last: a few thousand single
//! characters take it megabytes and a hundred thousand take gigabytes. So that is done here first,
//! by the same rules and in one pass.

use convene_protocol::lib0::write_var_uint;

use super::ClientId;
use super::wire::{Body, Content, Id, Section, Struct, Update, write_deletes};

/// `update` with such structs joined; `None` when it holds none. What is known, by its client's clock,
/// is not joined with what is not.
pub(super) fn join(update: &Update<'_>, known: impl Fn(ClientId) -> u32) -> Option<Vec<u8>> {
    // Most updates are one struct.
    if update.sections.iter().all(|section| section.count == 1) {
        return None;
    }
    let mut is_joined = false;
    let mut out = Vec::new();
    write_var_uint(&mut out, update.sections.len() as u64);
    for section in &update.sections {
        let (count, structs) = join_section(section, update, known(section.client))?;
        is_joined |= count < section.count;
        for number in [count as u64, section.client, u64::from(section.start)] {
            write_var_uint(&mut out, number);
        }
        out.extend_from_slice(&structs);
    }
    write_deletes(&mut out, update);
    is_joined.then_some(out)
}

/// `None` cannot come: the structure was checked before.
fn join_section(
    section: &Section<'_>,
    update: &Update<'_>,
    known: u32,
) -> Option<(usize, Vec<u8>)> {
    let mut out = Vec::with_capacity(section.structs.len());
    let mut count = 0;
    let mut run: Option<Run<'_>> = None;
    let mut structs = section.structs();
    let mut rest = structs.rest();
    while let Some(read) = structs.next() {
        let (clock, one) = read.ok()?;
        let (bytes, _) = rest.split_at_checked(rest.len() - structs.rest().len())?;
        rest = structs.rest();
        let id = Id {
            client: section.client,
            clock,
        };
        let next = Run::of(id, &one, bytes, update)?;
        run = match run.take() {
            Some(run) if clock != known && run.goes_on_with(&next) => Some(run.with(&next)),
            Some(run) => {
                run.write(&mut out);
                count += 1;
                Some(next)
            }
            None => Some(next),
        };
    }
    if let Some(run) = run {
        run.write(&mut out);
        count += 1;
    }
    Some((count, out))
}

/// Structs that are one.
struct Run<'a> {
    first: Struct<'a>,
    start: Id,
    /// Its bytes, all of them or those before the content.
    bytes: &'a [u8],
    place: &'a [u8],
    is_deleted: bool,
    /// It is nothing that could be joined.
    is_apart: bool,
    len: u32,
    /// What comes behind the length of the content, once there is more than one struct.
    joined: Option<Vec<u8>>,
}

impl<'a> Run<'a> {
    fn of(start: Id, one: &Struct<'a>, bytes: &'a [u8], update: &Update<'_>) -> Option<Self> {
        let payload = payload(one).len();
        let head = head_of(one, payload);
        let content = var_uint_len(head) + payload;
        let place = bytes.get(..bytes.len().checked_sub(content)?)?;
        let (is_apart, is_deleted) = match one.body {
            Body::Collected => (false, false),
            // A map entry follows the one it replaces, and is not one with it.
            Body::Item(item) => (
                item.is_keyed || !is_joinable(&item.content),
                update.deleted_from(start) >= start.clock + one.len,
            ),
        };
        Some(Self {
            first: *one,
            start,
            bytes,
            place,
            is_deleted,
            is_apart,
            len: one.len,
            joined: None,
        })
    }

    fn goes_on_with(&self, next: &Self) -> bool {
        if self.is_apart || next.is_apart {
            return false;
        }
        let (one, other) = match (&self.first.body, &next.first.body) {
            (Body::Collected, Body::Collected) => return true,
            (Body::Item(one), Body::Item(other)) => (one, other),
            (Body::Collected, Body::Item(_)) | (Body::Item(_), Body::Collected) => return false,
        };
        let last = Id {
            client: self.start.client,
            clock: self.start.clock + self.len - 1,
        };
        other.origin == Some(last)
            && other.right_origin == one.right_origin
            && self.is_deleted == next.is_deleted
            && std::mem::discriminant(&one.content) == std::mem::discriminant(&other.content)
    }

    fn with(mut self, next: &Self) -> Self {
        let joined = self
            .joined
            .get_or_insert_with(|| payload(&self.first).to_vec());
        joined.extend_from_slice(payload(&next.first));
        self.len += next.len;
        self
    }

    fn write(&self, out: &mut Vec<u8>) {
        let Some(joined) = &self.joined else {
            return out.extend_from_slice(self.bytes);
        };
        out.extend_from_slice(self.place);
        let whole = Struct {
            len: self.len,
            body: self.first.body,
        };
        write_var_uint(out, head_of(&whole, joined.len()));
        out.extend_from_slice(joined);
    }
}

fn is_joinable(content: &Content<'_>) -> bool {
    match content {
        Content::Text(_) | Content::Values(_) | Content::Deleted => true,
        Content::Binary(_) | Content::Embed(_) | Content::Format { .. } | Content::Type { .. } => {
            false
        }
    }
}

/// The number in front of what can be joined: bytes of a text, and clocks of anything else.
fn head_of(one: &Struct<'_>, payload: usize) -> u64 {
    match one.body {
        Body::Item(item) if matches!(item.content, Content::Text(_)) => payload as u64,
        Body::Item(_) | Body::Collected => u64::from(one.len),
    }
}

/// How many bytes a number takes.
fn var_uint_len(number: u64) -> usize {
    let bits = 64 - number.leading_zeros() as usize;
    bits.div_ceil(7).max(1)
}

/// What is behind that number.
fn payload<'a>(one: &Struct<'a>) -> &'a [u8] {
    match one.body {
        Body::Item(item) => match item.content {
            Content::Text(text) => text.as_bytes(),
            Content::Values(values) => values,
            Content::Deleted
            | Content::Binary(_)
            | Content::Embed(_)
            | Content::Format { .. }
            | Content::Type { .. } => &[],
        },
        Body::Collected => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex
            .chars()
            .filter_map(|digit| digit.to_digit(16))
            .map(|digit| u8::try_from(digit).unwrap())
            .collect();
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    }

    #[track_caller]
    fn joined(hex: &str, known: u32) -> Option<Vec<u8>> {
        let told = bytes(hex);
        let written = join(&Update::parse(&told).unwrap(), |_| known)?;
        Update::parse(&written).unwrap();
        Some(written)
    }

    #[test]
    fn what_follows_itself_is_joined() {
        for (apart, whole) in [
            (
                "01 03 01 00 04 01 01 74 01 61 84 01 00 02 c3a9 84 01 01 01 62 00",
                "01 01 01 00 04 01 01 74 04 61c3a962 00",
            ),
            (
                "01 02 01 00 08 01 01 61 01 7d 05 88 01 00 02 7e 7d 06 00",
                "01 01 01 00 08 01 01 61 03 7d 05 7e 7d 06 00",
            ),
            (
                "01 02 01 00 01 01 01 74 02 81 01 01 01 00",
                "01 01 01 00 01 01 01 74 03 00",
            ),
            ("01 03 01 00 00 01 00 02 00 03 00", "01 01 01 00 00 06 00"),
        ] {
            assert_eq!(joined(apart, 0), Some(bytes(whole)), "{apart}");
            assert_eq!(joined(whole, 0), None, "{whole}");
        }
    }

    #[test]
    fn what_is_not_one_is_left_apart() {
        for (hex, known, what) in [
            (
                "01 02 01 00 04 01 01 74 01 61 04 01 01 74 01 62 00",
                0,
                "not behind it",
            ),
            (
                "01 02 01 01 84 01 00 01 61 c4 01 01 02 00 01 62 00",
                0,
                "before something else",
            ),
            (
                "01 02 01 00 28 01 01 6d 01 6b 01 7d 05 a8 01 00 01 7d 06 00",
                0,
                "values of a key",
            ),
            (
                "01 02 01 00 04 01 01 74 01 61 84 01 00 01 62 01 01 01 00 01",
                0,
                "only one is deleted",
            ),
            (
                "01 02 01 00 04 01 01 74 01 61 84 01 00 01 62 00",
                1,
                "only one is known",
            ),
            (
                "01 02 01 00 05 01 01 74 01 31 85 01 00 01 31 00",
                0,
                "embeds",
            ),
        ] {
            assert_eq!(joined(hex, known), None, "{what}");
        }
    }
}
