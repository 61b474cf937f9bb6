//! The control channel: JSON-RPC 2.0 in a text frame or a Hocuspocus stateless message.
//!
//! ```text
//! text -> parse_request -> Request{method} -> Request::params::<PlanCreate>() -> work
//!                                          <- Response::success / Response::failure
//! ```
//!
//! What each method takes and answers is beside its noun below; [`METHODS`] and [`NOTIFICATIONS`]
//! list them all.

pub mod session;

pub mod plan;

pub mod entity;

pub mod finding;

pub mod transfer;

pub mod member;

pub mod document;

pub mod message;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use message::{CallId, Request, Response, RpcFailure, notification, notify, parse_request};

/// The longest idempotency key, in bytes.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 128;

/// The parameters of a method, which name the method and its answer.
pub trait Call: Serialize + DeserializeOwned {
    /// The method, as sent.
    const METHOD: &'static str;
    /// What a success answers.
    type Answer: Serialize + DeserializeOwned;
    /// The client's key of a method that changes something: repeated within a day it gets the first
    /// answer again instead of a second change.
    fn idempotency_key(&self) -> Option<&str> {
        None
    }
}

/// The parameters of a notification, which name it.
pub trait Notice: Serialize + DeserializeOwned {
    /// The method, as sent.
    const METHOD: &'static str;
}

/// Every method a client may call.
pub const METHODS: [&str; 22] = [
    session::Authenticate::METHOD,
    plan::Create::METHOD,
    plan::List::METHOD,
    plan::Get::METHOD,
    plan::Delete::METHOD,
    plan::Content::METHOD,
    plan::Edit::METHOD,
    finding::Find::METHOD,
    transfer::Begin::METHOD,
    transfer::Append::METHOD,
    transfer::Import::METHOD,
    transfer::Export::METHOD,
    entity::List::METHOD,
    entity::Get::METHOD,
    entity::Add::METHOD,
    entity::Update::METHOD,
    entity::Archive::METHOD,
    entity::Restore::METHOD,
    member::List::METHOD,
    member::SetRole::METHOD,
    member::Remove::METHOD,
    document::WatchHash::METHOD,
];

/// Every notification the server may send.
pub const NOTIFICATIONS: [&str; 5] = [
    document::Reset::METHOD,
    document::Hash::METHOD,
    plan::ReadOnly::METHOD,
    plan::SizeWarning::METHOD,
    member::Changed::METHOD,
];

/// An answer with nothing to say but that it was done: `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
pub struct Done {}
