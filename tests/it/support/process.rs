//! Processes that tests start: signals, what they cost, and where the tools are.

use std::path::PathBuf;
use std::process::Command;

/// The server under test, built with the tests.
pub(crate) const CONVENE: &str = env!("CARGO_BIN_EXE_convene");

/// A file that `make test-tools` set up.
pub(crate) fn test_tool(path: &str) -> PathBuf {
    let target = PathBuf::from(CONVENE).ancestors().nth(2).map(PathBuf::from);
    let tool = target
        .expect("the binary lies in target/<profile>")
        .join("test-tools")
        .join(path);
    assert!(
        tool.exists(),
        "{} is missing: run `make test-tools`",
        tool.display()
    );
    tool
}

/// A file of this repository.
pub(crate) fn repository_file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Sends a signal, `TERM`, `STOP` or `CONT`, to a process that a test started.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status();
    assert!(
        sent.expect("kill can be run").success(),
        "process {pid} did not take {name}"
    );
}

/// The processes that `pid` started and that still run.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let list = list.expect("the process lives");
    list.split_whitespace()
        .map(|child| child.parse().expect("a number"))
        .collect()
}

/// A line of `/proc/<pid>/status` in bytes.
fn status_bytes(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .expect("Linux counts it");
    let kib = line.trim_start_matches(':').trim().trim_end_matches(" kB");
    kib.parse::<u64>().expect("a number of KiB") * 1024
}

/// The most memory the process has held since the last [`forget_peak_memory`].
pub(crate) fn peak_memory(pid: u32) -> u64 {
    status_bytes(pid, "VmHWM")
}

/// Begins to count the peak anew, at what the process holds now, which is given back.
pub(crate) fn forget_peak_memory(pid: u32) -> u64 {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("the process is ours");
    status_bytes(pid, "VmRSS")
}
