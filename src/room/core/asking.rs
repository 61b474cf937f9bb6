//! Reads and changes the plan for those who ask by operations, not by updates.

use std::sync::Arc;
use std::time::Duration;

use convene_plan::content::Content;
use convene_plan::op::Op;

use crate::auth::access::WriteAccess;
use crate::clock::Timestamp;
use crate::document::{Applied, ClientId, Refusal, Scribe, WriteFailed, Written};
use crate::ids::UserId;
use crate::room::ask::{Ask, EditRefused, Reading, Reply, Ticket};
use crate::room::core::RoomCore;
use crate::room::core::backlog::Row;
use crate::room::effect::Effect;
use crate::storage::audit::Act;
use crate::storage::journal::{NewRow, Origin};
use crate::storage::proposals::deciding::Along;

/// Scribes that a room keeps. Each is a replica of the plan; who writes again is spared making it.
const SCRIBES_MAX: usize = 2;
/// How long they are kept for who writes again.
const KEPT_FOR: Duration = Duration::from_mins(1);

/// The scribes of those who wrote last, the last one at the end.
#[derive(Debug, Default)]
pub(super) struct Scribes {
    all: Vec<Scribe>,
    last: Option<Timestamp>,
}

impl Scribes {
    fn take(&mut self, user: UserId, client: ClientId) -> Scribe {
        let place = self.all.iter().position(|scribe| scribe.user() == user);
        place.map_or_else(|| Scribe::new(user, client), |at| self.all.remove(at))
    }

    fn keep(&mut self, now: Timestamp, scribe: Scribe) {
        if self.all.len() >= SCRIBES_MAX {
            self.all.remove(0);
        }
        self.all.push(scribe);
        self.last = Some(now);
    }

    /// Drops them when nobody has written for long.
    pub(super) fn let_go(&mut self, now: Timestamp) {
        if self.last.is_some_and(|last| now.since(last) > KEPT_FOR) {
            self.clear();
            self.last = None;
        }
    }

    /// What they hold may never be committed.
    pub(super) fn clear(&mut self) {
        self.all.clear();
    }
}

/// Who changes the plan, and what is kept of it.
struct By<'a> {
    ticket: Ticket,
    access: WriteAccess,
    origin: Origin,
    audit: Option<&'a Act>,
    along: Option<&'a Arc<Along>>,
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
                    audit,
                    along,
                } => {
                    let by = By {
                        ticket,
                        access: *access,
                        origin: *origin,
                        audit: audit.as_ref(),
                        along: along.as_ref(),
                    };
                    self.edit_plan(now, client, &by, ops)
                }
            }
        };
        // A refused operation is told what is there, which may not be committed yet.
        let tells = matches!(reply, Ok(_) | Err(EditRefused::Op(_)));
        let reply = reply.map_or_else(Reply::Refused, |content| {
            // For operations the row is filled in when they have become it.
            let seq = self.head();
            Reply::Content(Reading { content, seq })
        });
        let effect = Effect::Reply { ticket, reply };
        if tells {
            self.when_committed(effect);
        } else {
            self.effects.push(effect);
        }
    }

    fn read_plan(&mut self) -> Result<Arc<Content>, EditRefused> {
        let content = self.replica.plan_content();
        // Nothing but a harmed replica cannot be read.
        self.poisoned |= content.is_err();
        content.map_err(|_| EditRefused::Unavailable)
    }

    fn edit_plan(
        &mut self,
        now: Timestamp,
        client: ClientId,
        by: &By<'_>,
        ops: &[Op],
    ) -> Result<Arc<Content>, EditRefused> {
        if by.access.document().row() != self.plan {
            tracing::error!(plan.id = %self.plan, "operations came with a right to another document");
            return Err(EditRefused::Unavailable);
        }
        if self.size.is_full() {
            return Err(EditRefused::Full);
        }
        if self.backlog.bytes() > self.limits.backlog_bytes_max {
            return Err(EditRefused::Unavailable);
        }
        let mut scribe = self.scribes.take(by.access.user(), client);
        let Written { update, content } = match scribe.write(&self.replica, ops) {
            Ok(written) => written,
            Err(WriteFailed::Refused(refused)) => {
                self.scribes.keep(now, scribe);
                return Err(EditRefused::Op(refused));
            }
            Err(WriteFailed::Unwritable(say)) => {
                self.scribes.keep(now, scribe);
                return Err(EditRefused::Update(say));
            }
            // The next one makes a new scribe.
            Err(WriteFailed::Broken(reason)) => {
                tracing::error!(plan.id = %self.plan, reason, "a scribe of plan {} broke", self.plan);
                return Err(EditRefused::Unavailable);
            }
            Err(WriteFailed::Unreadable(refusal)) => return Err(self.cannot_write(&refusal)),
        };
        let Some(update) = update else {
            self.scribes.keep(now, scribe);
            // What should happen with a row cannot without one.
            return by.along.map_or(Ok(content), |_| Err(EditRefused::Moved));
        };
        let applied = self.replica.apply(&update, by.access.user());
        let applied = applied.map_err(|refusal| self.cannot_write(&refusal))?;
        self.scribes.keep(now, scribe);
        self.push_written(now, by, applied);
        Ok(content)
    }

    fn push_written(&mut self, now: Timestamp, by: &By<'_>, applied: Applied) {
        let Some(update) = applied.update else {
            return;
        };
        let author = by.access.user();
        self.backlog.push(Row {
            entry: NewRow {
                update,
                author: Some(author),
                origin: by.origin,
                at: now,
                audit: by.audit.cloned(),
                along: by.along.cloned(),
            },
            session: None,
            asked: Some(by.ticket),
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
