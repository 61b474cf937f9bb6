//! Awareness updates of several sessions on one board: a byte says whose, another how long it is.

#![no_main]

use convene_trials::presence::Board;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut board = Board::default();
    let mut rest = input;
    while let [session, len, after @ ..] = rest {
        let (update, after) = after.split_at(usize::from(*len).min(after.len()));
        rest = after;
        let session = usize::from(*session);
        let outcome = if update.is_empty() {
            board.leave(session % 5)
        } else {
            board.announce(session % 5, update)
        };
        if let Err(finding) = outcome {
            panic!("{finding}");
        }
    }
});
