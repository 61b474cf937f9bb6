//! Any text as a request of the control channel.

#![no_main]

use convene_trials::control::judge;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(finding) = judge(text) {
        panic!("{finding}");
    }
});
