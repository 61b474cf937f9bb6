//! Everything of convene that crosses a wire, and nothing else: no sockets, storage or documents.

pub mod lib0;

pub mod error_code;
