//! Wires the parts together, and takes them apart in the right order.
//!
//! Start: storage, journal, rooms, doors. Stop: the health check turns, the doors close, sockets
//! close in waves, rooms commit what they hold and leave memory, the journal ends, storage closes.

use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use convene_protocol::error_code::ErrorCode;
use rand::seq::SliceRandom;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::token::Tokens;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::Desk;
use crate::http::{self, HttpState, HttpParts, LiveSessions};
use crate::ids::{FamilyId, UserId};
use crate::room::outbox::Ending;
use crate::room::registry::{Registry, RegistryParts};
use crate::session::directory::Directory;
use crate::session::upgrade::{self, SessionState};
use crate::storage::Storage;
use crate::storage::journal_writer::JournalWriter;

/// How long rooms may take to commit what they hold once their sockets are closed.
const ROOMS_END_WITHIN: Duration = Duration::from_secs(10);
/// Waves in which sockets are closed, so that clients do not all come back at once.
const WAVES: u32 = 10;
/// How often what has run out is deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);
