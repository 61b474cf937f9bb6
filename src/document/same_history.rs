//! Whether what an update repeats is what is here: two replicas with one client id differ.
//!
//! Yjs takes what it knows by its clock for known and never looks at it again. Two clients that
//! share an id, by copying or by design, would each keep their own text under equal state vectors
//! for ever, so a difference is refused while it can still be told.

use std::collections::HashMap;

use super::ClientId;
use super::content::{same_json, same_values};
use super::wire::{Body, Content, Id, Section, Struct, Update};

/// One clock's share of a struct.
struct Unit<'a> {
    origin: Option<Id>,
    right_origin: Option<Id>,
    content: Content<'a>,
    /// How far into the content.
    offset: u32,
}

/// Compares what `told` repeats with `stored`; names the client on which they differ.
pub(super) fn is_same_history(stored: &[u8], told: &Update<'_>) -> Result<(), ClientId> {
    // What yrs wrote can be read; if it could not, loading would tell.
    let Ok(stored) = Update::parse(stored) else {
        return Ok(());
    };
    let ours: HashMap<ClientId, &Section<'_>> = stored
        .sections
        .iter()
        .map(|section| (section.client, section))
        .collect();
    for section in &told.sections {
        if let Some(ours) = ours.get(&section.client)
            && !agree(ours, section)
        {
            return Err(section.client);
        }
    }
    Ok(())
}

fn agree(ours: &Section<'_>, told: &Section<'_>) -> bool {
    let (mut left, mut right) = (ours.structs(), told.structs());
    let (mut one, mut other) = (left.next(), right.next());
    while let (Some(Ok((our_clock, our))), Some(Ok((told_clock, tell)))) = (&one, &other) {
        let (our_end, told_end) = (our_clock + our.len, told_clock + tell.len);
        let (from, to) = (*our_clock.max(told_clock), our_end.min(told_end));
        if from < to {
            let ours = unit(our, ours.client, *our_clock, from);
            let told = unit(tell, told.client, *told_clock, from);
            if let (Some(ours), Some(told)) = (ours, told)
                && !ours.agrees_with(&told, to - from)
            {
                return false;
            }
        }
        if our_end <= told_end {
            one = left.next();
        }
        if told_end <= our_end {
            other = right.next();
        }
    }
    true
}

/// The share of a struct from `clock` on; `None` when its content is gone.
fn unit<'a>(one: &Struct<'a>, client: ClientId, start: u32, clock: u32) -> Option<Unit<'a>> {
    let Body::Item(item) = one.body else {
        return None;
    };
    if matches!(item.content, Content::Deleted) {
        return None;
    }
    let offset = clock - start;
    // The later clocks of a struct follow its own earlier ones.
    let origin = match offset {
        0 => item.origin,
        _ => Some(Id {
            client,
            clock: clock - 1,
        }),
    };
    Some(Unit {
        origin,
        right_origin: item.right_origin,
        content: item.content,
        offset,
    })
}

impl Unit<'_> {
    fn agrees_with(&self, other: &Self, len: u32) -> bool {
        self.origin == other.origin
            && self.right_origin == other.right_origin
            && self.holds_the_same(other, len)
    }

    fn holds_the_same(&self, other: &Self, len: u32) -> bool {
        match (&self.content, &other.content) {
            (Content::Text(ours), Content::Text(theirs)) => {
                let (ours, theirs) = (self.utf16(ours, len), other.utf16(theirs, len));
                // Half a character at the edge of a struct is written as a replacement.
                ours.zip(theirs)
                    .all(|(a, b)| a == b || [a, b].contains(&0xfffd))
            }
            (
                Content::Type { kind, name },
                Content::Type {
                    kind: other,
                    name: other_name,
                },
            ) => kind == other && name == other_name,
            (
                Content::Format { key, value },
                Content::Format {
                    key: other_key,
                    value: other,
                },
            ) => key == other_key && same_json(value, other),
            (Content::Embed(ours), Content::Embed(theirs)) => same_json(ours, theirs),
            (Content::Binary(ours), Content::Binary(theirs)) => ours == theirs,
            (Content::Values(ours), Content::Values(theirs)) => same_values(
                (ours, self.offset as usize),
                (theirs, other.offset as usize),
                len as usize,
            ),
            _ => false,
        }
    }

    fn utf16<'t>(&self, text: &'t str, len: u32) -> impl Iterator<Item = u16> + use<'t> {
        text.encode_utf16()
            .skip(self.offset as usize)
            .take(len as usize)
    }
}
