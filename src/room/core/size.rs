//! How large the document is, and what is said as it nears its limit.
//!
//! The encoded size is not known without encoding. Between measurements it is estimated from above:
//! the last measured size plus every update since, which only ever overstates it.

use convene_protocol::control::notify;
use convene_protocol::control::plan::{ReadOnly, SizeWarning};
use convene_protocol::frame::ServerMessage;

use crate::room::core::{RoomCore, RoomLimits};

/// The share of the limit from which people are warned, in percent.
const WARN_AT_PERCENT: usize = 80;

/// The estimated size, and what has been said about it.
#[derive(Debug)]
pub(super) struct Size {
    bytes: usize,
    measured: usize,
    said: Said,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Warning,
    Full,
}

impl Size {
    /// Of a document that was just loaded: one that was full before must not open as writable.
    pub(super) fn new(bytes: usize, limits: &RoomLimits) -> Self {
        let is_full = bytes >= limits.document_bytes_max;
        let said = if is_full { Said::Full } else { Said::Nothing };
        Self {
            bytes,
            measured: bytes,
            said,
        }
    }

    pub(super) fn measure(&mut self, bytes: usize) {
        self.bytes = bytes;
        self.measured = bytes;
    }

    pub(super) fn is_full(&self) -> bool {
        self.said == Said::Full
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

impl RoomCore {
    /// Counts committed bytes; warns, and makes the plan read-only, at the limits.
    pub(super) fn grow(&mut self, bytes: usize) {
        self.size.bytes += bytes;
        let warn_at = self.limits.document_bytes_max / 100 * WARN_AT_PERCENT;
        if self.size.bytes < warn_at {
            return;
        }
        if self.size.needs_measuring() || self.size.bytes >= self.limits.document_bytes_max {
            match self.replica.encode() {
                Ok(encoded) => self.size.measure(encoded.len()),
                Err(_) => self.poisoned = true,
            }
        }
        let bytes = self.size.bytes;
        if bytes >= self.limits.document_bytes_max && self.size.said != Said::Full {
            self.size.said = Said::Full;
            let say = "this plan has reached its size limit and is read-only now".to_owned();
            self.tell_all(&notify(&ReadOnly {
                plan: self.plan.to_string(),
                say,
            }));
        } else if bytes >= warn_at && self.size.said == Said::Nothing {
            self.size.said = Said::Warning;
            let warning = SizeWarning {
                plan: self.plan.to_string(),
                bytes: bytes as u64,
                bytes_max: self.limits.document_bytes_max as u64,
                say: "this plan nears its size limit, at which it becomes read-only".to_owned(),
            };
            self.tell_all(&notify(&warning));
        }
    }

    fn tell_all(&mut self, notification: &str) {
        for session in self.members.all() {
            self.send(session, ServerMessage::Stateless(notification.to_owned()));
        }
    }
}
