//! Presence of several sessions, honest, forged and changed: nobody speaks for anybody else.

use std::collections::BTreeMap;

use convene::document::{ClientId, Peer, Presence, PresenceLimits};
use convene::ids::SessionId;
use convene_protocol::awareness;
use serde_json::Value;

use crate::dice::Dice;
use crate::finding::{Finding, Tally, must, within_memory};
use crate::judge::user_number;
use crate::mutation::change_bytes;

/// Announcements of one case.
const STEPS: usize = 48;
/// Sessions; two belong to one user.
const SESSIONS: usize = 5;
const LIMITS: PresenceLimits = PresenceLimits {
    bytes_max: 256,
    ids_max: 3,
};
/// States are kept, encoded and compared as JSON.
const BYTES_PER_BYTE: usize = 64;
const BYTES_SLACK: usize = 64 << 10;

/// What everybody sees: the clock and the state of each client.
type Seen = BTreeMap<ClientId, (u64, String)>;

/// One case.
pub(crate) fn case(dice: &mut Dice) -> Result<Tally, Finding> {
    let mut board = Board::default();
    let mut pool: Vec<Vec<u8>> = vec![vec![0]];
    for _ in 0..STEPS {
        let session = dice.below(SESSIONS);
        if dice.percent(5) {
            board.leave(session)?;
            continue;
        }
        let mut update = announcement(dice);
        if dice.percent(40) {
            change_bytes(dice, &mut update, &pool);
        }
        board.announce(session, &update)?;
        pool.push(update);
        if dice.is_spent() {
            break;
        }
    }
    Ok(board.tally)
}

pub(crate) fn announcement(dice: &mut Dice) -> Vec<u8> {
    let states = [
        Some("{}"),
        Some("{\"user\":{\"name\":\"Bob\",\"id\":1,\"color\":\"#f00\"}}"),
        Some("{\"user\":7,\"cursor\":{\"at\":[1,2]}}"),
        Some("{\"a\":1,\"a\":2}"),
        Some("{\"user\":{\"id\":1,\"id\":2}}"),
        Some("{\"\\u0075ser\":{\"name\":\"Bob\"}}"),
        Some("[]"),
        None,
        None,
    ];
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(300));
    let entries: Vec<(u64, u64, Option<&str>)> = (0..dice.below(4))
        .map(|_| {
            let number = dice.number() & ((1 << 53) - 1);
            let id = dice.pick(&[1, 2, 3, 4, 5, 6, number]);
            let clock = dice.pick(&[0, 1, 2, 3, 4, 5, 6, 7, 8, number]);
            let state = if dice.percent(5) {
                Some(long.as_str())
            } else {
                dice.pick(&states)
            };
            (id, clock, state)
        })
        .collect();
    awareness::encode(entries).to_vec()
}

/// The presence of one document on trial.
#[derive(Debug, Default)]
pub struct Board {
    presence: Presence,
    tally: Tally,
}

impl Board {
    /// Gives an awareness update of a session to the board.
    pub fn announce(&mut self, session: usize, update: &[u8]) -> Result<(), Finding> {
        let peer = Peer {
            user: user_number(session / 2),
            name: format!("User {}", session / 2),
            kind: "person",
        };
        let before = self.seen()?;
        let presence = &mut self.presence;
        let memory_max = update.len() * BYTES_PER_BYTE + BYTES_SLACK;
        let announced = within_memory("an announcement", memory_max, || {
            presence.announce(session_number(session), &peer, update, LIMITS)
        })?;
        self.tally.count(&announced);
        let after = self.seen()?;
        let changed = announced.map(|told| told.changed).unwrap_or_default();
        for id in before.keys().chain(after.keys()) {
            if before.get(id) == after.get(id) {
                continue;
            }
            must!(changed.contains(id), "client {id} changed unsaid");
            for (clock, state) in [before.get(id), after.get(id)].into_iter().flatten() {
                let owner = owner(state)?;
                must!(
                    owner == peer.user.to_string(),
                    "{} changed client {id} of {owner} at {clock}",
                    peer.user
                );
                must!(
                    state.len() <= LIMITS.bytes_max,
                    "a state of {} bytes",
                    state.len()
                );
            }
            if let (Some((old, _)), Some((new, _))) = (before.get(id), after.get(id)) {
                must!(
                    new > old,
                    "the clock of client {id} fell to {new} from {old}"
                );
            }
        }
        must!(
            after.len() <= SESSIONS * LIMITS.ids_max,
            "{} clients of {SESSIONS} sessions",
            after.len()
        );
        Ok(())
    }

    /// Ends a session.
    pub fn leave(&mut self, session: usize) -> Result<(), Finding> {
        let gone = self.presence.leave(session_number(session));
        let seen = self.seen()?;
        for id in &gone {
            must!(!seen.contains_key(id), "client {id} is still here");
        }
        must!(
            gone.is_empty() || self.presence.encode(&gone).is_some(),
            "nobody is told that {gone:?} left"
        );
        Ok(())
    }

    fn seen(&self) -> Result<Seen, Finding> {
        let Some(all) = self.presence.encode_all() else {
            return Ok(Seen::new());
        };
        let entries = awareness::decode(&all)
            .map_err(|error| Finding::Broken(format!("what is sent to all: {error}")))?;
        Ok(entries
            .into_iter()
            .filter_map(|entry| Some((entry.client_id, (entry.clock, entry.state?.to_owned()))))
            .collect())
    }
}

/// Whose a state says it is.
fn owner(state: &str) -> Result<String, Finding> {
    let read = serde_json::from_str::<Value>(state);
    read.ok()
        .and_then(|state| state.pointer("/user/id")?.as_str().map(str::to_owned))
        .ok_or_else(|| Finding::Broken(format!("a state of nobody: {state}")))
}

/// A session of this number; the same one each time.
pub(crate) fn session_number(number: usize) -> SessionId {
    format!("00000000-0000-7000-9000-{number:012}")
        .parse()
        .unwrap_or_else(|error| panic!("session {number}: {error}"))
}
