//! Indexes one plan: reads it, finds what is other than in the index, and writes that in small steps.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use convene_plan::content::Content;
use convene_plan::search::{entries, folded_text};
use tokio::task::JoinError;

use crate::room::ask::{Ask, EditRefused, Reading, Reply};
use crate::room::handle::JoinRefused;
use crate::room::registry::Registry;
use crate::storage::search::{Behind, Entry, Indexed, NewEntry, Place, Step};
use crate::storage::{Storage, StorageError};

/// How long a room may take to answer: it loads first, and answers only what is committed.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Entries of one step: the journal waits for so many at most on SQLite, which has one writer.
const STEP_ENTRIES_MAX: usize = 32;
/// Bytes of one step; a larger entry goes alone.
const STEP_BYTES_MAX: usize = 64 << 10;
/// The longest id that is indexed, in bytes: who makes up longer ones does without.
const ID_BYTES_MAX: usize = 256;

/// Why a plan is not indexed now.
#[derive(Debug, thiserror::Error)]
pub(super) enum CannotIndex {
    /// The index could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// There is no room to ask.
    #[error(transparent)]
    Room(#[from] JoinRefused),
    /// The room does not say what the plan holds.
    #[error(transparent)]
    Refused(#[from] EditRefused),
    /// The room does not answer.
    #[error("its room does not answer")]
    Silent,
    /// A thread of this program panicked.
    #[error(transparent)]
    Panicked(#[from] JoinError),
}

/// Asks the plan's room what the plan holds.
pub(super) async fn read(registry: &Registry, behind: &Behind) -> Result<Reading, CannotIndex> {
    let asked = registry.ask(behind.plan, Ask::Read);
    let answered = tokio::time::timeout(ANSWER_MAX, asked).await;
    match answered.map_err(|_| CannotIndex::Silent)?? {
        Reply::Content(reading) => Ok(reading),
        Reply::Refused(refused) => Err(refused.into()),
    }
}

/// Brings the index of a plan up to what the plan holds, and answers how many entries were written or
/// removed. When somebody else does the same at the same time, one of them stops.
pub(super) async fn write(
    storage: &Storage,
    behind: &Behind,
    Reading { content, seq }: Reading,
) -> Result<usize, CannotIndex> {
    let indexed = storage.find_indexed(behind.plan).await?;
    // The epoch is that of the look, and may be newer than the room's: then its row is not, and the plan
    // stays behind until it is read with the first row of the epoch in it.
    if indexed.covers(behind.epoch, seq) {
        return Ok(0);
    }
    let mut revision = indexed.revision;
    let Changes { put, take } =
        tokio::task::spawn_blocking(move || Changes::between(&content, &indexed)).await?;
    let mut written = 0;
    let mut steps = steps(put, &take);
    while let Some((put, take)) = steps.pop() {
        let put = tokio::task::spawn_blocking(move || put.into_iter().map(fold).collect());
        let put: Vec<NewEntry> = put.await?;
        let step = Step {
            plan: behind.plan,
            revision,
            put: &put,
            take: &take,
            reached: steps.is_empty().then_some((behind.epoch, seq)),
        };
        match storage.write_search(&step).await? {
            Some(next) => revision = next,
            // Another node; the next look says whether anything is left.
            None => break,
        }
        written += put.len() + take.len();
    }
    let count = u64::try_from(written).unwrap_or(u64::MAX);
    metrics::counter!("convene_search_indexed_total").increment(count);
    Ok(written)
}

/// In what a plan differs from its index.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    put: Vec<Entry>,
    take: Vec<Place>,
}

impl Changes {
    fn between(content: &Arc<Content>, indexed: &Indexed) -> Self {
        let (mut put, mut there) = (Vec::new(), HashSet::new());
        for entry in entries(content) {
            let place = Place {
                root: entry.root.to_owned(),
                id: entry.id,
            };
            if place.id.len() > ID_BYTES_MAX || place.id.contains('\0') {
                continue;
            }
            let entry = Entry {
                place: place.clone(),
                title: entry.title.replace('\0', " "),
                body: entry.body.replace('\0', " "),
                archived: entry.archived,
            };
            if !indexed.has(&place, &entry.digest()) {
                put.push(entry);
            }
            there.insert(place);
        }
        let gone = indexed.entries.keys().filter(|it| !there.contains(*it));
        Self {
            put,
            take: gone.cloned().collect(),
        }
    }
}

/// What is written together, the last first; at least one step, with which the row is noted.
fn steps(put: Vec<Entry>, take: &[Place]) -> Vec<(Vec<Entry>, Vec<Place>)> {
    let mut steps = vec![(Vec::new(), Vec::new())];
    let mut bytes = 0;
    for entry in put {
        bytes += entry.title.len() + entry.body.len();
        if let Some((last, _)) = steps.last_mut()
            && (last.is_empty() || (last.len() < STEP_ENTRIES_MAX && bytes <= STEP_BYTES_MAX))
        {
            last.push(entry);
        } else {
            bytes = entry.title.len() + entry.body.len();
            steps.push((vec![entry], Vec::new()));
        }
    }
    for places in take.chunks(STEP_ENTRIES_MAX) {
        steps.push((Vec::new(), places.to_vec()));
    }
    steps
}

fn fold(entry: Entry) -> NewEntry {
    NewEntry {
        digest: entry.digest(),
        title_words: folded_text(&entry.title),
        body_words: folded_text(&entry.body),
        entry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: usize, bytes: usize) -> Entry {
        Entry {
            place: place(number),
            title: String::new(),
            body: "x".repeat(bytes),
            archived: false,
        }
    }

    fn place(number: usize) -> Place {
        Place {
            root: "sessions".to_owned(),
            id: format!("se_{number}"),
        }
    }

    #[test]
    fn a_step_is_small_and_everything_is_in_one() {
        for (count, bytes, gone) in [
            (0, 0, 0),
            (1, 0, 0),
            (64, 1, 1),
            (65, 1, 65),
            (9, 20_000, 0),
            (3, 100_000, 200),
        ] {
            let put: Vec<Entry> = (0..count).map(|number| entry(number, bytes)).collect();
            let take: Vec<Place> = (0..gone).map(place).collect();
            let steps = steps(put.clone(), &take);
            assert!(!steps.is_empty());
            for (put, take) in &steps {
                let all: usize = put.iter().map(|it| it.body.len()).sum();
                assert!(put.len() + take.len() <= STEP_ENTRIES_MAX);
                assert!(all <= STEP_BYTES_MAX || put.len() == 1);
            }
            let (all_put, all_take): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
            assert_eq!((all_put.concat(), all_take.concat()), (put, take));
        }
    }
}
