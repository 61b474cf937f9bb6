//! What somebody who comes anew gets of a document.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use tokio::time::{Instant, sleep};
use yrs::updates::decoder::Decode;
use yrs::{Doc, GetString, Transact, Update};

use crate::client::{Client, Habits, Keeps};
use crate::ledger::Ledger;
use crate::place::Place;
use crate::update::ROOT;

/// A text to which nothing came for so long does not grow any more.
const QUIET: Duration = Duration::from_secs(1);
/// How long a server may take to show what it has.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A document's text, and when the last of it came.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) text: String,
    pub(crate) took: Duration,
}

/// Opens a document and reads it until it `is_whole`, or does not grow any more: some servers answer
/// before they have loaded anything, and send the document as an update later.
pub(crate) async fn read(
    place: &Place,
    ledger: &Arc<Ledger>,
    is_whole: impl Fn(&str) -> bool,
) -> Result<Reading> {
    let start = Instant::now();
    let habits = Habits {
        keeps: Keeps::Updates,
        ..Habits::default()
    };
    let client = Client::join(place, habits, ledger).await?;
    let (mut kept, mut came, mut text) = (0, start, String::new());
    loop {
        if client.tally.kept() > kept {
            // Making a text of it is this tool's time.
            came = Instant::now();
            let updates = client.tally.updates();
            kept = updates.len();
            text = text_of(&updates)?;
            if is_whole(&text) {
                break;
            }
        }
        let is_quiet = !text.is_empty() && came.elapsed() > QUIET;
        if is_quiet || start.elapsed() > PATIENCE {
            break;
        }
        sleep(LOOK_AGAIN).await;
    }
    Ok(Reading {
        text,
        took: came.duration_since(start),
    })
}

/// The text that updates make.
pub(crate) fn text_of(updates: &[Bytes]) -> Result<String> {
    let doc = Doc::new();
    let text = doc.get_or_insert_text(ROOT);
    for update in updates {
        let update = Update::decode_v1(update)?;
        doc.try_transact_mut()?.apply_update(update)?;
    }
    let txn = doc.try_transact()?;
    Ok(text.get_string(&txn))
}
