//! What the disk alone takes to keep something: no server that waits for it can be faster.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::time::Instant;

use crate::client::empty;

/// A page of a database.
const BYTES: usize = 4_096;
const TIMES: usize = 1_000;

/// Appends a page to a file in `folder` and waits until it is kept, again and again: in microseconds.
pub(crate) async fn keep_pages(folder: &Path) -> Result<Histogram<u64>> {
    let path = folder.join("pages");
    tokio::task::spawn_blocking(move || {
        let mut file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(&path)?;
        let mut times = empty()?;
        for _ in 0..TIMES {
            let start = Instant::now();
            file.write_all(&[7; BYTES])?;
            file.sync_data()?;
            times.saturating_record(u64::try_from(start.elapsed().as_micros())?);
        }
        std::fs::remove_file(path)?;
        Ok(times)
    })
    .await?
}
