//! When each edit was sent, and from which node, shared by those who send and those who receive.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use crate::update::{FIRST_CLIENT, Span};

/// The times of one run.
#[derive(Debug)]
pub(crate) struct Ledger {
    start: Instant,
    chars: usize,
    writers: Vec<Writer>,
}

#[derive(Debug)]
struct Writer {
    node: usize,
    count: AtomicUsize,
    /// Nanoseconds since the start, by edit; at least 1 once it is sent.
    sent: Vec<AtomicU64>,
}

impl Ledger {
    /// For `writers` that send at most `edits` edits of `chars` characters each.
    pub(crate) fn new(writers: usize, edits: usize, chars: usize) -> Self {
        Self::of_writers(std::iter::repeat_n(0, writers), edits, chars)
    }

    /// The same for writers each of whom is connected to the node given.
    pub(crate) fn of_writers(
        nodes: impl Iterator<Item = usize>,
        edits: usize,
        chars: usize,
    ) -> Self {
        let writers = nodes
            .map(|node| Writer {
                node,
                count: AtomicUsize::new(0),
                sent: (0..edits).map(|_| AtomicU64::new(0)).collect(),
            })
            .collect();
        Self {
            start: Instant::now(),
            chars,
            writers,
        }
    }

    /// The length of an edit.
    pub(crate) fn chars(&self) -> usize {
        self.chars
    }

    /// Notes that `writer` sends its next edit now, and gives its number; `None` when its share is
    /// used up.
    pub(crate) fn send(&self, writer: usize) -> Option<usize> {
        let writer = self.writers.get(writer)?;
        let number = writer.count.load(Ordering::Relaxed);
        writer
            .sent
            .get(number)?
            .store(self.now(), Ordering::Relaxed);
        writer.count.store(number + 1, Ordering::Release);
        Some(number)
    }

    /// Whether `writer` is connected to `node`.
    pub(crate) fn is_at(&self, writer: usize, node: usize) -> bool {
        self.writers
            .get(writer)
            .is_some_and(|writer| writer.node == node)
    }

    /// How many edits `writer` has sent.
    pub(crate) fn sent(&self, writer: usize) -> usize {
        self.writers
            .get(writer)
            .map_or(0, |writer| writer.count.load(Ordering::Acquire))
    }

    /// Nanoseconds since the edits that end inside `span` were sent, one by one, with their writer.
    pub(crate) fn ages(&self, span: Span, mut each: impl FnMut(usize, usize, u64)) {
        let Some(writer) = span.client.checked_sub(FIRST_CLIENT) else {
            return;
        };
        let Ok(writer) = usize::try_from(writer) else {
            return;
        };
        let chars = self.chars as u64;
        let (first, end) = (span.clock / chars, (span.clock + span.chars) / chars);
        for number in first..end {
            let number = usize::try_from(number).unwrap_or(usize::MAX);
            if let Some(age) = self.age(writer, number) {
                each(writer, number, age);
            }
        }
    }

    /// Nanoseconds since one edit was sent, if it was.
    pub(crate) fn age(&self, writer: usize, number: usize) -> Option<u64> {
        let sent = self.writers.get(writer)?.sent.get(number)?;
        let sent = sent.load(Ordering::Relaxed);
        (sent > 0).then(|| self.now().saturating_sub(sent))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos())
            .unwrap_or(u64::MAX)
            .max(1)
    }
}
