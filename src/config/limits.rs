//! What is bounded, and by how much.

use std::time::Duration;

use super::ConfigError;
use super::vars::Vars;

/// What is bounded, and by how much. What happens at each limit is in the protocol's SPEC.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// `CONVENE_FRAME_BYTES_MAX`: one WebSocket message after authentication. Holds a first upload
    /// or the sync step 2 of a long time offline.
    pub frame_bytes_max: usize,
    /// `CONVENE_UNAUTHENTICATED_BYTES_MAX`: everything a socket may send before a good token.
    pub unauthenticated_bytes_max: usize,
    /// `CONVENE_UNAUTHENTICATED_FRAMES_MAX`: ten plans on one provider send 30 before hearing back.
    pub unauthenticated_frames_max: usize,
    /// `CONVENE_UNAUTHENTICATED_SECONDS_MAX`: how long a socket may stay without a good token.
    pub unauthenticated_for_max: Duration,
    /// `CONVENE_ADDRESSES_PER_SOCKET_MAX`: documents on one Hocuspocus socket.
    pub addresses_per_socket_max: usize,
    /// `CONVENE_UPDATE_BYTES_PER_SECOND`: the steady rate of update bytes of one session.
    pub update_bytes_per_second: usize,
    /// `CONVENE_UPDATE_BYTES_BURST`: what may come at once above the steady rate.
    pub update_bytes_burst: usize,
    /// `CONVENE_DOCUMENT_BYTES_MAX`: one encoded document; told at 80 %, read-only at the limit.
    pub document_bytes_max: usize,
    /// `CONVENE_REJECTS_PER_MINUTE`: updates of one session that could not be applied for a hole.
    pub rejects_per_minute: u32,
    /// `CONVENE_APPLY_MS_PER_SECOND`: time one session may make its room spend on applying.
    pub apply_per_second: Duration,
    /// `CONVENE_BACKLOG_BYTES_MAX`: uncommitted updates one room holds while the database is away.
    pub backlog_bytes_max: usize,
    /// `CONVENE_PRESENCE_BYTES_MAX`: one client's presence.
    pub presence_bytes_max: usize,
    /// `CONVENE_OUTBOX_BYTES_MAX`: what waits for a socket that reads slowly.
    pub outbox_bytes_max: usize,
    /// `CONVENE_STALLED_SECONDS_MAX`: how long a socket may take nothing before it is closed.
    pub stalled_for_max: Duration,
    /// `CONVENE_SESSIONS_MAX`: sockets of this node.
    pub sessions_max: usize,
    /// `CONVENE_SESSIONS_PER_PLAN_MAX`.
    pub sessions_per_plan_max: usize,
    /// `CONVENE_SESSIONS_PER_USER_MAX`.
    pub sessions_per_user_max: usize,
    /// `CONVENE_CONTROL_REQUESTS_PER_SECOND`: of one session.
    pub control_requests_per_second: u32,
    /// `CONVENE_CONTROL_BYTES_MAX`: one control request.
    pub control_bytes_max: usize,
    /// `CONVENE_ROOM_IDLE_SECONDS`: how long a room without sessions stays in memory.
    pub room_idle_for: Duration,
    /// `CONVENE_SNAPSHOT_ROWS`: journal rows after which a new snapshot is written.
    pub snapshot_rows: u64,
    /// `CONVENE_HASH_SECONDS`: how often a content hash goes to the clients that asked.
    pub hash_every: Duration,
    /// `CONVENE_LEAVE_SECONDS`: how long a stopping server serves on while its health check says so,
    /// for a balancer to notice.
    pub leave_for: Duration,
    /// `CONVENE_DRAIN_SECONDS`: how long shutdown spreads the closing of sockets.
    pub drain_for: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes_max: 24 << 20,
            unauthenticated_bytes_max: 1 << 20,
            unauthenticated_frames_max: 1_000,
            unauthenticated_for_max: Duration::from_secs(10),
            addresses_per_socket_max: 100,
            update_bytes_per_second: 1 << 20,
            update_bytes_burst: 16 << 20,
            document_bytes_max: 20 << 20,
            rejects_per_minute: 20,
            apply_per_second: Duration::from_millis(250),
            backlog_bytes_max: 8 << 20,
            presence_bytes_max: 4 << 10,
            outbox_bytes_max: 1 << 20,
            stalled_for_max: Duration::from_mins(1),
            sessions_max: 10_000,
            sessions_per_plan_max: 1_000,
            sessions_per_user_max: 50,
            control_requests_per_second: 50,
            control_bytes_max: 1 << 20,
            room_idle_for: Duration::from_mins(1),
            snapshot_rows: 500,
            hash_every: Duration::from_secs(30),
            leave_for: Duration::ZERO,
            drain_for: Duration::from_secs(5),
        }
    }
}

impl Limits {
    pub(super) fn from_vars(vars: &Vars<'_>) -> Result<Self, ConfigError> {
        let d = Self::default();
        Ok(Self {
            frame_bytes_max: vars.parse("CONVENE_FRAME_BYTES_MAX", d.frame_bytes_max)?,
            unauthenticated_bytes_max: vars.parse(
                "CONVENE_UNAUTHENTICATED_BYTES_MAX",
                d.unauthenticated_bytes_max,
            )?,
            unauthenticated_frames_max: vars.parse(
                "CONVENE_UNAUTHENTICATED_FRAMES_MAX",
                d.unauthenticated_frames_max,
            )?,
            unauthenticated_for_max: vars.seconds(
                "CONVENE_UNAUTHENTICATED_SECONDS_MAX",
                d.unauthenticated_for_max,
            )?,
            addresses_per_socket_max: vars.parse(
                "CONVENE_ADDRESSES_PER_SOCKET_MAX",
                d.addresses_per_socket_max,
            )?,
            update_bytes_per_second: vars
                .parse("CONVENE_UPDATE_BYTES_PER_SECOND", d.update_bytes_per_second)?,
            update_bytes_burst: vars.parse("CONVENE_UPDATE_BYTES_BURST", d.update_bytes_burst)?,
            document_bytes_max: vars.parse("CONVENE_DOCUMENT_BYTES_MAX", d.document_bytes_max)?,
            rejects_per_minute: vars.parse("CONVENE_REJECTS_PER_MINUTE", d.rejects_per_minute)?,
            apply_per_second: Duration::from_millis(
                vars.parse("CONVENE_APPLY_MS_PER_SECOND", 250_u64)?,
            ),
            backlog_bytes_max: vars.parse("CONVENE_BACKLOG_BYTES_MAX", d.backlog_bytes_max)?,
            presence_bytes_max: vars.parse("CONVENE_PRESENCE_BYTES_MAX", d.presence_bytes_max)?,
            outbox_bytes_max: vars.parse("CONVENE_OUTBOX_BYTES_MAX", d.outbox_bytes_max)?,
            stalled_for_max: vars.seconds("CONVENE_STALLED_SECONDS_MAX", d.stalled_for_max)?,
            sessions_max: vars.parse("CONVENE_SESSIONS_MAX", d.sessions_max)?,
            sessions_per_plan_max: vars
                .parse("CONVENE_SESSIONS_PER_PLAN_MAX", d.sessions_per_plan_max)?,
            sessions_per_user_max: vars
                .parse("CONVENE_SESSIONS_PER_USER_MAX", d.sessions_per_user_max)?,
            control_requests_per_second: vars.parse(
                "CONVENE_CONTROL_REQUESTS_PER_SECOND",
                d.control_requests_per_second,
            )?,
            control_bytes_max: vars.parse("CONVENE_CONTROL_BYTES_MAX", d.control_bytes_max)?,
            room_idle_for: vars.seconds("CONVENE_ROOM_IDLE_SECONDS", d.room_idle_for)?,
            snapshot_rows: vars.parse("CONVENE_SNAPSHOT_ROWS", d.snapshot_rows)?,
            hash_every: vars.seconds("CONVENE_HASH_SECONDS", d.hash_every)?,
            leave_for: vars.seconds("CONVENE_LEAVE_SECONDS", d.leave_for)?,
            drain_for: vars.seconds("CONVENE_DRAIN_SECONDS", d.drain_for)?,
        })
    }
}
