//! Who is in the document by way of other nodes.
//!
//! A node tells what its own sessions say, and others hear it. Each id is spoken for by one session on one
//! node: the one that told something new of it last, as on one node. What a node says of ids that
//! somebody else speaks for is not taken.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use convene_protocol::awareness;

use super::{CLOCK_MAX, Here, Holder, Presence};
use crate::clock::Timestamp;
use crate::document::ClientId;
use crate::ids::{NodeId, SessionId, UserId};

/// How long an id is shown of which its node says nothing any more. Nodes say all they have three times as
/// often, so only a removal that got lost is found by this.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);

/// One client id as nodes tell each other of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceEntry {
    /// The client id.
    pub client: ClientId,
    /// Its clock.
    pub clock: u64,
    /// Whose it is.
    pub user: UserId,
    /// Its state with the account's name in it; none when it has left.
    pub state: Option<String>,
}

/// What came of hearing another node.
#[derive(Debug, Default)]
pub struct HeardOf {
    /// Whose entries are to be sent on to the sessions of this node.
    pub changed: Vec<ClientId>,
    /// Sessions of this node that others have seen go: each is to be told, so that it says again that it
    /// is here, with a clock that they have not seen.
    pub seen_gone: Vec<(SessionId, Bytes)>,
    /// What the other node is to be told: ids at clocks that clients of this node will never show.
    pub answers: Vec<PresenceEntry>,
}

impl Presence {
    /// Takes what `node` says of some of its ids.
    pub fn hear(&mut self, node: NodeId, entries: &[PresenceEntry], now: Timestamp) -> HeardOf {
        let mut heard = HeardOf::default();
        for entry in entries.iter().filter(|entry| entry.clock <= CLOCK_MAX) {
            self.hear_one(Holder::Node(node, now), entry, &mut heard);
        }
        heard
    }

    /// The same when that is all there is with it.
    pub fn hear_all(&mut self, node: NodeId, entries: &[PresenceEntry], now: Timestamp) -> HeardOf {
        let told: BTreeSet<ClientId> = entries.iter().map(|entry| entry.client).collect();
        let is_gone = |id, here: &Here| here.is_with(node) && !told.contains(&id);
        let mut gone = self.remove_all(is_gone);
        let mut heard = self.hear(node, entries, now);
        heard.changed.append(&mut gone);
        heard
    }

    fn hear_one(&mut self, holder: Holder, entry: &PresenceEntry, heard: &mut HeardOf) {
        let Some(here) = self.here.get(&entry.client) else {
            return self.arrive_elsewhere(holder, entry, heard);
        };
        let from_its_holder = match (here.holder, holder) {
            (Holder::Node(one, _), Holder::Node(other, _)) => one == other,
            (Holder::Session(_), _) | (_, Holder::Session(_)) => false,
        };
        let is_new = entry.clock > here.clock;
        match (&entry.state, here.holder) {
            (None, Holder::Session(session)) if entry.clock >= here.clock => {
                let gone = awareness::encode([(entry.client, entry.clock, None)]);
                heard.seen_gone.push((session, gone));
            }
            (None, Holder::Node(..)) if from_its_holder && entry.clock >= here.clock => {
                self.remove(entry.client, entry.clock);
                heard.changed.push(entry.client);
            }
            // A newer session of the same account, as on one node: the page has connected elsewhere.
            (Some(state), _) if is_new && here.user == entry.user => {
                self.put(holder, entry, state);
                heard.changed.push(entry.client);
            }
            // It is still there.
            (Some(_), Holder::Node(..)) if from_its_holder && entry.clock == here.clock => {
                if let Some(here) = self.here.get_mut(&entry.client) {
                    here.holder = holder;
                }
            }
            (None | Some(_), _) => {}
        }
    }

    fn arrive_elsewhere(&mut self, holder: Holder, entry: &PresenceEntry, heard: &mut HeardOf) {
        let left = self.left.get(&entry.client);
        let left_at = left.map(|left| left.clock);
        let Some(state) = &entry.state else {
            // Whoever comes from there to this node with an older clock must be told.
            if left_at.is_none_or(|clock| clock < entry.clock) {
                self.remember(entry.client, entry.user, entry.clock);
            }
            return;
        };
        match left_at {
            Some(clock) if entry.clock <= clock => heard.answers.push(PresenceEntry {
                clock,
                state: None,
                ..entry.clone()
            }),
            Some(_) | None => {
                if self.left.remove(&entry.client).is_some() {
                    self.left_order.retain(|id| *id != entry.client);
                }
                self.put(holder, entry, state);
                heard.changed.push(entry.client);
            }
        }
    }

    fn put(&mut self, holder: Holder, entry: &PresenceEntry, state: &str) {
        let here = Here {
            holder,
            user: entry.user,
            clock: entry.clock,
            state: state.to_owned(),
        };
        self.here.insert(entry.client, here);
    }

    /// Takes away everybody who is with `node`, and names them.
    pub fn forget_node(&mut self, node: NodeId) -> Vec<ClientId> {
        self.remove_all(|_, here| here.is_with(node))
    }

    /// Takes away everybody who is with another node, and names them.
    pub fn forget_elsewhere(&mut self) -> Vec<ClientId> {
        self.remove_all(|_, here| matches!(here.holder, Holder::Node(..)))
    }

    /// Takes away those of whom their nodes say nothing any more, and names them.
    pub fn forget_old(&mut self, now: Timestamp) -> Vec<ClientId> {
        self.remove_all(|_, here| match here.holder {
            Holder::Node(_, told_at) => now.since(told_at) > FORGOTTEN_AFTER,
            Holder::Session(_) => false,
        })
    }

    /// What other nodes are to be told of `ids`: those that sessions of this node speak for, and those
    /// that nobody speaks for any more.
    pub fn tell(&self, ids: &BTreeSet<ClientId>) -> Vec<PresenceEntry> {
        let entry = |id: &ClientId| match self.here.get(id) {
            Some(here) => here.entry(*id),
            None => self.left.get(id).map(|left| PresenceEntry {
                client: *id,
                clock: left.clock,
                user: left.user,
                state: None,
            }),
        };
        ids.iter().filter_map(entry).collect()
    }

    /// Everybody whom sessions of this node speak for.
    pub fn tell_all(&self) -> Vec<PresenceEntry> {
        let own = |(id, here): (&ClientId, &Here)| here.entry(*id);
        self.here.iter().filter_map(own).collect()
    }
}

impl Here {
    fn is_with(&self, node: NodeId) -> bool {
        matches!(self.holder, Holder::Node(one, _) if one == node)
    }

    /// What is told of it, if a session of this node speaks for it.
    fn entry(&self, client: ClientId) -> Option<PresenceEntry> {
        matches!(self.holder, Holder::Session(_)).then(|| PresenceEntry {
            client,
            clock: self.clock,
            user: self.user,
            state: Some(self.state.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::document::{Peer, PresenceLimits};

    const LIMITS: PresenceLimits = PresenceLimits {
        bytes_max: 4_096,
        ids_max: 4,
    };

    /// One node's view of a document, and one of its sessions.
    struct Node {
        id: NodeId,
        presence: Presence,
        session: SessionId,
        now: Timestamp,
    }

    impl Node {
        fn new(clock: &Clock) -> Self {
            Self {
                id: NodeId::generate(clock),
                presence: Presence::default(),
                session: SessionId::generate(clock),
                now: clock.now(),
            }
        }

        /// A session of `user` says something; what other nodes are told of it.
        fn say(&mut self, user: UserId, id: u64, clock: u64, state: Option<&str>) -> Told {
            let peer = Peer {
                user,
                name: "Ada".to_owned(),
                kind: "person",
            };
            let update = awareness::encode([(id, clock, state)]);
            let announced = self
                .presence
                .announce(self.session, &peer, &update, LIMITS)
                .unwrap();
            self.tell(announced.changed)
        }

        fn leave(&mut self) -> Told {
            let gone = self.presence.leave(self.session);
            self.tell(gone)
        }

        fn tell(&self, ids: Vec<ClientId>) -> Told {
            Told(self.id, self.presence.tell(&ids.into_iter().collect()))
        }

        fn hear(&mut self, told: &Told) -> HeardOf {
            self.presence.hear(told.0, &told.1, self.now)
        }

        fn sees(&self, id: u64) -> bool {
            self.presence.here.contains_key(&id)
        }
    }

    struct Told(NodeId, Vec<PresenceEntry>);

    fn stage() -> (Node, Node, UserId) {
        let clock = Clock::system();
        let user = UserId::generate(&clock);
        (Node::new(&clock), Node::new(&clock), user)
    }

    #[test]
    fn who_comes_and_goes_at_one_node_does_at_the_other() {
        let (mut a, mut b, ada) = stage();
        let told = a.say(ada, 7, 1, Some("{}"));
        assert_eq!(b.hear(&told).changed, [7]);
        assert!(b.hear(&told).changed.is_empty(), "it is told twice");
        let told = a.leave();
        assert_eq!(b.hear(&told).changed, [7]);
        assert!(!b.sees(7));
    }

    #[test]
    fn what_was_lost_on_the_way_is_mended_by_all_there_is() {
        let (mut a, mut b, ada) = stage();
        b.hear(&a.say(ada, 7, 1, Some("{}")));
        a.leave();
        a.say(ada, 8, 1, Some("{}"));
        let mut changed = b
            .presence
            .hear_all(a.id, &a.presence.tell_all(), b.now)
            .changed;
        changed.sort_unstable();
        assert_eq!(changed, [7, 8]);
        assert!(!b.sees(7) && b.sees(8));
        assert_eq!(b.presence.forget_node(a.id), [8]);
    }

    #[test]
    fn a_page_that_connects_elsewhere_is_not_taken_away_by_the_node_it_left() {
        let (mut a, mut b, ada) = stage();
        b.hear(&a.say(ada, 7, 1, Some("{}")));
        let told = b.say(ada, 7, 2, Some("{}"));
        let late = a.leave();
        let heard = b.hear(&late);
        assert!(heard.changed.is_empty() && b.sees(7));
        // Clients of the first node have seen it go at this clock: it must say so at a later one.
        assert_eq!(heard.seen_gone.len(), 1);
        let answers = a.hear(&told).answers;
        assert_eq!((answers[0].clock, &answers[0].state), (2, &None));
        let again = b.say(ada, 7, 3, Some("{}"));
        assert_eq!(a.hear(&again).changed, [7]);
    }

    #[test]
    fn nobody_speaks_for_an_id_of_somebody_else() {
        let (mut a, mut b, ada) = stage();
        let eve = UserId::generate(&Clock::system());
        let mine = a.say(ada, 7, 1, Some("{}"));
        let hers = b.say(eve, 7, 5, Some("{\"a\":1}"));
        assert!(a.hear(&hers).changed.is_empty());
        assert!(b.hear(&mine).changed.is_empty());
        assert_eq!(a.presence.tell_all()[0].user, ada);
    }

    #[test]
    fn who_is_not_told_of_any_more_goes() {
        let (mut a, mut b, ada) = stage();
        b.hear(&a.say(ada, 7, 1, Some("{}")));
        assert!(
            b.presence
                .forget_old(b.now.after(FORGOTTEN_AFTER))
                .is_empty()
        );
        b.now = b.now.after(FORGOTTEN_AFTER);
        let all = a.presence.tell_all();
        b.presence.hear_all(a.id, &all, b.now);
        let later = b.now.after(Duration::from_secs(31));
        assert_eq!(b.presence.forget_old(later), [7]);
    }
}
