//! One socket: who is behind it, which plans it has open, and its frames in and out.
//!
//! ```text
//! upgrade -> SocketTask --bytes--> Speaker (y-websocket | Hocuspocus) --Input--> RoomHandle
//!                ^                     |-- control request --> control::Desk
//!                +---- frames ---- Outbox <---------------------- room, control
//! ```
//!
//! [`upgrade`] checks the origin and finds the token, `SocketTask` moves frames and keeps
//! the limits, a speaker knows one dialect, and an `Attachment` is one plan opened
//! with one principal: what the rest of the server calls a session. Sockets wait for rooms; rooms
//! never wait for sockets.

pub mod credentials;
pub mod origin;
pub mod rate_limit;

pub mod directory;

mod attachment;
mod requests;

mod hocuspocus;
mod speaker;
mod ywebsocket;

mod task;
pub mod upgrade;
