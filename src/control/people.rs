//! Names of accounts, as they are shown beside what they did.

use std::collections::{BTreeSet, HashMap};

use convene_protocol::control::history::Person;

use super::Desk;
use crate::error::Failure;
use crate::ids::UserId;

/// Accounts by their ids.
#[derive(Debug)]
pub(super) struct People(HashMap<UserId, String>);

impl People {
    /// One of them; who is not known any more has no name.
    pub(super) fn person(&self, user: UserId) -> Person {
        Person {
            id: user.to_string(),
            name: self.0.get(&user).cloned().unwrap_or_default(),
        }
    }
}

impl Desk {
    /// Looks up everybody who is mentioned.
    pub(super) async fn people(
        &self,
        users: impl IntoIterator<Item = UserId>,
    ) -> Result<People, Failure> {
        let users: BTreeSet<UserId> = users.into_iter().collect();
        let users: Vec<UserId> = users.into_iter().collect();
        Ok(People(self.storage.names_of(&users).await?))
    }
}
