//! The control channel: JSON-RPC 2.0 in a text frame or a Hocuspocus stateless message.
//!
//! ```text
//! text -> parse_request -> Request{method} -> Request::params::<PlanCreate>() -> work
//!                                          <- Response::success / Response::failure
//! ```
//!
//! What each method takes and answers is beside its noun below; [`for_each_call!`](crate::for_each_call) and
//! [`for_each_notice!`](crate::for_each_notice) list them all.

/// Says which method takes these parameters and what it answers; `keyed` where it changes something and they
/// have an `idempotency_key`.
macro_rules! call {
    ($params:ty, $method:literal => $answer:ty) => {
        impl $crate::control::Call for $params {
            const METHOD: &'static str = $method;
            type Answer = $answer;
        }
    };
    ($params:ty, $method:literal => $answer:ty, keyed) => {
        impl $crate::control::Call for $params {
            const METHOD: &'static str = $method;
            type Answer = $answer;
            fn idempotency_key(&self) -> Option<&str> {
                self.idempotency_key.as_deref()
            }
        }
    };
}

/// Says which notification has these parameters.
macro_rules! notice {
    ($params:ty, $method:literal) => {
        impl $crate::control::Notice for $params {
            const METHOD: &'static str = $method;
        }
    };
}

pub mod session;

pub mod plan;

pub mod entity;

pub mod finding;

pub mod gate;

pub mod history;

pub mod audit;

pub mod proposal;

pub mod release;

pub mod event;

pub mod search;

pub mod transfer;

pub mod member;

pub mod agent;

pub mod document;

pub mod message;

#[cfg(feature = "schema")]
pub mod describe;

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

/// Hands the parameters of every method to a macro, as types: `for_each_call!(list)` is
/// `list! { session::Authenticate, plan::Create, … }` with full paths. This is the only list of methods there is.
///
/// The first one is what a socket answers itself; all others are work for the server's desk.
#[macro_export]
macro_rules! for_each_call {
    ($macro:ident) => {
        $macro! {
            $crate::control::session::Authenticate,
            $crate::control::plan::Create,
            $crate::control::plan::List,
            $crate::control::plan::Get,
            $crate::control::plan::Update,
            $crate::control::plan::Archive,
            $crate::control::plan::Restore,
            $crate::control::plan::Duplicate,
            $crate::control::plan::Squash,
            $crate::control::plan::Delete,
            $crate::control::plan::Content,
            $crate::control::plan::Edit,
            $crate::control::finding::Find,
            $crate::control::finding::Dismiss,
            $crate::control::finding::Reopen,
            $crate::control::search::Query,
            $crate::control::history::List,
            $crate::control::history::Diff,
            $crate::control::history::Name,
            $crate::control::history::Restore,
            $crate::control::history::Undo,
            $crate::control::audit::List,
            $crate::control::audit::Verify,
            $crate::control::release::Publish,
            $crate::control::release::Preview,
            $crate::control::release::List,
            $crate::control::release::Get,
            $crate::control::release::ListOutbox,
            $crate::control::release::MarkSent,
            $crate::control::event::Subscribe,
            $crate::control::transfer::Begin,
            $crate::control::transfer::Append,
            $crate::control::transfer::Import,
            $crate::control::transfer::Export,
            $crate::control::entity::List,
            $crate::control::entity::Get,
            $crate::control::entity::Add,
            $crate::control::entity::Update,
            $crate::control::entity::Archive,
            $crate::control::entity::Restore,
            $crate::control::member::List,
            $crate::control::member::SetRole,
            $crate::control::member::Invite,
            $crate::control::member::Accept,
            $crate::control::member::Remove,
            $crate::control::proposal::Open,
            $crate::control::proposal::Edit,
            $crate::control::proposal::Submit,
            $crate::control::proposal::Get,
            $crate::control::proposal::List,
            $crate::control::proposal::Watch,
            $crate::control::proposal::RequestChanges,
            $crate::control::proposal::Decide,
            $crate::control::proposal::Withdraw,
            $crate::control::proposal::Rebase,
            $crate::control::proposal::Undo,
            $crate::control::gate::List,
            $crate::control::gate::Request,
            $crate::control::gate::Approve,
            $crate::control::gate::Reject,
            $crate::control::agent::Create,
            $crate::control::agent::List,
            $crate::control::agent::Revoke,
            $crate::control::document::WatchHash,
        }
    };
}

/// Hands the parameters of every notification to a macro, like [`for_each_call!`](crate::for_each_call).
#[macro_export]
macro_rules! for_each_notice {
    ($macro:ident) => {
        $macro! {
            $crate::control::document::Reset,
            $crate::control::document::Hash,
            $crate::control::plan::ReadOnly,
            $crate::control::plan::SizeWarning,
            $crate::control::member::Changed,
            $crate::control::event::PlanChanged,
            $crate::control::event::PlanImported,
            $crate::control::event::MembersChanged,
            $crate::control::event::FindingsChanged,
            $crate::control::proposal::Changed,
            $crate::control::proposal::ClassesChanged,
            $crate::control::proposal::Progress,
            $crate::control::gate::Changed,
        }
    };
}

macro_rules! name_methods {
    ($($call:ty),+ $(,)?) => {
        /// Every method a client may call.
        pub const METHODS: &[&str] = &[$(<$call as Call>::METHOD),+];
    };
}

for_each_call!(name_methods);

macro_rules! name_notifications {
    ($($notice:ty),+ $(,)?) => {
        /// Every notification the server may send.
        pub const NOTIFICATIONS: &[&str] = &[$(<$notice as Notice>::METHOD),+];
    };
}

for_each_notice!(name_notifications);

/// An answer with nothing to say but that it was done: `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Done {}
