//! What the integration tests share: servers, databases, accounts and clients.

pub(crate) mod account;
pub(crate) mod balancer;
pub(crate) mod browser;
pub(crate) mod cluster;
pub(crate) mod converge;
pub(crate) mod crowd;
pub(crate) mod cut;
pub(crate) mod database;
pub(crate) mod driver;
pub(crate) mod engine;
pub(crate) mod notes;
pub(crate) mod operator;
pub(crate) mod page;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod redis;
pub(crate) mod resp;
pub(crate) mod rest;
pub(crate) mod rounds;
pub(crate) mod server;
pub(crate) mod until;
