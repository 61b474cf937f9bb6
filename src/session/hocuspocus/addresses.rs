//! What one socket has open, by address.

use std::collections::HashMap;

use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::ClientMessage;
use convene_protocol::hocuspocus::Address;

use crate::auth::principal::Principal;
use crate::room::outbox::Ending;
use crate::session::attachment::Attachment;

/// The state of one address. Boxed, since the table has room for four from the start.
#[derive(Debug)]
pub(super) enum Slot {
    /// No good token yet.
    Waiting(Box<Waiting>),
    /// A plan. Once its replica is refused it stays here, and takes nothing, until it is detached.
    Open(Box<Attachment>),
    /// The reserved control document.
    Control(Box<Principal>),
}

/// What came before a good token, within the limits of an unauthenticated socket.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Its frames, in the order they came.
    pub(super) queue: Vec<ClientMessage>,
    /// A token that could not be looked at because the database was away.
    retry: Option<String>,
}

impl Slot {
    fn waiting() -> Self {
        Self::Waiting(Box::default())
    }
}

/// Every address of one socket.
#[derive(Debug)]
pub(super) struct Addresses {
    slots: HashMap<Address, Slot>,
    max: usize,
}

impl Addresses {
    pub(super) fn new(max: usize) -> Self {
        Self {
            slots: HashMap::new(),
            max,
        }
    }

    /// Makes sure there is a slot for `address`, within the limit of the socket.
    pub(super) fn admit(&mut self, address: &Address) -> Result<(), Ending> {
        if !self.slots.contains_key(address) {
            if self.slots.len() >= self.max {
                return Err(Ending::new(
                    ErrorCode::RateLimited,
                    format!(
                        "one connection may open {} documents; open another",
                        self.max
                    ),
                ));
            }
            self.slots.insert(address.clone(), Slot::waiting());
        }
        Ok(())
    }

    /// The slot of an address.
    pub(super) fn slot_mut(&mut self, address: &Address) -> &mut Slot {
        self.slots
            .entry(address.clone())
            .or_insert_with(Slot::waiting)
    }

    pub(super) fn get(&self, address: &Address) -> Option<&Slot> {
        self.slots.get(address)
    }

    pub(super) fn remove(&mut self, address: &Address) -> Option<Slot> {
        self.slots.remove(address)
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &Attachment> {
        self.slots.values().filter_map(|slot| match slot {
            Slot::Open(attachment) => Some(&**attachment),
            Slot::Waiting(_) | Slot::Control(_) => None,
        })
    }

    pub(super) fn open_mut(&mut self) -> impl Iterator<Item = (&Address, &mut Attachment)> {
        self.slots
            .iter_mut()
            .filter_map(|(address, slot)| match slot {
                Slot::Open(attachment) => Some((address, &mut **attachment)),
                Slot::Waiting(_) | Slot::Control(_) => None,
            })
    }

    /// An address on which the client will take a keepalive.
    pub(super) fn any_open(&self) -> Option<&Address> {
        self.slots
            .iter()
            .find(|(_, slot)| matches!(slot, Slot::Open(_) | Slot::Control(_)))
            .map(|(address, _)| address)
    }

    /// Keeps a token until the database can be asked about it.
    pub(super) fn retry_later(&mut self, address: &Address, token: String) {
        match self.slot_mut(address) {
            Slot::Waiting(waiting) => waiting.retry = Some(token),
            Slot::Open(attachment) => attachment.retry = Some(token),
            Slot::Control(_) => {}
        }
    }

    pub(super) fn take_retries(&mut self) -> Vec<(Address, String)> {
        let take = |slot: &mut Slot| match slot {
            Slot::Waiting(waiting) => waiting.retry.take(),
            Slot::Open(attachment) => attachment.retry.take(),
            Slot::Control(_) => None,
        };
        self.slots
            .iter_mut()
            .filter_map(|(address, slot)| Some((address.clone(), take(slot)?)))
            .collect()
    }
}
