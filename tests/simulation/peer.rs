//! One honest client: its own replica, its presence, and what its provider says to the server.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use convene::clock::Timestamp;
use convene::document::{Replica, Stored};
use convene::ids::{SessionId, UserId};
use convene_protocol::error_code::Dialect;
use convene_protocol::frame::{ClientMessage, ServerMessage};
use yrs::undo::{Options as UndoOptions, UndoManager};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{ClientID, Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, Update};

use crate::awareness::Awareness;
use crate::edits;
use crate::plan::Edit;

/// What a client makes of a message.
#[derive(Debug, Default)]
pub(crate) struct Reaction {
    pub(crate) answers: Vec<ClientMessage>,
    /// The server accepts nothing more from this replica: the page loads the document anew.
    pub(crate) denied: bool,
    /// Under a shared client id the page holds what does not fit what it is sent.
    pub(crate) broken: bool,
    /// What it was shown builds on something it was never sent.
    pub(crate) hole: bool,
}

/// How many changes fall into the time of connecting: few, so that most of them build on what is not
/// among them.
const QUEUED_MAX: usize = 3;

/// One tab of somebody's browser.
pub(crate) struct Peer {
    pub(crate) number: u8,
    pub(crate) user: UserId,
    pub(crate) dialect: Dialect,
    pub(crate) client: u64,
    pub(crate) doc: Doc,
    undo: Option<UndoManager<()>>,
    pub(crate) awareness: Awareness,
    /// The session of its open connection.
    pub(crate) link: Option<SessionId>,
    /// Updates of this connection without a status; only Hocuspocus clients hear of it.
    pub(crate) unanswered: u32,
    /// Changes made while its provider was connecting, which it sends one by one as soon as it is.
    queued: VecDeque<ClientMessage>,
    /// How many documents it has had, for fresh client ids.
    loads: u64,
    /// Its client id was used by another replica too: what either had under it before the server saw
    /// it may be hidden by equal clocks, and no server can tell. Until it is loaded anew its content
    /// proves nothing.
    pub(crate) shares_id: bool,
    /// Its plan was deleted.
    pub(crate) is_done: bool,
    /// The node it was connected to last.
    pub(crate) node: Option<usize>,
}

fn new_doc(client: u64) -> Doc {
    let mut options = Options::with_client_id(ClientID::new(client));
    options.offset_kind = OffsetKind::Utf16;
    Doc::with_options(options)
}

impl Peer {
    pub(crate) fn new(number: u8, user: UserId, now: Timestamp) -> Self {
        let dialect = if number.is_multiple_of(2) {
            Dialect::Hocuspocus
        } else {
            Dialect::YWebsocket
        };
        let mut peer = Self {
            number,
            user,
            dialect,
            client: 0,
            doc: new_doc(0),
            undo: None,
            awareness: Awareness::new(0, now),
            link: None,
            unanswered: 0,
            queued: VecDeque::new(),
            loads: 0,
            shares_id: false,
            is_done: false,
            node: None,
        };
        peer.reload(now);
        peer
    }

    /// Drops the document and begins anew with a fresh client id.
    pub(crate) fn reload(&mut self, now: Timestamp) {
        self.loads += 1;
        // Spread over 32 bits like the ids of JavaScript clients, so that their order is no rule.
        let number = u64::from(self.number) * 1_000 + self.loads;
        let client = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        self.reload_as(client, now);
        self.shares_id = false;
    }

    /// Drops the document and begins anew as `client`.
    pub(crate) fn reload_as(&mut self, client: u64, now: Timestamp) {
        self.client = client;
        self.undo = None;
        self.doc = new_doc(client);
        self.queued.clear();
        self.awareness = Awareness::new(client, now);
    }

    /// Changes the document; gives what its provider sends.
    pub(crate) fn edit(&mut self, edit: Edit) -> ClientMessage {
        if self.number == 0 && self.undo.is_none() {
            // Each transaction by itself: what falls into one undo must not depend on the time.
            let options = UndoOptions {
                capture_timeout_millis: 0,
                ..UndoOptions::default()
            };
            let mut undo = UndoManager::with_options(options);
            undo.expand_scope(&self.doc, &self.doc.get_or_insert_text("t"));
            self.undo = Some(undo);
        }
        ClientMessage::Update(edits::perform(&self.doc, edit).into())
    }

    /// Whether this document can take `update`, judged by the server's own guard. Under a shared id
    /// other things may stand where the update expects its own, and the library does not survive
    /// that in memory; a real page would be broken by it too.
    fn can_take(&self, update: &[u8]) -> bool {
        let txn = self.doc.transact();
        let state = txn.encode_state_as_update_v1(&StateVector::default());
        let vector = txn.state_vector();
        let told = Update::decode_v1(update).unwrap().insertions(true);
        let clients = vector.iter().map(|(client, _)| *client);
        let bindings = clients.chain(told.client_ids());
        let mut own = Replica::load(&Stored {
            snapshot: Some(&state),
            rows: Vec::new(),
            bindings: bindings.map(|client| (client.get(), self.user)).collect(),
        });
        !own.snapshot_broken && own.replica.apply(update, self.user).is_ok()
    }

    /// Takes back the last change, if this peer remembers one; gives what its provider sends.
    pub(crate) fn take_back(&mut self) -> Vec<ClientMessage> {
        let Some(undo) = &mut self.undo else {
            return Vec::new();
        };
        let sent = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&sent);
        let observed = self.doc.observe_update_v1("undo", move |_, event| {
            let update = ClientMessage::Update(Bytes::from(event.update.clone()));
            sink.lock().unwrap().push(update);
        });
        observed.unwrap();
        undo.undo_blocking();
        self.doc.unobserve_update_v1("undo").unwrap();
        std::mem::take(&mut *sent.lock().unwrap())
    }

    pub(crate) fn step1(&self) -> ClientMessage {
        let vector = self.doc.transact().state_vector().encode_v1();
        ClientMessage::SyncStep1(vector.into())
    }

    /// What its provider says on a new connection.
    pub(crate) fn hello(&mut self) -> Vec<ClientMessage> {
        self.unanswered = 0;
        let own = self.awareness.own().map(ClientMessage::Awareness);
        let queued = std::mem::take(&mut self.queued);
        std::iter::once(self.step1())
            .chain(own)
            .chain(queued)
            .collect()
    }

    /// Keeps what could not be sent, as far as its provider does: Hocuspocus' keeps what was changed since
    /// it last began to connect.
    pub(crate) fn queue(&mut self, message: ClientMessage) {
        if self.dialect == Dialect::Hocuspocus {
            self.queued.push_back(message);
            if self.queued.len() > QUEUED_MAX {
                self.queued.pop_front();
            }
        }
    }

    /// The connection is over.
    pub(crate) fn disconnected(&mut self) {
        self.link = None;
        self.unanswered = 0;
        self.awareness.disconnect();
    }

    /// Takes one message in.
    pub(crate) fn receive(&mut self, message: ServerMessage, now: Timestamp) -> Reaction {
        let mut reaction = Reaction::default();
        match message {
            ServerMessage::SyncStep1(vector) => {
                let vector = StateVector::decode_v1(&vector).unwrap();
                let diff = self.doc.transact().encode_diff_v1(&vector);
                reaction.answers.push(ClientMessage::SyncStep2(diff.into()));
            }
            ServerMessage::SyncStep2(update) | ServerMessage::Update(update) => {
                if self.shares_id && !self.can_take(&update) {
                    reaction.broken = true;
                    return reaction;
                }
                let mut txn = self.doc.transact_mut_with("provider");
                let applied = txn.apply_update(Update::decode_v1(&update).unwrap());
                reaction.hole = applied.is_err() || txn.has_missing_updates();
            }
            ServerMessage::Awareness(update) => {
                let changed = self.awareness.apply(&update, now);
                // Older providers send on whatever changed, wherever it came from; newer ones only
                // what is their own.
                let echoed: Vec<u64> = match self.dialect {
                    Dialect::YWebsocket => changed,
                    Dialect::Hocuspocus => {
                        let own = self.client;
                        changed.into_iter().filter(|id| *id == own).collect()
                    }
                };
                if !echoed.is_empty() {
                    let echo = self.awareness.encode(&echoed);
                    reaction.answers.push(ClientMessage::Awareness(echo));
                }
            }
            ServerMessage::QueryAwareness => {
                reaction
                    .answers
                    .push(ClientMessage::Awareness(self.awareness.all()));
            }
            ServerMessage::SyncStatus(_) => self.unanswered = self.unanswered.saturating_sub(1),
            ServerMessage::PermissionDenied(_) => reaction.denied = true,
            ServerMessage::Authenticated(_)
            | ServerMessage::AskToken
            | ServerMessage::Stateless(_)
            | ServerMessage::Close(_)
            | ServerMessage::Keepalive => {}
        }
        reaction
    }

    /// Counts what the server owes a status.
    pub(crate) fn sends(&mut self, message: &ClientMessage) {
        if matches!(
            message,
            ClientMessage::SyncStep2(_) | ClientMessage::Update(_)
        ) {
            self.unanswered += 1;
        }
    }
}
