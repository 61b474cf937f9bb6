//! Takes the structs of an update in an order in which everything they build on is there first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::guard::Writer;
use super::index::Index;
use super::placing::settle;
use super::wire::{Body, Id, Parent, Section, Struct, Structs};
use super::{ClientId, Refusal};

/// The sections of one update on their way into the index.
pub(super) struct Ordering<'a> {
    lines: Vec<Line<'a>>,
    of_client: HashMap<ClientId, usize>,
    /// Lines that can go on.
    ready: Vec<usize>,
    /// By client: lines that wait until it has passed a clock.
    waiting: HashMap<ClientId, BinaryHeap<Reverse<(u32, usize)>>>,
    /// Structs to be collected.
    torn: Vec<Id>,
}

/// What is left of one section.
struct Line<'a> {
    client: ClientId,
    rest: Structs<'a>,
    /// A struct that waits.
    next: Option<(u32, Struct<'a>)>,
}

impl<'a> Ordering<'a> {
    pub(super) fn of(sections: &[&Section<'a>]) -> Self {
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
            torn: Vec::new(),
        }
    }

    /// Takes all of them; names those that are to be collected.
    pub(super) fn run(mut self, index: &mut Index, writer: Writer) -> Result<Vec<Id>, Refusal> {
        let mut done = 0;
        while let Some(number) = self.ready.pop() {
            let Some(line) = self.lines.get_mut(number) else {
                continue;
            };
            let client = line.client;
            match line.advance(index, writer, &mut self.torn)? {
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
            Ok(self.torn)
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
    fn advance(
        &mut self,
        index: &mut Index,
        writer: Writer,
        torn: &mut Vec<Id>,
    ) -> Result<Option<Id>, Refusal> {
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
            let settled = settle(index, &one, known_part, writer)?;
            if settled.is_torn {
                torn.push(Id {
                    client: self.client,
                    clock,
                });
            }
            let len = clock + one.len - known;
            index.append(self.client, len, settled.kind, settled.place);
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
