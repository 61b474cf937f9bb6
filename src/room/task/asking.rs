//! Keeps who asked a room something, until it is answered.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::RoomTask;
use crate::room::ask::{Ask, Reply, Ticket};
use crate::room::core::RoomCore;
use crate::room::handle::RoomGone;
use crate::room::input::Input;

/// Questions without an answer, at most: beyond, they are turned away.
const UNANSWERED_MAX: usize = 1_000;

/// An answer, or that the question was never looked at.
type Answer = Result<Reply, RoomGone>;

/// Who waits for answers. Whoever is dropped with it learns that the room is gone.
#[derive(Debug, Default)]
pub(super) struct Asked {
    last: u64,
    waiting: HashMap<Ticket, oneshot::Sender<Answer>>,
}

impl RoomTask {
    pub(super) fn ask(&mut self, core: &mut RoomCore, ask: Ask, reply: oneshot::Sender<Answer>) {
        // Who has given up waiting asks nothing any more.
        self.asked.waiting.retain(|_, reply| !reply.is_closed());
        if self.asked.waiting.len() >= UNANSWERED_MAX {
            return;
        }
        self.asked.last += 1;
        let ticket = Ticket(self.asked.last);
        self.asked.waiting.insert(ticket, reply);
        // As ids of JavaScript clients are: 32 bits at random.
        let client = u64::from(rand::random::<u32>().max(1));
        self.feed(
            core,
            Input::Asked {
                ticket,
                client,
                ask,
            },
        );
    }

    pub(super) fn reply(&mut self, ticket: Ticket, reply: Reply) {
        if let Some(waiting) = self.asked.waiting.remove(&ticket) {
            // It may have given up.
            waiting.send(Ok(reply)).ok();
        }
    }
}
