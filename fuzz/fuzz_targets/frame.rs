//! Any bytes as a frame of either dialect, and what the frame carries.

#![no_main]

use convene_trials::frames::judge;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &[u8]| {
    if let Err(finding) = judge(frame) {
        panic!("{finding}");
    }
});
