//! Updates that do harm only together: of several users, honest ones among them, late, twice, after
//! what they build on was deleted, and against documents that were loaded again in between.

use crate::client::Client;
use crate::dice::Dice;
use crate::finding::{Finding, Tally};
use crate::history::exchange;
use crate::judge::{From, Judge, Likeness, Outcome, clocks, readable};
use crate::mutation::changed;
use crate::wire::Update;
use crate::wiring::{CLIENTS, Wild};

const STEPS: usize = 36;
/// Users with stock clients; the attackers are others.
const HONEST: usize = 2;
/// Updates that are kept to be sent late, again, or changed.
const KEPT_MAX: usize = 16;
/// Ids that are hard to keep apart, or as large as one can be.
const IDS: [[u64; CLIENTS]; 3] = [
    [0, 1, 2, 3, 4],
    [1 << 32, 2 << 32, 3 << 32, 4 << 32, 5 << 32],
    [
        (1 << 53) - 1,
        (1 << 53) - 2,
        1 << 52,
        (1 << 32) - 1,
        1 << 31,
    ],
];

struct Scene {
    judge: Judge,
    wild: Wild,
    clients: Vec<Client>,
    kept: Vec<Vec<u8>>,
    /// How many stock clients began anew.
    renewed: u64,
}

/// One case.
pub(crate) fn case(dice: &mut Dice) -> Result<Tally, Finding> {
    let mut scene = Scene {
        judge: Judge::default(),
        wild: Wild::with_ids(dice.pick(&IDS)),
        clients: (0..HONEST)
            .map(|user| Client::new(50 + user as u64, user))
            .collect(),
        kept: vec![vec![0, 0]],
        renewed: 0,
    };
    for _ in 0..STEPS {
        scene.step(dice)?;
        if dice.is_spent() {
            break;
        }
    }
    for number in 0..HONEST {
        scene.meet(number)?;
    }
    scene.judge.conclude(Likeness::AnyOrder)
}

impl Scene {
    fn step(&mut self, dice: &mut Dice) -> Result<(), Finding> {
        match dice.below(20) {
            0..=7 => {
                let client = dice.below(CLIENTS);
                let before = self.wild.clone();
                let update = self.wild.update_of(dice, client);
                if !self.send(HONEST + client % 2, update)? {
                    self.wild = before;
                }
                Ok(())
            }
            8..=9 => {
                let update = self.wild.update(dice);
                // Sent later, perhaps after what it builds on is gone.
                self.keep(update);
                Ok(())
            }
            10..=12 => self.edit(dice),
            13 => {
                let update = self.kept.get(dice.below(self.kept.len())).cloned();
                self.send(dice.below(HONEST + 2), update.unwrap_or_default())
                    .map(drop)
            }
            14 => {
                let update = changed(dice, &self.kept);
                self.judge.examine(&update)?;
                self.send(dice.below(HONEST + 2), update).map(drop)
            }
            15 => self.delete_everything(dice),
            16 => {
                let from = dice.pick(&[From::Rows, From::Snapshot, From::Both]);
                self.judge.restart(from, Likeness::AnyOrder)
            }
            17 => self.judge.take_snapshot(),
            18 => self.ask(dice),
            _ => self.meet(dice.below(HONEST)),
        }
    }

    fn send(&mut self, user: usize, update: Vec<u8>) -> Result<bool, Finding> {
        let outcome = self.judge.apply(user, &update)?;
        self.keep(update);
        match outcome {
            Outcome::Taken(new) => {
                for client in self.clients.iter().filter(|client| client.online) {
                    if let Some(new) = &new {
                        client.receive(new)?;
                    }
                }
                Ok(true)
            }
            Outcome::Refused(_) => Ok(false),
        }
    }

    fn keep(&mut self, update: Vec<u8>) {
        if self.kept.len() >= KEPT_MAX {
            self.kept.remove(0);
        }
        self.kept.push(update);
    }

    /// A stock client edits what it sees, which others may have made strange.
    fn edit(&mut self, dice: &mut Dice) -> Result<(), Finding> {
        let number = dice.below(HONEST);
        let Some(client) = self.clients.get_mut(number) else {
            return Ok(());
        };
        let is_going = dice.percent(20);
        client.online &= !is_going;
        // Some clients read a root without end that others have put into what does not belong there.
        let roots = readable(self.judge.replica());
        if roots.is_empty() {
            return Ok(());
        }
        let update = client.edit(dice, &roots);
        if client.online {
            self.send(number, update).map(drop)
        } else {
            Ok(())
        }
    }

    /// Deletes all there is of a client, or of all.
    fn delete_everything(&mut self, dice: &mut Dice) -> Result<(), Finding> {
        let chosen = dice.below(3);
        let all = Update {
            sections: Vec::new(),
            deletes: clocks(self.judge.replica())
                .iter()
                .enumerate()
                .filter(|(number, _)| chosen == 0 || number % 3 == chosen)
                .map(|(_, (client, clock))| (client, vec![(0, u64::from(clock))]))
                .collect(),
        };
        self.send(HONEST, all.write()).map(drop)
    }

    /// Reads the document, and asks for what somebody with a made-up vector lacks.
    fn ask(&mut self, dice: &mut Dice) -> Result<(), Finding> {
        self.judge.read_all()?;
        let mut vector = vec![u8::try_from(CLIENTS).unwrap_or(0)];
        for client in 0..CLIENTS {
            vector.extend([
                u8::try_from(client).unwrap_or(0),
                u8::try_from(dice.below(20)).unwrap_or(0),
            ]);
        }
        self.judge.diff(&vector).map(drop)?;
        if let Some(vector) = self.kept.last() {
            self.judge.diff(vector).map(drop)?;
        }
        Ok(())
    }

    /// A stock client comes back. What it wrote where others have put what does not belong there is
    /// refused; its replica is over then, and it begins anew.
    fn meet(&mut self, number: usize) -> Result<(), Finding> {
        let Some(client) = self.clients.get_mut(number) else {
            return Ok(());
        };
        let exchange = exchange(&mut self.judge, client)?;
        client.online = true;
        if let Outcome::Refused(_) = exchange {
            self.renewed += 1;
            *client = Client::new(100 + self.renewed, number);
            // Until it has asked for all there is.
            client.online = false;
        }
        let Outcome::Taken(Some(new)) = exchange else {
            return Ok(());
        };
        for client in self.clients.iter().filter(|client| client.online) {
            client.receive(&new)?;
        }
        Ok(())
    }
}
