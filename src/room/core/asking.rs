//! Reads and changes the plan for those who ask by operations, not by updates.

use convene_plan::op::Op;

use crate::auth::access::WriteAccess;
use crate::clock::Timestamp;
use crate::document::{Applied, ClientId, Refusal, Scribe, WriteFailed};
use crate::ids::UserId;
use crate::room::ask::{Ask, EditRefused, Reply, Ticket};
use crate::room::core::RoomCore;
use crate::room::core::backlog::Row;
use crate::room::effect::Effect;
use crate::storage::journal::{NewRow, Origin};

/// Scribes that a room keeps. Each is a replica of the plan; who writes again is spared making it.
const SCRIBES_MAX: usize = 4;

/// The scribes of those who wrote last, the last one at the end.
#[derive(Debug, Default)]
pub(super) struct Scribes(Vec<Scribe>);

impl Scribes {
    fn take(&mut self, user: UserId, client: ClientId) -> Scribe {
        let place = self.0.iter().position(|scribe| scribe.user() == user);
        place.map_or_else(|| Scribe::new(user, client), |at| self.0.remove(at))
    }

    fn keep(&mut self, scribe: Scribe) {
        if self.0.len() >= SCRIBES_MAX {
            self.0.remove(0);
        }
        self.0.push(scribe);
    }

    /// What they hold may never be committed.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl RoomCore {
    /// Answers a question once everything that the answer shows is committed. `client` is an id that
    /// nobody has written with, should one be needed.
    pub(super) fn answer_ask(
        &mut self,
        now: Timestamp,
        ticket: Ticket,
        client: ClientId,
        ask: &Ask,
    ) {
        let reply = if self.backlog.is_holding_too_much() {
            Err(EditRefused::Unavailable)
        } else {
            match ask {
                Ask::Read => self.read_plan(),
                Ask::Edit {
                    access,
                    ops,
                    origin,
                } => self.edit_plan(now, client, (*access, *origin), ops),
            }
        };
        match reply {
            Ok(reply) => self.when_committed(Effect::Reply { ticket, reply }),
            Err(refused) => {
                let reply = Reply::Refused(refused);
                self.effects.push(Effect::Reply { ticket, reply });
            }
        }
    }

    fn read_plan(&mut self) -> Result<Reply, EditRefused> {
        let content = self.replica.plan_content();
        // Nothing but a harmed replica cannot be read.
        self.poisoned |= content.is_err();
        content
            .map(|content| Reply::Content(Box::new(content)))
            .map_err(|_| EditRefused::Unavailable)
    }

    fn edit_plan(
        &mut self,
        now: Timestamp,
        client: ClientId,
        (access, origin): (WriteAccess, Origin),
        ops: &[Op],
    ) -> Result<Reply, EditRefused> {
        if self.size.is_full() {
            return Err(EditRefused::Full);
        }
        if self.backlog.bytes() > self.limits.backlog_bytes_max {
            return Err(EditRefused::Unavailable);
        }
        let mut scribe = self.scribes.take(access.user(), client);
        let update = match scribe.write(&self.replica, ops) {
            Ok(update) => update,
            Err(WriteFailed::Refused(refused)) => {
                self.scribes.keep(scribe);
                return Err(EditRefused::Op(refused));
            }
            // The next one makes a new scribe.
            Err(WriteFailed::Harmed(refusal)) => return Err(self.cannot_write(&refusal)),
        };
        let Some(update) = update else {
            self.scribes.keep(scribe);
            return Ok(Reply::Edited);
        };
        let applied = self.replica.apply(&update, access.user());
        let applied = applied.map_err(|refusal| self.cannot_write(&refusal))?;
        self.scribes.keep(scribe);
        self.push_written(now, (access, origin), applied);
        Ok(Reply::Edited)
    }

    fn push_written(
        &mut self,
        now: Timestamp,
        (access, origin): (WriteAccess, Origin),
        applied: Applied,
    ) {
        let Some(update) = applied.update else {
            return;
        };
        let author = access.user();
        self.backlog.push(Row {
            entry: NewRow {
                update,
                author: Some(author),
                origin,
                at: now,
            },
            session: None,
            author,
            ends: applied.ends,
            first_seen: applied.first_seen,
        });
    }

    fn cannot_write(&mut self, refusal: &Refusal) -> EditRefused {
        tracing::error!(plan.id = %self.plan, %refusal, "operations on plan {} were not written", self.plan);
        match refusal {
            Refusal::Poisoned(_) => {
                self.poisoned = true;
                EditRefused::Unavailable
            }
            Refusal::Malformed(_)
            | Refusal::Wiring(_)
            | Refusal::TooLarge(_)
            | Refusal::Hole
            | Refusal::ForeignClientId(_) => EditRefused::Update(refusal.to_string()),
        }
    }
}
