//! A long text as one author types it: mostly onwards, with corrections and jumps.
//!
//! As many edits as the well-known trace of a LaTeX paper typed by its author: 182,315 insertions
//! and 77,463 deletions of single characters. The text itself is made up from a seed.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use yrs::{Doc, GetString, Options, Text, Transact};

use crate::update::{FIRST_CLIENT, ROOT};

/// Insertions and deletions.
pub(super) const INSERTIONS: usize = 182_315;
pub(super) const DELETIONS: usize = 77_463;

/// The updates, one an edit, and the text they end in.
pub(super) struct Trace {
    pub(super) updates: Vec<Vec<u8>>,
    pub(super) text: String,
}

/// Always the same trace.
pub(super) fn make() -> Result<Trace> {
    let doc = Doc::with_options(Options::with_client_id(yrs::block::ClientID::new(
        FIRST_CLIENT,
    )));
    let text = doc.get_or_insert_text(ROOT);
    let updates = Arc::new(Mutex::new(Vec::with_capacity(INSERTIONS + DELETIONS)));
    let sink = Arc::clone(&updates);
    doc.observe_update_v1("trace", move |_, event| {
        lock(&sink).push(event.update.clone());
    })
    .map_err(|error| anyhow!("the trace's document is busy: {error}"))?;
    let mut random = StdRng::seed_from_u64(7);
    let (mut inserts, mut deletes) = (INSERTIONS, DELETIONS);
    let (mut cursor, mut length) = (0_u32, 0_u32);
    while inserts + deletes > 0 {
        if random.random_bool(0.004) {
            cursor = random.random_range(0..=length);
        }
        let run = random.random_range(1..12_usize);
        let wants_delete = random.random_bool(0.3);
        for _ in 0..run {
            let mut txn = doc.try_transact_mut()?;
            let may_delete = deletes > 0 && cursor > 0;
            if may_delete && (wants_delete || inserts == 0) {
                cursor -= 1;
                text.remove_range(&mut txn, cursor, 1);
                (deletes, length) = (deletes - 1, length - 1);
            } else if inserts > 0 {
                let letter = char::from(random.random_range(b'a'..=b'z'));
                text.insert(&mut txn, cursor, letter.encode_utf8(&mut [0; 4]));
                cursor += 1;
                (inserts, length) = (inserts - 1, length + 1);
            } else {
                cursor = length;
            }
        }
    }
    let written = text.get_string(&doc.try_transact()?);
    let updates = std::mem::take(&mut *lock(&updates));
    Ok(Trace {
        updates,
        text: written,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
