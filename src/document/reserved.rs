//! Client ids that somebody has announced and nobody has written with.
//!
//! A client announces its id, which others are shown, before its first edit arrives. Whoever wrote with it
//! in between would own it: the edit would be taken for one that is known, and be lost.

use std::collections::{HashMap, VecDeque};

use super::ClientId;
use crate::ids::UserId;

/// Ids of one account that are kept: it gives up its own oldest, never one of somebody else.
const PER_USER_MAX: usize = 64;

/// Whose each such id is. In memory alone: a page that is open announces itself again.
#[derive(Debug, Default)]
pub(super) struct Reserved {
    owners: HashMap<ClientId, UserId>,
    by_user: HashMap<UserId, VecDeque<ClientId>>,
}

impl Reserved {
    /// Keeps `client` for `user`, unless it is somebody's.
    pub(super) fn keep(&mut self, client: ClientId, user: UserId) {
        if self.owners.contains_key(&client) {
            return;
        }
        self.owners.insert(client, user);
        let own = self.by_user.entry(user).or_default();
        own.push_back(client);
        if own.len() > PER_USER_MAX
            && let Some(oldest) = own.pop_front()
        {
            self.owners.remove(&oldest);
        }
    }

    /// Whether `client` is kept for another account than `user`.
    pub(super) fn is_kept_from(&self, client: ClientId, user: UserId) -> bool {
        self.owners.get(&client).is_some_and(|owner| *owner != user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn an_id_is_whose_it_was_first_and_only_its_own_account_pushes_it_out() {
        let clock = Clock::system();
        let (ada, eve) = (UserId::generate(&clock), UserId::generate(&clock));
        let mut reserved = Reserved::default();
        reserved.keep(7, ada);
        for client in 7..1_000 {
            reserved.keep(client, eve);
        }
        assert!(reserved.is_kept_from(7, eve) && !reserved.is_kept_from(7, ada));
        assert!(reserved.is_kept_from(999, ada) && !reserved.is_kept_from(8, ada));
        assert!(reserved.owners.len() <= PER_USER_MAX + 1);
    }
}
