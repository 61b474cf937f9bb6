//! Whether what an update repeats is what is here: two replicas with one client id differ.
//!
//! Yjs takes what it knows by its clock for known and never looks at it again. Two clients that
//! share an id, by copying or by design, would each keep their own text under equal state vectors
//! for ever, so a difference is refused while it can still be told.
//!
//! Both sides are read once from front to back, whatever pieces the update tells a long text in.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::ClientId;
use super::content::{EncodedValues, same_json};
use super::wire::{Body, Content, Id, Section, Struct, Structs, TypeKind, Update};

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
    let (mut ours, mut told) = (Side::of(ours), Side::of(told));
    while let (Some(our), Some(tell)) = (&mut ours.piece, &mut told.piece) {
        match our.clock.cmp(&tell.clock) {
            Ordering::Less => our.skip(our.end.min(tell.clock) - our.clock),
            Ordering::Greater => tell.skip(tell.end.min(our.clock) - tell.clock),
            Ordering::Equal => {
                let len = our.end.min(tell.end) - our.clock;
                if !our.agrees_with(tell, len) {
                    return false;
                }
            }
        }
        ours.refill();
        told.refill();
    }
    true
}

/// The structs of one side, and how far they are read.
struct Side<'a> {
    client: ClientId,
    structs: Structs<'a>,
    piece: Option<Piece<'a>>,
}

impl<'a> Side<'a> {
    fn of(section: &Section<'a>) -> Self {
        let mut side = Self {
            client: section.client,
            structs: section.structs(),
            piece: None,
        };
        side.refill();
        side
    }

    /// Goes on to the next struct if this one is read to its end.
    fn refill(&mut self) {
        if self
            .piece
            .as_ref()
            .is_none_or(|piece| piece.clock == piece.end)
        {
            // The structure was checked before.
            let next = self.structs.next().and_then(Result::ok);
            self.piece = next.map(|(clock, one)| Piece::of(self.client, clock, &one));
        }
    }
}

/// What is left of a struct.
struct Piece<'a> {
    client: ClientId,
    clock: u32,
    end: u32,
    origin: Option<Id>,
    right_origin: Option<Id>,
    rest: Rest<'a>,
}

/// What is left of its content.
enum Rest<'a> {
    /// It is forgotten.
    Gone,
    Text(std::str::EncodeUtf16<'a>),
    Values(EncodedValues<'a>),
    Binary(&'a [u8]),
    Embed(&'a str),
    Format(&'a str, &'a str),
    Type(TypeKind, &'a str),
}

impl<'a> Piece<'a> {
    fn of(client: ClientId, clock: u32, one: &Struct<'a>) -> Self {
        let (origin, right_origin, rest) = match one.body {
            Body::Collected => (None, None, Rest::Gone),
            Body::Item(item) => {
                let rest = match item.content {
                    Content::Deleted => Rest::Gone,
                    Content::Text(text) => Rest::Text(text.encode_utf16()),
                    Content::Values(values) => Rest::Values(EncodedValues::new(values)),
                    Content::Binary(bytes) => Rest::Binary(bytes),
                    Content::Embed(json) => Rest::Embed(json),
                    Content::Format { key, value } => Rest::Format(key, value),
                    Content::Type { kind, name } => Rest::Type(kind, name),
                };
                (item.origin, item.right_origin, rest)
            }
        };
        Self {
            client,
            clock,
            end: clock + one.len,
            origin,
            right_origin,
            rest,
        }
    }

    /// Compares and passes over the next `len` clocks of both.
    fn agrees_with(&mut self, other: &mut Self, len: u32) -> bool {
        if matches!(self.rest, Rest::Gone) || matches!(other.rest, Rest::Gone) {
            self.skip(len);
            other.skip(len);
            return true;
        }
        let are_placed_alike =
            self.origin == other.origin && self.right_origin == other.right_origin;
        let hold_the_same = self.rest.starts_like(&mut other.rest, len as usize);
        self.move_on(len);
        other.move_on(len);
        are_placed_alike && hold_the_same
    }

    fn skip(&mut self, len: u32) {
        match &mut self.rest {
            Rest::Text(units) => drop(units.nth(len as usize - 1)),
            Rest::Values(values) => drop(values.nth(len as usize - 1)),
            // One clock long.
            Rest::Gone | Rest::Binary(_) | Rest::Embed(_) | Rest::Format(..) | Rest::Type(..) => {}
        }
        self.move_on(len);
    }

    fn move_on(&mut self, len: u32) {
        self.clock += len;
        // The later clocks of a struct follow its own earlier ones.
        self.origin = Some(Id {
            client: self.client,
            clock: self.clock - 1,
        });
    }
}

impl Rest<'_> {
    /// Whether both begin with the same `len` clocks; takes these from texts and values.
    fn starts_like(&mut self, other: &mut Self, len: usize) -> bool {
        match (self, other) {
            // Half a character at the edge of a struct is written as a replacement.
            (Self::Text(ours), Self::Text(theirs)) => (0..len).all(|_| {
                let pair = [ours.next(), theirs.next()];
                pair[0] == pair[1] || pair.contains(&Some(0xfffd))
            }),
            (Self::Values(ours), Self::Values(theirs)) => {
                (0..len).all(|_| match (ours.next(), theirs.next()) {
                    (Some(ours), Some(theirs)) => ours == theirs,
                    // What cannot be read is refused where it is applied.
                    (None, _) | (_, None) => true,
                })
            }
            (Self::Type(kind, name), Self::Type(other, other_name)) => {
                kind == other && name == other_name
            }
            (Self::Format(key, value), Self::Format(other_key, other)) => {
                key == other_key && same_json(value, other)
            }
            (Self::Embed(ours), Self::Embed(theirs)) => same_json(ours, theirs),
            (Self::Binary(ours), Self::Binary(theirs)) => ours == theirs,
            _ => false,
        }
    }
}
