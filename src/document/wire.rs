//! The structure of a v1 update: what its bytes say, checked and not yet believed.
//!
//! An update is sections of consecutive structs, one a client, and a set of deleted ranges. It is
//! walked twice, here for its structure and by the guard for its meaning, without building anything
//! in between: what an update claims costs no memory. Integers must be written as short as they can
//! be, as every encoder does, so that no two readers see different numbers in the same bytes.
//! Looking something up is quick however many clients an update names: nothing has judged it yet.

use std::collections::HashMap;

use convene_protocol::lib0::{Reader, write_var_uint};

use super::wire_read::{clock_after, read_deletes, read_sections, read_struct};
use super::{ClientId, Refusal};

/// One position in the history: a client and its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Id {
    pub(super) client: ClientId,
    pub(super) clock: u32,
}

/// An update whose structure is sound.
#[derive(Debug)]
pub(super) struct Update<'a> {
    pub(super) sections: Vec<Section<'a>>,
    pub(super) deletes: Vec<Deletes>,
    /// Where in `deletes` each client is.
    pub(super) places_in_deletes: HashMap<ClientId, usize>,
}

/// Consecutive structs of one client.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    pub(super) client: ClientId,
    /// The clock of the first struct, and the one after the last.
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) count: usize,
    /// The structs' bytes.
    pub(super) structs: &'a [u8],
}

/// Deleted ranges of one client: ascending and disjoint, from a clock to before another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deletes {
    pub(super) client: ClientId,
    pub(super) ranges: Vec<(u32, u32)>,
}

/// One struct.
#[derive(Debug, Clone, Copy)]
pub(super) struct Struct<'a> {
    /// How many clocks it takes; at least 1.
    pub(super) len: u32,
    pub(super) body: Body<'a>,
}

/// What a struct is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body<'a> {
    /// A range whose content and place are forgotten.
    Collected,
    /// Content in its place.
    Item(Item<'a>),
}

/// Content, and the neighbours or the parent that say where it belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) origin: Option<Id>,
    pub(super) right_origin: Option<Id>,
    /// Told only by an item without neighbours.
    pub(super) parent: Option<Parent<'a>>,
    /// The map key, told only beside the parent.
    pub(super) key: Option<&'a str>,
    /// Whether it says that it has a map key. Merged updates may leave that out beside neighbours.
    pub(super) is_keyed: bool,
    pub(super) content: Content<'a>,
}

/// What an item belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parent<'a> {
    Root(&'a str),
    Item(Id),
}

/// What an item holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content<'a> {
    Deleted,
    Binary(&'a [u8]),
    Text(&'a str),
    /// JSON.
    Embed(&'a str),
    /// A format begins or ends; the value is JSON.
    Format {
        key: &'a str,
        value: &'a str,
    },
    Type {
        kind: TypeKind,
        name: &'a str,
    },
    /// Plain values, one a clock.
    Values(&'a [u8]),
}

/// The shared types that a document may nest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TypeKind {
    Array,
    Map,
    Text,
    XmlElement,
    XmlFragment,
    XmlText,
}

impl<'a> Update<'a> {
    /// Checks the structure of all of `bytes`.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(bytes);
        let sections = read_sections(&mut reader)?;
        let (deletes, places_in_deletes) = read_deletes(&mut reader)?;
        reader.finish()?;
        Ok(Self {
            sections,
            deletes,
            places_in_deletes,
        })
    }

    /// The deleted ranges of a client.
    fn deleted_of(&self, client: ClientId) -> &[(u32, u32)] {
        let place = self.places_in_deletes.get(&client);
        let ours = place.and_then(|place| self.deletes.get(*place));
        ours.map_or(&[], |ours| &ours.ranges)
    }

    /// The clock after the deleted range that holds `id`; the clock itself if none does.
    pub(super) fn deleted_from(&self, id: Id) -> u32 {
        let ours = self.deleted_of(id.client);
        let first = ours.partition_point(|(_, end)| *end <= id.clock);
        match ours.get(first) {
            Some((from, to)) if *from <= id.clock => *to,
            Some(_) | None => id.clock,
        }
    }

    /// Whether everything that `other` deletes is deleted by this update.
    pub(super) fn has_deleted(&self, other: &Self) -> bool {
        other.deletes.iter().all(|wanted| {
            let ours = self.deleted_of(wanted.client);
            wanted.ranges.iter().all(|(start, end)| {
                let first = ours.partition_point(|(_, ours_end)| ours_end <= start);
                ours.get(first)
                    .is_some_and(|(from, to)| from <= start && end <= to)
            })
        })
    }
}

impl<'a> Section<'a> {
    /// The structs, with the clock each begins at.
    pub(super) fn structs(&self) -> Structs<'a> {
        Structs {
            reader: Reader::new(self.structs),
            left: self.count,
            clock: self.start,
        }
    }
}

/// Reads the structs of a section one by one.
#[derive(Debug, Clone)]
pub(super) struct Structs<'a> {
    reader: Reader<'a>,
    left: usize,
    clock: u32,
}

impl<'a> Structs<'a> {
    /// The bytes of the structs that have not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.reader.rest()
    }
}

impl<'a> Iterator for Structs<'a> {
    type Item = Result<(u32, Struct<'a>), Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(read_struct(&mut self.reader).and_then(|one| {
            let clock = self.clock;
            self.clock = clock_after(clock, one.len)?;
            Ok((clock, one))
        }))
    }
}

/// Writes the deletions of `update` as they were.
pub(super) fn write_deletes(out: &mut Vec<u8>, update: &Update<'_>) {
    write_var_uint(out, update.deletes.len() as u64);
    for deletes in &update.deletes {
        write_var_uint(out, deletes.client);
        write_var_uint(out, deletes.ranges.len() as u64);
        for (start, end) in &deletes.ranges {
            write_var_uint(out, u64::from(*start));
            write_var_uint(out, u64::from(end - start));
        }
    }
}
