//! convene: a WebSocket-native collaboration server for event planning, on the Yjs protocols.
//!
//! To understand it in half an hour read, in this order: `protocol/SPEC.md`, then [`document`],
//! [`room`] with its [`input`](room::input), [`effect`](room::effect) and [`core`](room::core),
//! then `session/task.rs`, then [`storage::journal`], and for several nodes [`relay`]. `ARCHITECTURE.md` has the picture and the
//! invariants. Modules are declared from the lowest layer up; imports point down only.

pub mod clock;
pub mod ids;

pub mod config;
pub mod telemetry;

pub mod auth;

pub mod document;

pub mod relay;
pub mod storage;

pub mod room;

pub mod events;
pub mod history;
pub mod search;

pub mod error;

pub mod accounts;
pub mod control;
pub mod session;

pub mod http;

pub mod app;
pub mod demo;
