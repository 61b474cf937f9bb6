//! Where every struct of the document is: what the guard must know and yrs does not tell.
//!
//! A client's clocks are covered without holes by runs; a run is in one place, and a place is a list
//! or a map key of one parent. Runs and places are only added, so that an update which is refused
//! half-way can be taken back.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::wire::{Id, TypeKind};
use super::{ClientId, StateVector};

/// The place of what is collected: it cannot be told any more, and nothing depends on it.
pub(super) const NOWHERE: u32 = u32::MAX;

/// What a run of clocks is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Collected or deleted: may have been anything.
    Gone,
    /// Where a format of a text begins or ends.
    Format,
    /// Any other content that nothing can be inside of.
    Leaf,
    /// A shared type, and how many are around it.
    Type { kind: TypeKind, depth: u8 },
}

/// Consecutive clocks of one client with the same answer; it begins where the one before ends.
#[derive(Debug, Clone, Copy)]
struct Run {
    end: u32,
    place: u32,
    kind: Kind,
}

/// What contains content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    Root(u32),
    Item(Id),
}

/// A list, or one key of a map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) owner: Owner,
    pub(super) is_keyed: bool,
    /// The kind of the owner; a root has none of its own.
    pub(super) owner_kind: Option<TypeKind>,
    /// How many shared types are around what is here, the owner included.
    pub(super) depth: u8,
}

/// What was seen in a root, which is all that tells what it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen(u8);

impl Seen {
    pub(super) const TEXT: Self = Self(1);
    pub(super) const VALUES: Self = Self(2);
    pub(super) const XML: Self = Self(4);
    pub(super) const TYPES: Self = Self(8);

    /// Both.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The index of one document.
#[derive(Debug, Default)]
pub(super) struct Index {
    clients: HashMap<ClientId, Vec<Run>>,
    places: Vec<Place>,
    /// Places by owner and key; `None` is the list.
    place_of: HashMap<(Owner, Option<Box<str>>), u32>,
    roots: Vec<Seen>,
    root_of: HashMap<Box<str>, u32>,
    undo: Undo,
}

/// What has been added since [`Index::begin`].
#[derive(Debug, Default)]
struct Undo {
    /// For every run that was added or made longer: its client, and the end of the run it extended.
    runs: Vec<(ClientId, Option<u32>)>,
    places: Vec<(Owner, Option<Box<str>>)>,
    roots: Vec<Box<str>>,
    seen: Vec<(u32, Seen)>,
}

impl Index {
    /// From here on everything can be taken back.
    pub(super) fn begin(&mut self) {
        self.undo = Undo::default();
    }

    /// Takes back everything since [`Index::begin`].
    pub(super) fn roll_back(&mut self) {
        let undo = std::mem::take(&mut self.undo);
        for (client, extended) in undo.runs.into_iter().rev() {
            let Some(runs) = self.clients.get_mut(&client) else {
                continue;
            };
            match (extended, runs.last_mut()) {
                (Some(end), Some(run)) => run.end = end,
                (None, Some(_)) => {
                    runs.pop();
                }
                (_, None) => {}
            }
            if runs.is_empty() {
                self.clients.remove(&client);
            }
        }
        for (root, seen) in undo.seen.into_iter().rev() {
            self.set_seen(root, seen);
        }
        for key in undo.places {
            self.place_of.remove(&key);
            self.places.pop();
        }
        for name in undo.roots {
            self.root_of.remove(&name);
            self.roots.pop();
        }
    }

    /// The clock after the last struct of `client`.
    pub(super) fn known(&self, client: ClientId) -> u32 {
        self.clients
            .get(&client)
            .and_then(|runs| runs.last())
            .map_or(0, |run| run.end)
    }

    /// Whether anything of `client` is here.
    pub(super) fn has(&self, client: ClientId) -> bool {
        self.clients.contains_key(&client)
    }

    /// How far every client has come.
    pub(super) fn state_vector(&self) -> StateVector {
        self.clients
            .iter()
            .filter_map(|(client, runs)| Some((*client, runs.last()?.end)))
            .collect()
    }

    /// What is at `id`, and where; `None` when it is not here.
    pub(super) fn at(&self, id: Id) -> Option<(Kind, u32)> {
        let runs = self.clients.get(&id.client)?;
        let run = runs.get(runs.partition_point(|run| run.end <= id.clock))?;
        Some((run.kind, run.place))
    }

    /// The clock after the formats that stand at `id` without a gap, or one at or beyond `end` if they
    /// reach that far; the clock itself if none do.
    pub(super) fn formats_from(&self, id: Id, end: u32) -> u32 {
        let Some(runs) = self.clients.get(&id.client) else {
            return id.clock;
        };
        let first = runs.partition_point(|run| run.end <= id.clock);
        let mut reached = id.clock;
        for run in runs.iter().skip(first) {
            if run.kind != Kind::Format || reached >= end {
                break;
            }
            reached = run.end;
        }
        reached
    }

    /// Adds the next `len` clocks of `client`.
    pub(super) fn append(&mut self, client: ClientId, len: u32, kind: Kind, place: u32) {
        let runs = self.clients.entry(client).or_default();
        match runs.last_mut() {
            Some(last) if last.place == place && last.kind == kind && !is_type(kind) => {
                // One that was added or made longer just before is taken back by that entry.
                if self
                    .undo
                    .runs
                    .last()
                    .is_none_or(|(before, _)| *before != client)
                {
                    self.undo.runs.push((client, Some(last.end)));
                }
                last.end += len;
            }
            last => {
                let end = last.map_or(0, |run| run.end) + len;
                self.undo.runs.push((client, None));
                runs.push(Run { end, place, kind });
            }
        }
    }

    pub(super) fn place(&self, number: u32) -> Option<Place> {
        self.places.get(number as usize).copied()
    }

    /// The number of `owner`'s list, or of its `key`.
    pub(super) fn place_in(
        &mut self,
        owner: Owner,
        owner_kind: Option<TypeKind>,
        depth: u8,
        key: Option<&str>,
    ) -> u32 {
        let name = (owner, key.map(Box::from));
        match self.place_of.entry(name) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let number = u32::try_from(self.places.len()).unwrap_or(NOWHERE);
                self.undo.places.push(new.key().clone());
                new.insert(number);
                self.places.push(Place {
                    owner,
                    is_keyed: key.is_some(),
                    owner_kind,
                    depth,
                });
                number
            }
        }
    }

    /// The number of the root called `name`.
    pub(super) fn root(&mut self, name: &str) -> u32 {
        if let Some(number) = self.root_of.get(name) {
            return *number;
        }
        let number = u32::try_from(self.roots.len()).unwrap_or(NOWHERE);
        self.undo.roots.push(name.into());
        self.root_of.insert(name.into(), number);
        self.roots.push(Seen::default());
        number
    }

    /// What was seen in the root called `name`; nothing in one that is not here.
    pub(super) fn seen_in(&self, name: &str) -> Seen {
        self.root_of
            .get(name)
            .map(|number| self.seen(*number))
            .unwrap_or_default()
    }

    pub(super) fn seen(&self, root: u32) -> Seen {
        self.roots.get(root as usize).copied().unwrap_or_default()
    }

    /// Notes what is in a root.
    pub(super) fn see(&mut self, root: u32, what: Seen) {
        let seen = self.seen(root);
        if seen.and(what) != seen {
            self.undo.seen.push((root, seen));
            self.set_seen(root, seen.and(what));
        }
    }

    fn set_seen(&mut self, root: u32, seen: Seen) {
        if let Some(slot) = self.roots.get_mut(root as usize) {
            *slot = seen;
        }
    }
}

/// Types are told apart by their own clock, so their runs are never joined.
fn is_type(kind: Kind) -> bool {
    matches!(kind, Kind::Type { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(client: ClientId, clock: u32) -> Id {
        Id { client, clock }
    }

    #[test]
    fn runs_of_one_place_are_joined_and_found_again() {
        let mut index = Index::default();
        let root = index.root("t");
        let list = index.place_in(Owner::Root(root), None, 0, None);
        index.append(7, 3, Kind::Leaf, list);
        index.append(7, 2, Kind::Leaf, list);
        index.append(7, 1, Kind::Gone, NOWHERE);
        assert_eq!(index.clients[&7].len(), 2);
        assert_eq!(index.known(7), 6);
        assert_eq!(index.at(id(7, 4)), Some((Kind::Leaf, list)));
        assert_eq!(index.at(id(7, 5)), Some((Kind::Gone, NOWHERE)));
        assert_eq!(index.at(id(7, 6)), None);
        assert_eq!(index.at(id(8, 0)), None);
    }

    #[test]
    fn everything_since_the_beginning_can_be_taken_back() {
        let mut index = Index::default();
        let root = index.root("t");
        let list = index.place_in(Owner::Root(root), None, 0, None);
        index.append(7, 3, Kind::Leaf, list);
        index.begin();
        let other = index.root("m");
        index.see(root, Seen::TEXT);
        index.see(other, Seen::VALUES);
        let key = index.place_in(Owner::Root(other), None, 0, Some("k"));
        index.append(7, 5, Kind::Leaf, list);
        index.append(7, 1, Kind::Leaf, key);
        index.append(9, 1, Kind::Leaf, key);
        index.roll_back();
        assert_eq!((index.known(7), index.known(9)), (3, 0));
        assert!(!index.has(9));
        assert_eq!(index.seen_in("t"), Seen::default());
        assert_eq!((index.places.len(), index.roots.len()), (1, 1));
        assert_eq!(index.root("m"), other, "its number is free again");
    }
}
