//! Every open socket of this node: how many there are, and which end with a sign-in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convene_protocol::error_code::ErrorCode;

use crate::ids::{FamilyId, UserId};
use crate::room::outbox::{Ending, Outbox};

/// The open sockets; cheap to clone.
#[derive(Debug, Clone)]
pub struct Directory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sockets: Mutex<Sockets>,
    sockets_max: usize,
    per_user_max: usize,
}

#[derive(Debug, Default)]
struct Sockets {
    next: u64,
    open: HashMap<u64, Socket>,
    per_user: HashMap<UserId, usize>,
}

#[derive(Debug)]
struct Socket {
    outbox: Arc<Outbox>,
    /// Everybody who showed a token on it; nearly always one.
    people: Vec<(UserId, FamilyId)>,
}

/// A limit of sockets is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryFull {
    /// Of this node.
    #[error("this server has as many connections as it may; try again later")]
    Node,
    /// Of one user.
    #[error("this account has as many connections as it may; close some")]
    User,
}

/// One socket's place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    directory: Directory,
    number: u64,
}

impl Directory {
    /// A directory without sockets.
    pub fn new(sockets_max: usize, per_user_max: usize) -> Self {
        Self(Arc::new(Shared {
            sockets: Mutex::default(),
            sockets_max,
            per_user_max,
        }))
    }

    /// Takes a socket in.
    pub fn enter(&self, outbox: Arc<Outbox>) -> Result<Place, DirectoryFull> {
        let mut sockets = self.sockets();
        if sockets.open.len() >= self.0.sockets_max {
            return Err(DirectoryFull::Node);
        }
        let number = sockets.next;
        sockets.next += 1;
        sockets.open.insert(
            number,
            Socket {
                outbox,
                people: Vec::new(),
            },
        );
        metrics::gauge!("convene_sockets").increment(1.0);
        Ok(Place {
            directory: self.clone(),
            number,
        })
    }

    /// How many sockets are open.
    pub fn count(&self) -> usize {
        self.sockets().open.len()
    }

    /// Every sign-in of which a socket is open, each once.
    pub fn families(&self) -> Vec<FamilyId> {
        let sockets = self.sockets();
        let people = sockets.open.values().flat_map(|socket| &socket.people);
        let mut families: Vec<FamilyId> = people.map(|(_, family)| *family).collect();
        families.sort_unstable();
        families.dedup();
        families
    }

    /// Closes every socket that showed a token of this sign-in.
    pub fn end_family(&self, family: FamilyId) {
        for socket in self.sockets().open.values() {
            if socket.people.iter().any(|(_, one)| *one == family) {
                let say = "this sign-in has ended; sign in again";
                socket
                    .outbox
                    .end(Ending::new(ErrorCode::Unauthenticated, say));
            }
        }
    }

    /// The queues of all open sockets, for shutdown.
    pub fn outboxes(&self) -> Vec<Arc<Outbox>> {
        self.sockets()
            .open
            .values()
            .map(|socket| Arc::clone(&socket.outbox))
            .collect()
    }

    fn sockets(&self) -> MutexGuard<'_, Sockets> {
        // The tables agree after every statement that can panic.
        self.0
            .sockets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Notes that `user` showed a token of `family` on this socket.
    pub fn bind(&self, user: UserId, family: FamilyId) -> Result<(), DirectoryFull> {
        let mut sockets = self.directory.sockets();
        let Some(socket) = sockets.open.get(&self.number) else {
            return Ok(());
        };
        if socket.people.contains(&(user, family)) {
            return Ok(());
        }
        let is_new_user = !socket.people.iter().any(|(one, _)| *one == user);
        if is_new_user {
            let count = sockets.per_user.entry(user).or_default();
            // Nothing is noted of a socket that does not fit: it may ask again.
            if *count >= self.directory.0.per_user_max {
                return Err(DirectoryFull::User);
            }
            *count += 1;
        }
        if let Some(socket) = sockets.open.get_mut(&self.number) {
            socket.people.push((user, family));
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut sockets = self.directory.sockets();
        let Some(socket) = sockets.open.remove(&self.number) else {
            return;
        };
        let mut users: Vec<UserId> = socket.people.iter().map(|(user, _)| *user).collect();
        users.sort_unstable();
        users.dedup();
        for user in users {
            if let Some(count) = sockets.per_user.get_mut(&user) {
                *count -= 1;
                if *count == 0 {
                    sockets.per_user.remove(&user);
                }
            }
        }
        drop(sockets);
        metrics::gauge!("convene_sockets").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_sign_in_that_ends_closes_its_sockets_and_no_others() {
        let clock = Clock::system();
        let directory = Directory::new(10, 10);
        let user = UserId::generate(&clock);
        let (one, two) = (FamilyId::generate(&clock), FamilyId::generate(&clock));
        let boxes = [Arc::new(Outbox::new(9)), Arc::new(Outbox::new(9))];
        let places = boxes.clone().map(|outbox| directory.enter(outbox).unwrap());
        places[0].bind(user, one).unwrap();
        places[1].bind(user, two).unwrap();
        directory.end_family(one);
        assert_eq!(boxes[0].ending().unwrap().code, ErrorCode::Unauthenticated);
        assert_eq!(boxes[1].ending(), None);
    }

    #[test]
    fn places_are_given_back() {
        let clock = Clock::system();
        let directory = Directory::new(2, 1);
        let (user, family) = (UserId::generate(&clock), FamilyId::generate(&clock));
        let first = directory.enter(Arc::new(Outbox::new(9))).unwrap();
        let second = directory.enter(Arc::new(Outbox::new(9))).unwrap();
        assert_eq!(
            directory.enter(Arc::new(Outbox::new(9))).unwrap_err(),
            DirectoryFull::Node
        );
        first.bind(user, family).unwrap();
        assert_eq!(second.bind(user, family), Err(DirectoryFull::User));
        assert_eq!(second.bind(user, family), Err(DirectoryFull::User));
        drop((first, second));
        let third = directory.enter(Arc::new(Outbox::new(9))).unwrap();
        assert_eq!(third.bind(user, family), Ok(()));
        assert_eq!(directory.count(), 1);
    }
}
