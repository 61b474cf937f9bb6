//! What a process used, from `/proc`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// The kernel counts processor time in hundredths of a second on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// One look at a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Of all its threads.
    pub(crate) processor: Duration,
    /// Resident memory, in KiB.
    pub(crate) resident_kib: u64,
    /// The most it ever was.
    pub(crate) peak_kib: u64,
}

impl Usage {
    /// The processor time since `before`, which was `ago`, as a share of one core.
    pub(crate) fn cores_since(self, before: Self, ago: Duration) -> f64 {
        let used = self.processor.saturating_sub(before.processor);
        used.as_secs_f64() / ago.as_secs_f64()
    }
}

/// This process.
pub(crate) fn own() -> Result<Usage> {
    of(std::process::id())
}

/// The process `pid`.
pub(crate) fn of(pid: u32) -> Result<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} has ended"))?;
    // The name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')').context("a name")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks =
        |place: usize| -> Result<u64> { Ok(fields.get(place).context("a field")?.parse()?) };
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(Usage {
        processor: Duration::from_millis((ticks(11)? + ticks(12)?) * 1_000 / TICKS_PER_SECOND),
        resident_kib: kib(&status, "VmRSS:")?,
        peak_kib: kib(&status, "VmHWM:")?,
    })
}

fn kib(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find(|line| line.starts_with(name));
    let line = line.with_context(|| format!("no {name} for a process that has ended"))?;
    Ok(line
        .split_whitespace()
        .nth(1)
        .context("a number")?
        .parse()?)
}

/// Bytes that the files below `folder` take on the disk.
pub(crate) fn disk_bytes(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => disk_bytes(&entry.path()),
            Ok(data) => data.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}
