//! What a frame declares costs nothing until it is there: the memory of every decoder is bounded by
//! the size of its input.

use bytes::Bytes;
use convene_protocol::lib0::{write_var_string, write_var_uint};
use convene_protocol::{awareness, control, hocuspocus, ywebsocket};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What a decoder may take above its input for a message of any size.
const SLACK: usize = 4 << 10;

/// How much more than before is in use at the most while `work` runs.
fn peak_of<T>(work: impl FnOnce() -> T) -> usize {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    drop(work());
    MEMORY.peak_usage().saturating_sub(before)
}

/// `prefix`, then an integer as large as one can be: a length or count that nothing follows.
fn declares(prefix: &[u8], count: u64) -> Bytes {
    let mut frame = prefix.to_vec();
    write_var_uint(&mut frame, count);
    frame.extend([1; 8]);
    frame.into()
}

/// Awareness of as many of the shortest entries as fit into `bytes`.
fn crowd(bytes: usize) -> Vec<u8> {
    let count = bytes / 5;
    let mut out = Vec::with_capacity(bytes + 16);
    write_var_uint(&mut out, count as u64);
    out.extend([1, 1, 2, b'{', b'}'].repeat(count));
    out
}

// One test: the allocator counts for the whole process.
#[test]
fn no_declared_count_reserves_memory() {
    for count in [1 << 20, 1 << 27, 1 << 28, 1 << 40, (1 << 53) - 1] {
        for prefix in [&[][..], &[0, 0], &[0, 1], &[0, 2], &[1], &[2, 0]] {
            let frame = declares(prefix, count);
            assert!(peak_of(|| ywebsocket::decode(&frame)) < SLACK, "{frame:?}");
            let mut addressed = vec![1, b'p'];
            addressed.extend_from_slice(&frame);
            for frame in [frame, addressed.into()] {
                assert!(peak_of(|| hocuspocus::decode(&frame)) < SLACK, "{frame:?}");
                assert!(peak_of(|| awareness::decode(&frame)) < SLACK, "{frame:?}");
            }
        }
    }

    // Entries are borrowed: 32 bytes for each of five, up to the limit of entries and nothing above.
    let small = crowd(100_000);
    assert!(peak_of(|| awareness::decode(&small)) < small.len() * 7);
    let large = crowd(24 << 20);
    assert!(peak_of(|| awareness::decode(&large)) < SLACK);

    let nested = format!("{{\"a\":{}", "[".repeat(1 << 20));
    let mut update = vec![1, 7, 1];
    write_var_string(&mut update, &nested);
    assert!(peak_of(|| awareness::decode(&update)) < SLACK);

    let packed = Bytes::from(vec![3; 24 << 20]);
    assert!(peak_of(|| ywebsocket::decode(&packed)) < 2 * SLACK);

    for text in [
        format!(
            r#"{{"jsonrpc":"2.0","method":"m","params":{{"a":{}"#,
            "[".repeat(1 << 20)
        ),
        format!(
            r#"{{"jsonrpc":"2.0","method":"m","params":{{"a":"{}"}}}}"#,
            "x".repeat(1 << 20)
        ),
        format!("[{}]", "{},".repeat(1 << 18)),
    ] {
        let peak = peak_of(|| control::parse_request(&text));
        assert!(peak <= 3 * text.len() + SLACK, "{peak} for {}", text.len());
    }
}
