//! Everything of convene that crosses a wire, and nothing else: no sockets, storage or documents.
//!
//! `SPEC.md` beside this crate says it for people; the modules below stand in reading order: the
//! bytes (`lib0`), the errors, what a peer says (`frame`), how each dialect writes it, then JSON.

#![warn(missing_docs)]

pub mod lib0;

pub mod error_code;

pub mod frame;

pub mod ywebsocket;

pub mod hocuspocus;

pub mod awareness;

pub mod control;

pub mod rest;
