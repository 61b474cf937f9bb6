//! Everything a room can ask its task to do, as one closed list.

use bytes::Bytes;
use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::{Scope, ServerMessage};

use crate::document::ClientId;
use crate::ids::{SessionId, UserId};
use crate::relay::envelope::Said;
use crate::room::ask::{Reply, Ticket};
use crate::room::input::Attempt;
use crate::storage::journal::{NewRow, Seq};

/// One thing to do, in the imperative.
#[derive(Debug)]
pub enum Effect {
    /// Answer one session.
    Send {
        /// To whom.
        to: SessionId,
        /// What.
        message: ServerMessage,
    },
    /// Send a committed update to sessions; whoever cannot take it falls behind.
    Broadcast {
        /// To whom.
        to: Vec<SessionId>,
        /// The update, as yrs encoded it.
        update: Bytes,
    },
    /// Send presence to sessions; whoever cannot take it gets everybody's presence later.
    BroadcastPresence {
        /// To whom.
        to: Vec<SessionId>,
        /// The awareness update, as this server encoded it.
        update: Bytes,
    },
    /// Commit rows to the journal. One append of a room is under way at a time.
    Append {
        /// In the order they were applied.
        rows: Vec<NewRow>,
        /// Client ids seen for the first time, with whom they belong to from now on.
        bindings: Vec<(ClientId, UserId)>,
    },
    /// Tell other nodes, if there are any; none may hear it.
    Tell(Said),
    /// Read what the journal holds after this row.
    ReadRows {
        /// The last one this room has.
        after: Seq,
    },
    /// Give an update back as [`Input::TriedAgain`](crate::room::input::Input::TriedAgain).
    TryAgain {
        /// Whose.
        session: SessionId,
        /// The update as it came.
        update: Bytes,
        /// What is known by now.
        attempt: Attempt,
    },
    /// Answer a question.
    Reply {
        /// Which.
        ticket: Ticket,
        /// With what.
        reply: Reply,
    },
    /// Write a snapshot after decoding it once more.
    WriteSnapshot {
        /// Every row up to this one is in it.
        seq: Seq,
        /// The encoded document.
        bytes: Bytes,
    },
    /// Keep an update that harmed the replica, with who sent it, for an operator to look at.
    Quarantine {
        /// The update as it came.
        update: Bytes,
        /// Its sender's account.
        author: UserId,
        /// Its session.
        session: SessionId,
        /// What it did.
        reason: String,
    },
    /// End a session's replica: nothing it sends can be accepted any more.
    Refuse {
        /// Whose.
        session: SessionId,
        /// Why, in the table's words.
        code: ErrorCode,
        /// Why, in a sentence that says what to do.
        say: String,
    },
    /// Close a session's socket so that it comes back.
    Disconnect {
        /// Whose.
        session: SessionId,
        /// Why, in the table's words.
        code: ErrorCode,
        /// Why, in a sentence.
        say: String,
    },
    /// Tell one session what it may do now.
    TellAccess {
        /// Whom.
        session: SessionId,
        /// What it may do.
        scope: Scope,
    },
    /// Make the replica anew from the journal; asked for only when nothing is under way.
    Rebuild,
    /// End the room: its plan is gone.
    EndPlan,
    /// End the room: nothing can be committed any more on this node.
    End,
}
