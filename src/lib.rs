//! convene: a WebSocket-native collaboration server for event planning, on the Yjs protocols.

pub mod clock;
pub mod ids;

pub mod config;

pub mod auth;

pub mod storage;

pub mod error;
