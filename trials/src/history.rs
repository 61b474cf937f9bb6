//! What stock clients send: nothing of it is refused, and all end with the same document.

use bytes::Bytes;

use crate::client::Client;
use crate::dice::Dice;
use crate::finding::{Finding, Tally, must};
use crate::judge::{From, Judge, Likeness, Outcome, ROOTS};
use crate::reading::read;

const CLIENTS: usize = 4;
const STEPS: usize = 40;
/// One case in so many goes on for longer: until it has more rows than one append takes.
const LONG_ONE_IN: usize = 50;
const MORE_STEPS: usize = 600;

/// One case: several clients with times offline, and a server that restarts now and then.
pub(crate) fn case(dice: &mut Dice) -> Result<Tally, Finding> {
    let mut judge = Judge::default();
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|user| Client::new(100 + user as u64 * 7, user))
        .collect();
    for _ in 0..STEPS {
        step(dice, &mut judge, &mut clients)?;
    }
    // Not the first of its choices, which a script that is spent would always take.
    if dice.below(LONG_ONE_IN) == LONG_ONE_IN - 1 {
        for _ in 0..MORE_STEPS {
            step(dice, &mut judge, &mut clients)?;
        }
    }
    // Once for all to tell what they have, once to hear what the others had.
    for _ in 0..2 {
        for client in &clients {
            resync(&mut judge, client)?;
        }
    }
    check_equal(&judge, &clients)?;
    judge.conclude(Likeness::Same)
}

fn step(dice: &mut Dice, judge: &mut Judge, clients: &mut [Client]) -> Result<(), Finding> {
    let one = dice.below(CLIENTS);
    let Some(client) = clients.get_mut(one) else {
        return Ok(());
    };
    let is_going = dice.percent(10);
    let is_coming = dice.percent(30);
    client.online &= !is_going;
    let new = if client.online {
        let update = client.edit(dice, &ROOTS);
        taken(judge.apply(client.user, &update)?)?
    } else if is_coming {
        let missed = resync(judge, client)?;
        client.online = true;
        missed
    } else {
        drop(client.edit(dice, &ROOTS));
        None
    };
    if let Some(new) = new {
        for client in clients.iter().filter(|client| client.online) {
            client.receive(&new)?;
        }
    }
    match dice.below(32) {
        0 => judge.take_snapshot(),
        1 => {
            let from = dice.pick(&[From::Rows, From::Snapshot, From::Both]);
            judge.restart(from, Likeness::Same)
        }
        _ => Ok(()),
    }
}

/// Both ways of the exchange that follows a reconnect; what became of what the client had.
pub(crate) fn exchange(judge: &mut Judge, client: &Client) -> Result<Outcome, Finding> {
    let diff = judge
        .diff(&client.vector())?
        .ok_or_else(|| Finding::broken("the vector of a stock client was refused"))?;
    client.receive(&diff)?;
    let missing = client.missing_at(&judge.replica().state_vector())?;
    judge.apply(client.user, &missing)
}

fn resync(judge: &mut Judge, client: &Client) -> Result<Option<Bytes>, Finding> {
    exchange(judge, client).and_then(taken)
}

fn taken(outcome: Outcome) -> Result<Option<Bytes>, Finding> {
    match outcome {
        Outcome::Taken(new) => Ok(new),
        Outcome::Refused(refusal) => Err(Finding::Broken(format!(
            "a stock client was refused: {refusal}"
        ))),
    }
}

fn check_equal(judge: &Judge, clients: &[Client]) -> Result<(), Finding> {
    let state = judge
        .replica()
        .encode()
        .map_err(|refusal| Finding::Broken(format!("it cannot be encoded: {refusal}")))?;
    let held = read(&state, &ROOTS)?;
    for client in clients {
        let own = read(&client.state(), &ROOTS)?;
        must!(
            own == held,
            "client {} holds\n{own:?}\nand the server\n{held:?}",
            client.user
        );
    }
    Ok(())
}
