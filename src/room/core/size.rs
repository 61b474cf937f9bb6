//! How large the document is, and what is said as it nears its limit.
//!
//! The encoded size is not known without encoding. Between measurements it is estimated from above:
//! the last measured size, or what the document was loaded from, plus every update since. That only
//! ever overstates it.

use convene_protocol::control::notify;
use convene_protocol::control::plan::{ReadOnly, SizeWarning};
use convene_protocol::frame::ServerMessage;

use crate::room::core::{RoomCore, RoomLimits, Start};

/// The share of the limit from which people are warned, in percent.
const WARN_AT_PERCENT: usize = 80;

/// The estimated size, and what has been said about it.
#[derive(Debug)]
pub(super) struct Size {
    bytes: usize,
    measured: usize,
    said: Said,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Nothing,
    Warning,
    Full,
}

impl Size {
    /// Of a document that was just loaded: one that was full before must not open as writable. What
    /// it was loaded from may be far more than what it is, so it is measured when something is to be
    /// said of that.
    pub(super) fn of(start: &Start, limits: &RoomLimits) -> Self {
        let bytes = if start.bytes < warn_at(limits) {
            start.bytes
        } else {
            let encoded = start.replica.encode();
            encoded.map_or(start.bytes, |encoded| encoded.len())
        };
        let is_full = bytes >= limits.document_bytes_max;
        Self {
            bytes,
            measured: bytes,
            said: if is_full { Said::Full } else { Said::Nothing },
        }
    }

    pub(super) fn measure(&mut self, bytes: usize) {
        self.bytes = bytes;
        self.measured = bytes;
    }

    pub(super) fn is_full(&self) -> bool {
        self.said == Said::Full
    }

    /// What is to be said of a document of this size.
    fn calls_for(&self, limits: &RoomLimits) -> Said {
        if self.bytes >= limits.document_bytes_max {
            Said::Full
        } else if self.bytes >= warn_at(limits) {
            Said::Warning
        } else {
            Said::Nothing
        }
    }

    /// Measuring costs as much as encoding, so not more often than every tenth of the size.
    fn needs_measuring(&self) -> bool {
        self.bytes
            > self
                .measured
                .saturating_add(self.measured / 10)
                .saturating_add(1 << 16)
    }
}

fn warn_at(limits: &RoomLimits) -> usize {
    limits.document_bytes_max / 100 * WARN_AT_PERCENT
}

impl RoomCore {
    /// Counts committed bytes; warns, and makes the plan read-only, at the limits.
    pub(super) fn grow(&mut self, bytes: usize) {
        self.size.bytes += bytes;
        if self.size.bytes < warn_at(&self.limits) {
            return;
        }
        if self.size.needs_measuring() || self.size.bytes >= self.limits.document_bytes_max {
            match self.replica.encode() {
                Ok(encoded) => self.size.measure(encoded.len()),
                Err(_) => self.poisoned = true,
            }
        }
        self.tell_size();
    }

    /// Goes on with the size of a document that was loaded again. Those who are here hear what is
    /// new about it; a plan that has become smaller can be written to again.
    pub(super) fn resize(&mut self, size: Size) {
        let said = std::mem::replace(&mut self.size, size).said;
        self.size.said = said.min(self.size.calls_for(&self.limits));
        self.tell_size();
    }

    /// Says what the size calls for, if no more was said before.
    fn tell_size(&mut self) {
        let calls_for = self.size.calls_for(&self.limits);
        if calls_for <= self.size.said {
            return;
        }
        self.size.said = calls_for;
        for session in self.members.all() {
            let plan = self.members.name_for(session);
            let notification = match calls_for {
                Said::Nothing => continue,
                Said::Warning => notify(&SizeWarning {
                    plan,
                    bytes: self.size.bytes as u64,
                    bytes_max: self.limits.document_bytes_max as u64,
                    say: "this plan nears its size limit, at which it becomes read-only".to_owned(),
                }),
                Said::Full => notify(&ReadOnly {
                    plan,
                    say: "this plan has reached its size limit and is read-only now".to_owned(),
                }),
            };
            self.send(session, ServerMessage::Stateless(notification));
        }
    }
}
