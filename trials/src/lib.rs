//! Seeded input for convene, from honest to hostile, and the judges of what the server does with it.
//!
//! ```text
//! seed or script -> Dice -> a generator's case -> Judge -> Tally or Finding
//! ```
//!
//! A case is made of choices, and the same seed makes the same ones; `make fuzz` runs them by the
//! million, `make test` a few, and the targets of cargo-fuzz let a fuzzer make the choices. Read
//! [`judge`] first: it says what must hold.

pub mod dice;
pub mod finding;

pub mod reading;
pub mod wire;

pub mod judge;

mod client;
mod edits;

mod bulk;
mod history;
mod mutation;
mod sequence;
mod wiring;

pub mod control;
pub mod frames;
pub mod presence;

mod room;
mod yjs;

pub mod part;
pub mod progress;
