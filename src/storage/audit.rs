//! The audit: who did what to a plan and to the server, in chains that show when they were changed.
//!
//! An entry is written in the transaction of what it tells. What is only told afterwards, because it
//! changes nothing here (a refused edit, an export), has a transaction of its own.

pub mod chain;

use serde_json::Value as Json;
use sqlx::FromRow;
use uuid::Uuid;

use self::chain::{Broken, Chain, Entry, Hash, Verifier};
use super::database::{Storage, read, read_tx, write_tx};
use super::error::StorageError;
use crate::clock::Timestamp;
use crate::ids::{PlanId, UserId};

/// Entries read at a time for checking a chain.
const PAGE: i64 = 1_000;
/// The longest detail, in bytes of JSON.
const DETAIL_BYTES_MAX: usize = 16 * 1024;

/// Something that was done, to be written down.
#[derive(Debug, Clone)]
pub struct Act {
    /// Who; none for the operator and for the server itself.
    pub actor: Option<UserId>,
    /// What.
    pub verb: Verb,
    /// To what, with values before and after. An object of at most 16 KiB.
    pub detail: Json,
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What can be done; each is a word of the audit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Verb {
            $($(#[$doc])* $name,)*
        }

        impl Verb {
            /// As it is written.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

verbs! {
    /// Somebody registered.
    AccountRegistered = "account.registered",
    /// The operator set a password.
    PasswordReset = "account.password_reset",
    /// The operator invited somebody to register.
    InviteMade = "invite.made",
    /// A backup was read into this database.
    ServerRestored = "server.restored",
    /// A plan was made.
    PlanCreated = "plan.create",
    /// A plan got another name.
    PlanRenamed = "plan.update",
    /// A plan was put away.
    PlanArchived = "plan.archive",
    /// A plan was brought back.
    PlanRestored = "plan.restore",
    /// A plan was deleted.
    PlanDeleted = "plan.delete",
    /// A plan's document was made anew without its history.
    PlanSquashed = "plan.squash",
    /// A file was read into the plan.
    PlanImported = "plan.import",
    /// The plan was given out as a file.
    PlanExported = "plan.export",
    /// What was before was brought back, or a change undone.
    HistoryRestored = "history.restore",
    /// A point in the history got a name.
    VersionNamed = "history.name",
    /// Somebody became a member or got another role.
    RoleSet = "member.set_role",
    /// Somebody is a member no longer.
    MemberRemoved = "member.remove",
    /// An invitation into the plan was made.
    MemberInvited = "member.invite",
    /// An invitation was taken.
    InviteAccepted = "member.accept",
    /// An agent was given a token.
    AgentCreated = "agent.create",
    /// An agent's token was ended.
    AgentRevoked = "agent.revoke",
    /// A finding was put aside.
    FindingDismissed = "finding.dismiss",
    /// A finding that was put aside was taken up again.
    FindingReopened = "finding.reopen",
    /// A version was published.
    ReleasePublished = "release.publish",
    /// Somebody sent what the outbox held, and said so.
    OutboxSent = "outbox.mark_sent",
    /// A proposal was opened.
    ProposalOpened = "proposal.open",
    /// A proposal was submitted.
    ProposalSubmitted = "proposal.submit",
    /// Its draft goes on from a later state of the plan.
    ProposalRebased = "proposal.rebase",
    /// Its author took it back.
    ProposalWithdrawn = "proposal.withdraw",
    /// Nobody decided in time.
    ProposalExpired = "proposal.expire",
    /// Its author was asked for another revision.
    ChangesRequested = "proposal.request_changes",
    /// Changes of it were accepted or rejected.
    ProposalDecided = "proposal.decide",
    /// What was accepted of it was taken back.
    ProposalUndone = "proposal.undo",
    /// Somebody asked for an approval.
    GateRequested = "gate.request",
    /// Somebody approved.
    GateApproved = "gate.approve",
    /// Somebody rejected.
    GateRejected = "gate.reject",
    /// An edit was refused.
    EditRefused = "edit.refused",
}

impl Act {
    /// The detail as it is kept: one that is too long says so instead.
    pub(super) fn kept_detail(&self) -> Json {
        let is_short = self.detail.to_string().len() <= DETAIL_BYTES_MAX;
        if is_short {
            self.detail.clone()
        } else {
            serde_json::json!({"left_out": "more than 16 KiB"})
        }
    }
}

impl Chain {
    pub(super) fn id(self) -> Uuid {
        match self {
            Self::Server => Uuid::nil(),
            Self::Plan(plan) => plan.as_uuid(),
        }
    }

    fn of(id: Uuid) -> Self {
        if id.is_nil() {
            Self::Server
        } else {
            Self::Plan(PlanId::from_uuid(id))
        }
    }
}

#[derive(FromRow)]
struct Row {
    seq: i64,
    created_at: i64,
    actor: Option<Uuid>,
    verb: String,
    detail: String,
    hash: Vec<u8>,
}

impl Row {
    fn read(self) -> Result<Entry, StorageError> {
        Ok(Entry {
            seq: self.seq,
            at: Timestamp::from_micros(self.created_at),
            actor: self.actor.map(UserId::from_uuid),
            verb: self.verb,
            detail: serde_json::from_str(&self.detail).map_err(StorageError::corrupt)?,
            hash: read_hash(&self.hash)?,
        })
    }
}

pub(super) fn read_hash(bytes: &[u8]) -> Result<Hash, StorageError> {
    bytes.try_into().map_err(StorageError::corrupt)
}

/// Writes an act down, at the end of its chain, in a transaction that has taken the plan already.
macro_rules! record {
    ($tx:expr, $chain:expr, $act:expr, $now:expr) => {{
        use $crate::storage::audit::chain::{Entry, ORIGIN, seal};
        let (chain, act): (
            $crate::storage::audit::chain::Chain,
            &$crate::storage::audit::Act,
        ) = ($chain, $act);
        // Takes the end of the chain: entries of others wait for this one.
        let (seq, before): (i64, Vec<u8>) = sqlx::query_as(
            "insert into audit_heads (chain_id, seq, hash)
             values ($1, 0, $2)
             on conflict (chain_id) do update set seq = audit_heads.seq
             returning seq, hash",
        )
        .bind(chain.id())
        .bind(&ORIGIN[..])
        .fetch_one(&mut *$tx)
        .await?;
        let before = $crate::storage::audit::read_hash(&before)?;
        let mut entry = Entry {
            seq: seq + 1,
            at: $now,
            actor: act.actor,
            verb: act.verb.as_str().to_owned(),
            detail: act.kept_detail(),
            hash: ORIGIN,
        };
        entry.hash = seal(chain, &before, &entry);
        sqlx::query(
            "insert into audit (chain_id, seq, created_at, actor, verb, detail, hash)
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(chain.id())
        .bind(entry.seq)
        .bind(entry.at.as_micros())
        .bind(entry.actor.map($crate::ids::UserId::as_uuid))
        .bind(&entry.verb)
        .bind(entry.detail.to_string())
        .bind(&entry.hash[..])
        .execute(&mut *$tx)
        .await?;
        sqlx::query("update audit_heads set seq = $2, hash = $3 where chain_id = $1")
            .bind(chain.id())
            .bind(entry.seq)
            .bind(&entry.hash[..])
            .execute(&mut *$tx)
            .await?;
    }};
}

pub(super) use record;

/// What checking a chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Which chain.
    pub chain: Chain,
    /// How many entries hold, from the first on.
    pub entries: i64,
    /// The hash of the last of them.
    pub hash: Hash,
    /// What is wrong behind them, if something is.
    pub broken: Option<Broken>,
}

impl Storage {
    /// Writes down what was done elsewhere.
    pub async fn record(&self, chain: Chain, act: &Act) -> Result<(), StorageError> {
        let now = self.now();
        write_tx!(self, tx => record!(tx, chain, act, now));
        Ok(())
    }

    /// At most `limit` entries of a chain before position `before`, the last first.
    pub async fn audit_entries(
        &self,
        chain: Chain,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Entry>, StorageError> {
        let rows: Vec<Row> = read!(self, db => {
            sqlx::query_as(
                "select seq, created_at, actor, verb, detail, hash
                 from audit
                 where chain_id = $1
                   and seq < $2
                 order by seq desc
                 limit $3",
            )
            .bind(chain.id())
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .fetch_all(db)
            .await?
        });
        rows.into_iter().map(Row::read).collect()
    }

    /// Every chain there is.
    pub async fn audit_chains(&self) -> Result<Vec<Chain>, StorageError> {
        let ids: Vec<(Uuid,)> = read!(self, db => {
            sqlx::query_as(
                "select chain_id from audit_heads
                 union
                 select distinct chain_id from audit
                 order by 1",
            )
            .fetch_all(db)
            .await?
        });
        Ok(ids.into_iter().map(|(id,)| Chain::of(id)).collect())
    }

    /// Checks a chain from its first entry to its end, as it is at one moment.
    pub async fn verify_audit(&self, chain: Chain) -> Result<Verdict, StorageError> {
        let mut verifier = Verifier::new(chain);
        let broken = read_tx!(self, tx => {
            let mut broken = None;
            loop {
                let rows: Vec<Row> = sqlx::query_as(
                    "select seq, created_at, actor, verb, detail, hash
                     from audit
                     where chain_id = $1
                       and seq > $2
                     order by seq
                     limit $3",
                )
                .bind(chain.id())
                .bind(verifier.entries())
                .bind(PAGE)
                .fetch_all(&mut *tx)
                .await?;
                let is_last = rows.is_empty();
                for row in rows {
                    // What cannot even be read was not written so.
                    let number = verifier.entries() + 1;
                    let checked = row
                        .read()
                        .map_err(|_| Broken::Changed(number))
                        .and_then(|entry| verifier.check(&entry));
                    broken = checked.err();
                    if broken.is_some() {
                        break;
                    }
                }
                if is_last || broken.is_some() {
                    break;
                }
            }
            if broken.is_none() {
                let noted: Option<(i64, Vec<u8>)> =
                    sqlx::query_as("select seq, hash from audit_heads where chain_id = $1")
                        .bind(chain.id())
                        .fetch_optional(&mut *tx)
                        .await?;
                let noted = noted.as_ref().map(|(seq, hash)| (*seq, hash.as_slice()));
                broken = verifier.end(noted).err();
            }
            broken
        });
        Ok(Verdict {
            chain,
            entries: verifier.entries(),
            hash: *verifier.hash(),
            broken,
        })
    }
}
