//! Whether a sound update fits this document: no holes, no crossed wires, nobody else's client id.
//!
//! Structs are taken in an order in which everything they build on is there first; what cannot be
//! ordered so builds on something that is missing. The index learns each struct on the way and
//! forgets all of them again if the update is refused.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::index::{Index, Kind, NOWHERE, Owner, Seen};
use super::wire::{Body, Content, Id, Item, Parent, Section, Struct, Structs, TypeKind, Update};
use super::{ClientId, Refusal, StateVector};
use crate::ids::UserId;

/// Shared types inside each other: readers of documents recurse once a level.
const TYPE_DEPTH_MAX: u8 = 32;
/// Client ids are the keys of hash tables that do not mix their bits, so ids that share their low
/// bits make every look-up slow. Groups of ids that agree in these bits must stay of common size.
const CROWD_BITS: u32 = 10;
/// Ids of one group that chance alone never exceeds in a small document.
const CROWD_MIN: usize = 64;

/// Who wrote an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// Somebody outside: every rule holds.
    User(UserId),
    /// This server, earlier: the bytes passed the rules of their time.
    Journal,
}

/// What an update adds.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    /// Where each client's clock stands after it.
    pub(super) ends: Vec<(ClientId, u32)>,
    /// Client ids that are the writer's from now on.
    pub(super) first_seen: Vec<ClientId>,
    /// Clients of which it repeats known structs, and from where.
    pub(super) repeated: Vec<(ClientId, u32)>,
}

/// The guard of one document.
#[derive(Debug)]
pub(super) struct Guard {
    index: Index,
    /// Whose each client id is.
    owners: HashMap<ClientId, UserId>,
    crowds: Box<[u32]>,
    clients: usize,
}

impl Guard {
    /// The guard of an empty document whose client ids may be taken already.
    pub(super) fn new(bindings: &[(ClientId, UserId)]) -> Self {
        Self {
            index: Index::default(),
            owners: bindings.iter().copied().collect(),
            crowds: vec![0; 1 << CROWD_BITS].into_boxed_slice(),
            clients: 0,
        }
    }

    /// How far every client has come.
    pub(super) fn state_vector(&self) -> StateVector {
        self.index.state_vector()
    }

    /// The clock after the last struct of `client`.
    pub(super) fn known(&self, client: ClientId) -> u32 {
        self.index.known(client)
    }

    /// What was seen in a root.
    pub(super) fn seen_in(&self, root: &str) -> Seen {
        self.index.seen_in(root)
    }

    /// Takes `update` into the index, or says why not and leaves the index as it was.
    pub(super) fn admit(
        &mut self,
        update: &Update<'_>,
        writer: Writer,
    ) -> Result<Admitted, Refusal> {
        self.index.begin();
        let admitted = self.try_admit(update, writer);
        if admitted.is_err() {
            self.index.roll_back();
        }
        admitted
    }

    /// Takes back what was admitted last.
    pub(super) fn take_back(&mut self) {
        self.index.roll_back();
    }

    /// Makes the writer's what it was the first to use. Called once the update is in the document.
    pub(super) fn bind(&mut self, admitted: &Admitted, writer: Writer) {
        if let Writer::User(user) = writer {
            self.owners
                .extend(admitted.first_seen.iter().map(|client| (*client, user)));
        }
        for client in &admitted.first_seen {
            self.clients += 1;
            if let Some(crowd) = self.crowds.get_mut(crowd_of(*client)) {
                *crowd += 1;
            }
        }
    }

    fn try_admit(&mut self, update: &Update<'_>, writer: Writer) -> Result<Admitted, Refusal> {
        let mut admitted = Admitted::default();
        let mut fresh = Vec::new();
        for section in &update.sections {
            let known = self.index.known(section.client);
            if section.start > known {
                return Err(Refusal::Hole);
            }
            if section.start < known {
                admitted.repeated.push((section.client, section.start));
            }
            if section.end > known {
                if self.is_first_use(section.client, writer)? {
                    admitted.first_seen.push(section.client);
                }
                admitted.ends.push((section.client, section.end));
                fresh.push(section);
            }
        }
        Ordering::of(&fresh).run(&mut self.index, writer)?;
        for deletes in &update.deletes {
            let last = deletes.ranges.last().map_or(0, |(_, end)| *end);
            if last > self.index.known(deletes.client) {
                return Err(Refusal::Hole);
            }
        }
        Ok(admitted)
    }

    /// Whether `client` is new here; refuses one that is not the writer's.
    fn is_first_use(&self, client: ClientId, writer: Writer) -> Result<bool, Refusal> {
        let is_here = self.index.has(client);
        let Writer::User(user) = writer else {
            return Ok(!is_here);
        };
        match self.owners.get(&client) {
            Some(owner) if *owner == user => Ok(!is_here),
            // Nobody's, and here: what the server itself wrote.
            None if !is_here => {
                let crowd = self
                    .crowds
                    .get(crowd_of(client))
                    .copied()
                    .unwrap_or_default() as usize;
                if crowd < CROWD_MIN + self.clients / CROWD_MIN {
                    Ok(true)
                } else {
                    Err(Refusal::TooLarge("client ids that are alike"))
                }
            }
            Some(_) | None => Err(Refusal::ForeignClientId(client)),
        }
    }
}

fn crowd_of(client: ClientId) -> usize {
    usize::try_from(client & ((1 << CROWD_BITS) - 1)).unwrap_or(0)
}

/// The sections of one update on their way into the index.
struct Ordering<'a> {
    lines: Vec<Line<'a>>,
    of_client: HashMap<ClientId, usize>,
    /// Lines that can go on.
    ready: Vec<usize>,
    /// By client: lines that wait until it has passed a clock.
    waiting: HashMap<ClientId, BinaryHeap<Reverse<(u32, usize)>>>,
}

/// What is left of one section.
struct Line<'a> {
    client: ClientId,
    rest: Structs<'a>,
    /// A struct that waits.
    next: Option<(u32, Struct<'a>)>,
}

impl<'a> Ordering<'a> {
    fn of(sections: &[&Section<'a>]) -> Self {
        let line = |section: &&Section<'a>| Line {
            client: section.client,
            rest: section.structs(),
            next: None,
        };
        let number = |(number, section): (usize, &&Section<'a>)| (section.client, number);
        Self {
            lines: sections.iter().map(line).collect(),
            of_client: sections.iter().enumerate().map(number).collect(),
            ready: (0..sections.len()).collect(),
            waiting: HashMap::new(),
        }
    }

    fn run(mut self, index: &mut Index, writer: Writer) -> Result<(), Refusal> {
        let mut done = 0;
        while let Some(number) = self.ready.pop() {
            let Some(line) = self.lines.get_mut(number) else {
                continue;
            };
            let client = line.client;
            match line.advance(index, writer)? {
                None => done += 1,
                Some(missing) if self.of_client.contains_key(&missing.client) => {
                    let queue = self.waiting.entry(missing.client).or_default();
                    queue.push(Reverse((missing.clock, number)));
                }
                Some(_) => return Err(Refusal::Hole),
            }
            self.wake(client, index.known(client));
        }
        // Whoever still waits does so for what is not in the update either.
        if done == self.lines.len() {
            Ok(())
        } else {
            Err(Refusal::Hole)
        }
    }

    fn wake(&mut self, client: ClientId, known: u32) {
        let Some(queue) = self.waiting.get_mut(&client) else {
            return;
        };
        while let Some(Reverse((clock, number))) = queue.peek().copied() {
            if clock >= known {
                return;
            }
            queue.pop();
            self.ready.push(number);
        }
    }
}

impl Line<'_> {
    /// Takes structs into the index until one builds on something that is missing.
    fn advance(&mut self, index: &mut Index, writer: Writer) -> Result<Option<Id>, Refusal> {
        loop {
            let (clock, one) = match self.next.take() {
                Some(next) => next,
                None => match self.rest.next() {
                    Some(next) => next?,
                    None => return Ok(None),
                },
            };
            let known = index.known(self.client);
            if clock + one.len <= known {
                continue;
            }
            if let Some(missing) = one.missing(index) {
                if missing.client == self.client {
                    return Err(Refusal::Malformed(
                        "a struct builds on a later one of its client",
                    ));
                }
                self.next = Some((clock, one));
                return Ok(Some(missing));
            }
            // The unknown part of a struct follows its known part, whatever the struct says.
            let known_part = (clock < known).then(|| Id {
                client: self.client,
                clock: known - 1,
            });
            let (kind, place) = settle(index, &one, known_part, writer)?;
            index.append(self.client, clock + one.len - known, kind, place);
        }
    }
}

impl Struct<'_> {
    /// Something that must be there before this struct, and is not.
    fn missing(&self, index: &Index) -> Option<Id> {
        let Body::Item(item) = self.body else {
            return None;
        };
        let parent = match item.parent {
            Some(Parent::Item(id)) => Some(id),
            Some(Parent::Root(_)) | None => None,
        };
        [item.origin, item.right_origin, parent]
            .into_iter()
            .flatten()
            .find(|id| id.clock >= index.known(id.client))
    }
}

/// Where a struct belongs and what it is, or why it must not be there.
fn settle(
    index: &mut Index,
    one: &Struct<'_>,
    known_part: Option<Id>,
    writer: Writer,
) -> Result<(Kind, u32), Refusal> {
    let Body::Item(item) = one.body else {
        return Ok((Kind::Gone, NOWHERE));
    };
    let before = known_part
        .and_then(|id| index.at(id))
        .map_or(NOWHERE, |(_, place)| place);
    let place = match place_of(index, &item).and_then(|place| one_place(before, place)) {
        Ok(place) => place,
        Err(_) if writer == Writer::Journal => NOWHERE,
        Err(refusal) => return Err(refusal),
    };
    if let Err(refusal) = fits(index, place, &item.content, one.len)
        && writer != Writer::Journal
    {
        return Err(refusal);
    }
    let kind = match item.content {
        Content::Deleted => Kind::Gone,
        Content::Type { kind, .. } => Kind::Type {
            kind,
            depth: index.place(place).map_or(0, |place| place.depth),
        },
        Content::Binary(_)
        | Content::Text(_)
        | Content::Embed(_)
        | Content::Format { .. }
        | Content::Values(_) => Kind::Leaf,
    };
    Ok((kind, place))
}

fn place_of(index: &mut Index, item: &Item<'_>) -> Result<u32, Refusal> {
    match item.parent {
        Some(Parent::Root(name)) => {
            let root = index.root(name);
            Ok(index.place_in(Owner::Root(root), None, 0, item.key))
        }
        Some(Parent::Item(id)) => match index.at(id) {
            Some((Kind::Type { kind, depth }, _)) => Ok(index.place_in(
                Owner::Item(id),
                Some(kind),
                depth.saturating_add(1),
                item.key,
            )),
            // Deleted meanwhile: yrs collects what comes into it.
            Some((Kind::Gone, _)) => Ok(NOWHERE),
            Some((Kind::Leaf, _)) | None => {
                Err(Refusal::Wiring("a parent that cannot hold anything"))
            }
        },
        None if item.origin == item.right_origin => {
            Err(Refusal::Wiring("one neighbour on both sides"))
        }
        None => {
            let place = |id: Option<Id>| id.and_then(|id| index.at(id)).map(|(_, place)| place);
            one_place(
                place(item.origin).unwrap_or(NOWHERE),
                place(item.right_origin).unwrap_or(NOWHERE),
            )
        }
    }
}

/// The place that two neighbours share; what is nowhere has no say.
fn one_place(left: u32, right: u32) -> Result<u32, Refusal> {
    match (left, right) {
        (NOWHERE, place) | (place, NOWHERE) => Ok(place),
        (left, right) if left == right => Ok(left),
        _ => Err(Refusal::Wiring("neighbours that are not neighbours")),
    }
}

/// Whether `content` may be in `place`; notes in a root what it holds.
fn fits(index: &mut Index, place: u32, content: &Content<'_>, len: u32) -> Result<(), Refusal> {
    let Some(place) = index.place(place) else {
        return Ok(());
    };
    if let Content::Type { .. } = content
        && place.depth >= TYPE_DEPTH_MAX
    {
        return Err(Refusal::TooLarge("how deep shared types are nested"));
    }
    if matches!(content, Content::Deleted) {
        return Ok(());
    }
    let fits = if place.is_keyed {
        // A value of several clocks would be split, and a map key holds one value.
        len == 1 && fits_key(place.owner_kind, content)
    } else {
        match (place.owner_kind, place.owner) {
            (Some(kind), _) => fits_list(kind, content),
            (None, Owner::Root(root)) => return fits_root(index, root, content),
            (None, Owner::Item(_)) => false,
        }
    };
    if fits {
        Ok(())
    } else {
        Err(Refusal::Wiring("content that its parent cannot hold"))
    }
}

fn fits_key(owner: Option<TypeKind>, content: &Content<'_>) -> bool {
    let has_keys = match owner {
        None | Some(TypeKind::Map | TypeKind::Text | TypeKind::XmlElement | TypeKind::XmlText) => {
            true
        }
        Some(TypeKind::Array | TypeKind::XmlFragment) => false,
    };
    has_keys
        && matches!(
            content,
            Content::Values(_) | Content::Binary(_) | Content::Type { .. }
        )
}

fn fits_list(owner: TypeKind, content: &Content<'_>) -> bool {
    match owner {
        TypeKind::Map => false,
        TypeKind::Array => {
            matches!(
                content,
                Content::Values(_) | Content::Binary(_) | Content::Type { .. }
            )
        }
        TypeKind::Text | TypeKind::XmlText => matches!(
            content,
            Content::Text(_) | Content::Embed(_) | Content::Format { .. } | Content::Type { .. }
        ),
        TypeKind::XmlElement | TypeKind::XmlFragment => matches!(
            content,
            Content::Type {
                kind: TypeKind::XmlElement | TypeKind::XmlText,
                ..
            }
        ),
    }
}

/// A root is what is in it: text and values exclude each other, since no reader of one survives the
/// other.
fn fits_root(index: &mut Index, root: u32, content: &Content<'_>) -> Result<(), Refusal> {
    let (what, excludes) = match content {
        Content::Text(_) | Content::Embed(_) | Content::Format { .. } => (Seen::TEXT, Seen::VALUES),
        Content::Values(_) | Content::Binary(_) => (Seen::VALUES, Seen::TEXT),
        Content::Type {
            kind: TypeKind::XmlElement | TypeKind::XmlText,
            ..
        } => (Seen::XML, Seen::default()),
        Content::Type { .. } => (Seen::TYPES, Seen::default()),
        Content::Deleted => return Ok(()),
    };
    if index.seen(root).has(excludes) {
        return Err(Refusal::Wiring("text and values in one root"));
    }
    index.see(root, what);
    Ok(())
}
