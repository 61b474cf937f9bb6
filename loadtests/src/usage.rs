//! What a process used, from `/proc`.

use std::fs;
use std::iter::Sum;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// The kernel counts processor time in hundredths of a second on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// One look at a process, or at several together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Of all its threads.
    pub(crate) processor: Duration,
    /// Resident memory, in KiB.
    pub(crate) resident_kib: u64,
    /// The most it ever was; of several, the sum of the most of each.
    pub(crate) peak_kib: u64,
}

impl Usage {
    /// The processor time since `before`, which was `ago`, as a share of one core.
    pub(crate) fn cores_since(self, before: Self, ago: Duration) -> f64 {
        let used = self.processor.saturating_sub(before.processor);
        used.as_secs_f64() / ago.as_secs_f64()
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            processor: sum.processor + one.processor,
            resident_kib: sum.resident_kib + one.resident_kib,
            peak_kib: sum.peak_kib + one.peak_kib,
        })
    }
}

/// This process.
pub(crate) fn own() -> Result<Usage> {
    of(std::process::id())
}

/// The process `pid`.
pub(crate) fn of(pid: u32) -> Result<Usage> {
    let stat = Stat::of(pid)?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(Usage {
        processor: stat.own,
        resident_kib: kib(&status, "VmRSS:")?,
        peak_kib: kib(&status, "VmHWM:")?,
    })
}

/// Processor time of the process `pid` and of those it started, whether they still run or have ended:
/// PostgreSQL has one for each connection.
pub(crate) fn family(pid: u32) -> Result<Duration> {
    let parent = Stat::of(pid)?;
    let others = fs::read_dir("/proc")?.filter_map(|entry| {
        let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
        // One that ends meanwhile counts for its parent the next time.
        Stat::of(pid).ok()
    });
    let children = others.filter(|other| other.parent == pid);
    Ok(parent.own + parent.ended + children.map(|child| child.own).sum::<Duration>())
}

/// What the kernel says of a process in one line.
struct Stat {
    parent: u32,
    /// Processor time of all its threads.
    own: Duration,
    /// That of the processes it started and that have ended.
    ended: Duration,
}

impl Stat {
    fn of(pid: u32) -> Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
            .with_context(|| format!("process {pid} has ended"))?;
        // The name, in parentheses, may hold anything.
        let (_, fields) = stat.rsplit_once(')').context("a name")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let number =
            |place: usize| -> Result<u64> { Ok(fields.get(place).context("a field")?.parse()?) };
        let time = |ticks: u64| Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND);
        Ok(Self {
            parent: u32::try_from(number(1)?)?,
            own: time(number(11)? + number(12)?),
            ended: time(number(13)? + number(14)?),
        })
    }
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

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Instant;

    use super::*;

    fn wait_until(what: &str, condition: impl Fn() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < Duration::from_secs(20), "{what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn the_time_of_a_family_holds_that_of_its_children_also_when_they_have_ended() {
        let busy = "sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'; read line";
        let mut parent = Command::new("sh")
            .args(["-c", busy])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = parent.id();
        let least = Duration::from_millis(50);
        let ended = || Stat::of(pid).unwrap().ended;
        let has_worked = || family(pid).unwrap() >= least;
        wait_until("the child works", has_worked);
        wait_until("the child has ended", || ended() >= least);
        assert!(has_worked());
        assert!(of(pid).unwrap().processor < least);
        drop(parent.stdin.take());
        parent.wait().unwrap();
    }
}
