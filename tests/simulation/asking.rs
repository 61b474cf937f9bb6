//! People who change the plan by operations, without a replica: what the server asks a room for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use convene::auth::access::Grant;
use convene::auth::principal::Actor;
use convene::room::ask::{Ask, EditRefused, Reply, Ticket};
use convene::room::input::Input;
use convene::storage::journal::Origin;
use convene_plan::content::{ONE, Value};
use convene_plan::op::Op;
use serde_json::json;
use yrs::{Doc, Map, ReadTxn, Transact};

use crate::oracle::Promise;
use crate::room::{Request, Room};
use crate::socket::Phase;
use crate::world::World;

const TAGS: [&str; 3] = ["vegan", "captions", "wheelchair"];

/// What was asked and not answered, with the tag that was set, if one was.
pub(crate) type Asked = BTreeMap<Ticket, Option<&'static str>>;

impl World {
    /// Somebody who is connected sets how many need a thing, or reads the plan. Mirrors
    /// `Desk::edit_plan` and `RoomTask::ask`.
    pub(crate) fn operate(&mut self, number: usize, count: u8) {
        let Some(socket) = self.peers[number]
            .link
            .and_then(|link| self.sockets.get(&link))
        else {
            return;
        };
        let (node, user) = (socket.node, socket.joined.grant.user());
        let (Phase::Open { serial }, Some(role)) = (socket.phase, self.role_of(user)) else {
            return;
        };
        let Some(access) = Grant::new(self.plan.into(), Actor::person(user), role).write() else {
            return;
        };
        let ticket = Ticket(self.ids.serial());
        // Spread like the ids of clients, and none of theirs.
        let client = (ticket.0 + 1_000_000).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let tag = (!count.is_multiple_of(4)).then(|| TAGS[usize::from(count) % TAGS.len()]);
        let decision = self.journal.decision(user);
        let along = count.is_multiple_of(3).then(|| Arc::new(decision));
        let ask = match tag {
            None => Ask::Read,
            Some(tag) => Ask::Edit {
                access,
                ops: vec![Op::Set {
                    path: vec!["needs".to_owned(), tag.to_owned()],
                    from: None,
                    to: json!(count),
                }],
                origin: Origin::Control,
                audit: None,
                along,
            },
        };
        let input = Input::Asked {
            ticket,
            client,
            ask,
        };
        if self.tell_room(node, serial, Request::Input(input)) {
            self.asked.insert(ticket, tag);
        }
    }
}

impl Room {
    /// What is answered is committed.
    pub(crate) fn check_reply(world: &mut World, ticket: Ticket, reply: &Reply) {
        let Some(tag) = world.asked.remove(&ticket) else {
            let seen = format!("{ticket:?} was answered twice, or never asked");
            return world.violate(Promise::OneStatusPerUpdate, seen);
        };
        match (reply, tag) {
            (Reply::Content(_), Some(tag)) => {
                world.coverage.count("reply: Edited");
                let txn = world.journal.truth.doc.transact();
                let needs = txn.get_map("needs");
                if needs.is_none_or(|needs| needs.get(&txn, tag).is_none()) {
                    drop(txn);
                    let seen = format!("{ticket:?} was told that {tag} is set, and no row has it");
                    world.violate(Promise::AcknowledgedIsCommitted, seen);
                }
            }
            (Reply::Content(reading), None) => {
                world.coverage.count("reply: Content");
                let content = &reading.content;
                let promised = world.journal.document_at(reading.seq);
                let is_told =
                    |tag: &str| matches!(content.field("needs", ONE, tag), Some(Value::Plain(_)));
                if let Some(tag) = TAGS
                    .iter()
                    .find(|tag| holds(&promised, tag) && !is_told(tag))
                {
                    let seen =
                        format!("{ticket:?} was read up to a row that has {tag}, without it");
                    return world.violate(Promise::ShownIsCommitted, seen);
                }
                let txn = world.journal.truth.doc.transact();
                let needs = txn.get_map("needs");
                let mut shown = TAGS.iter().filter(|tag| is_told(tag));
                let is_there = |tag: &&&str| {
                    needs
                        .as_ref()
                        .is_some_and(|needs| needs.get(&txn, tag).is_some())
                };
                if let Some(tag) = shown.find(|tag| !is_there(tag)) {
                    drop(txn);
                    let seen = format!("{ticket:?} was shown {tag}, which no row has");
                    world.violate(Promise::ShownIsCommitted, seen);
                }
            }
            (Reply::Refused(EditRefused::Moved), _) => world.coverage.count("reply: Moved"),
            (Reply::Refused(_), _) => world.coverage.count("reply: Refused"),
        }
    }
}

/// Whether a document says how many need `tag`.
fn holds(doc: &Doc, tag: &str) -> bool {
    let txn = doc.transact();
    let needs = txn.get_map("needs");
    needs.is_some_and(|needs| needs.get(&txn, tag).is_some())
}
