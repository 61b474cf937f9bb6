//! The integration tests: real servers, real databases and the published clients.

mod meeting;
mod storage;
mod support;
