//! Who is in a document and what they look at: awareness, with the names from the accounts.
//!
//! An entry belongs to the session that last told something new of its client id. Stock clients
//! send back every entry they receive, so entries of others and clocks that are not new are dropped
//! without a word. An id that left is remembered with its last clock, because JavaScript clients
//! never show a clock again that they have seen go. What sessions of other nodes say is in
//! `presence/elsewhere.rs`.

mod elsewhere;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use convene_protocol::awareness::{self, Entry};
use convene_protocol::lib0::DecodeError;
use serde_json::value::RawValue;

use super::ClientId;
use crate::clock::Timestamp;
use crate::ids::{NodeId, SessionId, UserId};

pub use self::elsewhere::{HeardOf, PresenceEntry};

/// Clocks that every client can count: Yjs clients in Rust and Python hold them in 32 bits.
const CLOCK_MAX: u64 = (1 << 31) - 1;
/// Ids that left and are remembered; the oldest is forgotten first.
const LEFT_MAX: usize = 1_024;

/// Who announces.
#[derive(Debug)]
pub struct Peer {
    /// The account.
    pub user: UserId,
    /// The name others see.
    pub name: String,
    /// What it is: a person, or an agent.
    pub kind: &'static str,
}

/// What one session may announce.
#[derive(Debug, Clone, Copy)]
pub struct PresenceLimits {
    /// The size of one state.
    pub bytes_max: usize,
    /// Client ids of one session.
    pub ids_max: usize,
}

/// What an announcement changed.
#[derive(Debug, Default)]
pub struct Announced {
    /// Whose entries are to be sent on.
    pub changed: Vec<ClientId>,
    /// What the sender alone is to be told.
    pub answer: Option<Bytes>,
}

/// Why an announcement was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresenceRefused {
    /// The bytes are no awareness update, or hold a state that would make a stock client deaf.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// A state is larger than it may be.
    #[error("a presence state is larger than {0} bytes")]
    TooLarge(usize),
    /// A session speaks for more ids than it may.
    #[error("a session may announce {0} client ids")]
    TooManyIds(usize),
}

/// Who speaks for a client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// A session of this node.
    Session(SessionId),
    /// Another node, which last did so at this time.
    Node(NodeId, Timestamp),
}

/// One client id that is here.
#[derive(Debug)]
struct Here {
    holder: Holder,
    user: UserId,
    clock: u64,
    state: String,
}

/// One client id that was here.
#[derive(Debug)]
struct Left {
    user: UserId,
    /// At which clock it left.
    clock: u64,
}

/// Everybody's presence in one document.
#[derive(Debug, Default)]
pub struct Presence {
    here: BTreeMap<ClientId, Here>,
    /// Each id that left, most of them to come back.
    left: BTreeMap<ClientId, Left>,
    left_order: VecDeque<ClientId>,
}

impl Presence {
    /// Takes what `session` says of its ids, and leaves out what it says of others.
    pub fn announce(
        &mut self,
        session: SessionId,
        peer: &Peer,
        update: &[u8],
        limits: PresenceLimits,
    ) -> Result<Announced, PresenceRefused> {
        let entries = awareness::decode(update)?;
        let mut announced = Announced::default();
        let mut gone = Vec::new();
        let mut outcome = Ok(());
        let is_own = |here: &&Here| here.holder == Holder::Session(session);
        let mut own = self.here.values().filter(is_own).count();
        for entry in entries.iter().filter(|entry| entry.clock <= CLOCK_MAX) {
            match self.take((session, &mut own), peer, entry, limits) {
                Ok(Taken::Changed) => announced.changed.push(entry.client_id),
                Ok(Taken::Left(clock)) => gone.push((entry.client_id, clock, None)),
                Ok(Taken::Nothing) => {}
                // The other entries still count.
                Err(refused) => outcome = Err(refused),
            }
        }
        if !gone.is_empty() {
            announced.answer = Some(awareness::encode(gone));
        }
        if announced.changed.is_empty() && announced.answer.is_none() {
            outcome?;
        }
        Ok(announced)
    }

    /// Takes one entry of a session that speaks for `own` ids by now.
    fn take(
        &mut self,
        (session, own): (SessionId, &mut usize),
        peer: &Peer,
        entry: &Entry<'_>,
        limits: PresenceLimits,
    ) -> Result<Taken, PresenceRefused> {
        let id = entry.client_id;
        let Some(here) = self.here.get(&id) else {
            return self.arrive((session, own), peer, entry, limits);
        };
        let is_own = here.holder == Holder::Session(session);
        let is_new = entry.clock > here.clock;
        match entry.state {
            // An equal clock takes an id away, as in Yjs, but only from the one who speaks for it:
            // others say so when they merely have not heard of it for a while.
            None if is_own && entry.clock >= here.clock => {
                self.remove(id, entry.clock);
                *own -= 1;
                Ok(Taken::Changed)
            }
            // A newer session of the same account: the page reconnected before its old socket ended.
            Some(state) if is_new && (is_own || here.user == peer.user) => {
                let state = stamp(state, peer, limits)?;
                *own += usize::from(!is_own);
                self.here.insert(
                    id,
                    Here {
                        holder: Holder::Session(session),
                        user: peer.user,
                        clock: entry.clock,
                        state,
                    },
                );
                Ok(Taken::Changed)
            }
            None | Some(_) => Ok(Taken::Nothing),
        }
    }

    fn arrive(
        &mut self,
        (session, own): (SessionId, &mut usize),
        peer: &Peer,
        entry: &Entry<'_>,
        limits: PresenceLimits,
    ) -> Result<Taken, PresenceRefused> {
        let Some(state) = entry.state else {
            return Ok(Taken::Nothing);
        };
        if let Some(left) = self.left.get(&entry.client_id) {
            if entry.clock <= left.clock {
                return Ok(Taken::Left(left.clock));
            }
            // At the last clock there is, somebody else could keep it from whose it is.
            if left.user != peer.user {
                return Ok(Taken::Nothing);
            }
        }
        if *own >= limits.ids_max {
            return Err(PresenceRefused::TooManyIds(limits.ids_max));
        }
        let state = stamp(state, peer, limits)?;
        if self.left.remove(&entry.client_id).is_some() {
            self.left_order.retain(|id| *id != entry.client_id);
        }
        let here = Here {
            holder: Holder::Session(session),
            user: peer.user,
            clock: entry.clock,
            state,
        };
        self.here.insert(entry.client_id, here);
        *own += 1;
        Ok(Taken::Changed)
    }

    fn remove(&mut self, id: ClientId, clock: u64) {
        if let Some(Here { user, .. }) = self.here.remove(&id) {
            self.remember(id, user, clock);
        }
    }

    /// Remembers at which clock an id left.
    fn remember(&mut self, id: ClientId, user: UserId, clock: u64) {
        if self.left.insert(id, Left { user, clock }).is_none() {
            self.left_order.push_back(id);
        }
        while self.left_order.len() > LEFT_MAX {
            if let Some(oldest) = self.left_order.pop_front() {
                self.left.remove(&oldest);
            }
        }
    }

    /// Takes away every id that `session` speaks for, and names them.
    pub fn leave(&mut self, session: SessionId) -> Vec<ClientId> {
        self.remove_all(|_, here| here.holder == Holder::Session(session))
    }

    fn remove_all(&mut self, is_gone: impl Fn(ClientId, &Here) -> bool) -> Vec<ClientId> {
        let gone = self.here.iter().filter(|(id, here)| is_gone(**id, here));
        let gone: Vec<(ClientId, u64)> = gone.map(|(id, here)| (*id, here.clock)).collect();
        for (id, clock) in &gone {
            self.remove(*id, clock + 1);
        }
        gone.into_iter().map(|(id, _)| id).collect()
    }

    /// The entries of `ids` as they are now; those that left are said to have.
    pub fn encode(&self, ids: &[ClientId]) -> Option<Bytes> {
        let entry = |id: &ClientId| match self.here.get(id) {
            Some(here) => Some((*id, here.clock, Some(here.state.as_str()))),
            None => self.left.get(id).map(|left| (*id, left.clock, None)),
        };
        let entries: Vec<_> = ids.iter().filter_map(entry).collect();
        (!entries.is_empty()).then(|| awareness::encode(entries))
    }

    /// Everybody who is here.
    pub fn encode_all(&self) -> Option<Bytes> {
        let ids: Vec<ClientId> = self.here.keys().copied().collect();
        self.encode(&ids)
    }
}

/// What became of one entry.
enum Taken {
    Nothing,
    Changed,
    /// The id left at this clock: its client must go beyond it to be seen again.
    Left(u64),
}

/// Writes who `peer` really is into the `user` of a state; everything else, such as a colour, stays.
fn stamp(state: &str, peer: &Peer, limits: PresenceLimits) -> Result<String, PresenceRefused> {
    type Object = BTreeMap<String, Box<RawValue>>;
    let invalid = |_| PresenceRefused::Malformed(DecodeError::InvalidState);
    let raw = |text: &str| serde_json::value::to_raw_value(text);
    let mut object: Object = serde_json::from_str(state).map_err(invalid)?;
    // A `user` that is no object says nothing.
    let mut user: Object = object
        .get("user")
        .and_then(|user| serde_json::from_str(user.get()).ok())
        .unwrap_or_default();
    user.insert(
        "id".to_owned(),
        raw(&peer.user.to_string()).map_err(invalid)?,
    );
    user.insert("name".to_owned(), raw(&peer.name).map_err(invalid)?);
    user.insert("kind".to_owned(), raw(peer.kind).map_err(invalid)?);
    object.insert(
        "user".to_owned(),
        serde_json::value::to_raw_value(&user).map_err(invalid)?,
    );
    let stamped = serde_json::to_string(&object).map_err(invalid)?;
    if stamped.len() > limits.bytes_max {
        return Err(PresenceRefused::TooLarge(limits.bytes_max));
    }
    Ok(stamped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const LIMITS: PresenceLimits = PresenceLimits {
        bytes_max: 4_096,
        ids_max: 2,
    };

    struct Someone {
        session: SessionId,
        peer: Peer,
    }

    fn someone(name: &str) -> Someone {
        let clock = Clock::system();
        let peer = Peer {
            user: UserId::generate(&clock),
            name: name.to_owned(),
            kind: "person",
        };
        Someone {
            session: SessionId::generate(&clock),
            peer,
        }
    }

    fn say(
        presence: &mut Presence,
        who: &Someone,
        id: u64,
        clock: u64,
        state: Option<&str>,
    ) -> Announced {
        let update = awareness::encode([(id, clock, state)]);
        presence
            .announce(who.session, &who.peer, &update, LIMITS)
            .unwrap()
    }

    fn state_of(presence: &Presence, id: u64) -> Option<serde_json::Value> {
        let update = presence.encode(&[id])?;
        let entry = awareness::decode(&update).unwrap()[0];
        entry
            .state
            .map(|state| serde_json::from_str(state).unwrap())
    }

    #[test]
    fn a_name_comes_from_the_account_and_a_colour_from_the_client() {
        let (mut presence, alice) = (Presence::default(), someone("Alice"));
        let forged = r##"{"user":{"name":"Bob","id":1,"color":"#f00"},"cursor":{"at":[1,2]}}"##;
        assert_eq!(say(&mut presence, &alice, 7, 1, Some(forged)).changed, [7]);
        let state = state_of(&presence, 7).unwrap();
        assert_eq!(state["user"]["name"], "Alice");
        assert_eq!(state["user"]["id"], alice.peer.user.to_string());
        assert_eq!(state["user"]["kind"], "person");
        assert_eq!(state["user"]["color"], "#f00");
        assert_eq!(state["cursor"]["at"][1], 2);
    }

    #[test]
    fn entries_of_others_and_old_clocks_are_dropped_silently() {
        let (mut presence, alice, bob) = (Presence::default(), someone("Alice"), someone("Bob"));
        say(&mut presence, &alice, 7, 3, Some("{}"));
        for (clock, state) in [(3, Some("{}")), (9, Some("{}")), (3, None), (9, None)] {
            let echo = say(&mut presence, &bob, 7, clock, state);
            assert!(
                echo.changed.is_empty() && echo.answer.is_none(),
                "{clock} {state:?}"
            );
        }
        assert!(
            say(&mut presence, &alice, 7, 2, Some("{}"))
                .changed
                .is_empty()
        );
        assert!(presence.leave(bob.session).is_empty());
        assert_eq!(presence.leave(alice.session), [7]);
    }

    #[test]
    fn an_id_that_left_is_told_so_until_its_clock_moves_on() {
        let (mut presence, alice) = (Presence::default(), someone("Alice"));
        say(&mut presence, &alice, 7, 3, Some("{}"));
        presence.leave(alice.session);
        assert_eq!(state_of(&presence, 7), None);
        let answer = say(&mut presence, &alice, 7, 3, Some("{}")).answer.unwrap();
        let entry = awareness::decode(&answer).unwrap()[0];
        assert_eq!((entry.client_id, entry.clock, entry.state), (7, 4, None));
        assert_eq!(say(&mut presence, &alice, 7, 5, Some("{}")).changed, [7]);
        assert!(state_of(&presence, 7).is_some());
    }

    #[test]
    fn a_newer_session_of_the_same_account_takes_an_id_over() {
        let (mut presence, alice) = (Presence::default(), someone("Alice"));
        say(&mut presence, &alice, 7, 3, Some("{}"));
        let again = Someone {
            session: SessionId::generate(&Clock::system()),
            peer: Peer {
                user: alice.peer.user,
                name: "Alice".to_owned(),
                kind: "person",
            },
        };
        assert_eq!(say(&mut presence, &again, 7, 4, Some("{}")).changed, [7]);
        assert!(
            presence.leave(alice.session).is_empty(),
            "the old socket no longer speaks for it"
        );
        assert_eq!(presence.leave(again.session), [7]);
    }

    #[test]
    fn limits_hold_for_each_entry_and_each_session() {
        let (mut presence, alice) = (Presence::default(), someone("Alice"));
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(4_096));
        let update = awareness::encode([(1, 1, Some(large.as_str())), (2, 1, Some("{}"))]);
        let announced = presence
            .announce(alice.session, &alice.peer, &update, LIMITS)
            .unwrap();
        assert_eq!(announced.changed, [2], "the sound entry counts");
        say(&mut presence, &alice, 3, 1, Some("{}"));
        let third = awareness::encode([(4, 1, Some("{}"))]);
        let refused = presence.announce(alice.session, &alice.peer, &third, LIMITS);
        assert_eq!(refused.unwrap_err(), PresenceRefused::TooManyIds(2));
        let far = awareness::encode([(2, u64::from(u32::MAX), Some("{}"))]);
        let dropped = presence
            .announce(alice.session, &alice.peer, &far, LIMITS)
            .unwrap();
        assert!(dropped.changed.is_empty());
    }

    #[test]
    fn what_is_remembered_of_those_who_left_is_bounded() {
        let (mut presence, alice) = (Presence::default(), someone("Alice"));
        for id in 0..3_000 {
            say(&mut presence, &alice, id, 1, Some("{}"));
            presence.leave(alice.session);
        }
        assert_eq!(presence.left.len(), LEFT_MAX);
        assert_eq!(presence.left_order.len(), LEFT_MAX);
    }
}
