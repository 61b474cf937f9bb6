//! What the integration tests share: servers, databases, accounts and clients.

pub(crate) mod postgres;
