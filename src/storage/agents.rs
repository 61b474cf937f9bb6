//! Agents: programs that belong to one plan, each with an account, a sign-in and a token of its own.
//!
//! An agent is a member of its plan from when it is made until it is revoked. What ends its sign-in ends its
//! sockets, on every node, as for people.

use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::chain::Chain;
use super::audit::{Act, Verb, record};
use super::database::{Storage, read, write_tx};
use super::error::StorageError;
use super::members::bump_access;
use super::proposals::{touch_draft, touch_proposals};
use crate::auth::access::Role;
use crate::auth::principal::PrincipalKind;
use crate::clock::Timestamp;
use crate::ids::{FamilyId, PlanId, ProposalId, UserId};

/// Agents of a plan that may have a good token at a time.
pub const LIVE_AGENTS_MAX: usize = 20;

/// No password verifies against this, since it is no hash.
const NO_PASSWORD: &str = "!";

/// An agent to be made.
#[derive(Debug, Clone)]
pub struct NewAgent<'a> {
    /// Its account.
    pub id: UserId,
    /// Its sign-in.
    pub family: FamilyId,
    /// SHA-256 of its token.
    pub token_hash: &'a [u8; 32],
    /// The plan.
    pub plan: PlanId,
    /// What others see.
    pub name: &'a str,
    /// The beginnings of the paths that it may propose changes at; empty for all.
    pub paths: &'a [String],
    /// How many proposals of it may be open at a time.
    pub open_max: u32,
    /// When its token stops counting.
    pub expires_at: Timestamp,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentMade {
    /// It is there.
    Made,
    /// The plan is gone.
    PlanGone,
    /// The plan has [`LIVE_AGENTS_MAX`].
    TooMany,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its account.
    pub id: UserId,
    /// The plan.
    pub plan: PlanId,
    /// What others see.
    pub name: String,
    /// The beginnings of the paths that it may propose changes at; empty for all.
    pub paths: Vec<String>,
    /// How many proposals of it may be open at a time.
    pub open_max: u32,
    /// The owner who made it, on whose behalf it acts.
    pub made_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When its token stops counting.
    pub expires_at: Timestamp,
    /// When an owner ended it, if one did.
    pub revoked_at: Option<Timestamp>,
    /// When its token was last shown, to the minute; none when it never was.
    pub last_used_at: Option<Timestamp>,
}

/// What ended with an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedAgent {
    /// Its sign-in.
    pub family: FamilyId,
    /// Its proposals that were still worked on, which are withdrawn now.
    pub withdrawn: Vec<ProposalId>,
}

#[derive(FromRow)]
struct AgentRow {
    id: Uuid,
    plan_id: Uuid,
    name: String,
    paths: String,
    open_max: i64,
    made_by: Uuid,
    created_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
    last_used_at: i64,
}

impl AgentRow {
    fn read(self) -> Result<Agent, StorageError> {
        let last_used_at = (self.last_used_at > self.created_at).then_some(self.last_used_at);
        Ok(Agent {
            id: UserId::from_uuid(self.id),
            plan: PlanId::from_uuid(self.plan_id),
            name: self.name,
            paths: serde_json::from_str(&self.paths).map_err(StorageError::corrupt)?,
            open_max: u32::try_from(self.open_max).map_err(StorageError::corrupt)?,
            made_by: UserId::from_uuid(self.made_by),
            created_at: Timestamp::from_micros(self.created_at),
            expires_at: Timestamp::from_micros(self.expires_at),
            revoked_at: self.revoked_at.map(Timestamp::from_micros),
            last_used_at: last_used_at.map(Timestamp::from_micros),
        })
    }
}

macro_rules! agents {
    () => {
        "select agents.id, agents.plan_id, users.name, agents.paths, agents.open_max, agents.made_by,
             agents.created_at, agents.expires_at, agents.revoked_at, families.last_used_at
         from agents
         join users on users.id = agents.id
         join families on families.id = agents.family_id"
    };
}

/// The address of an agent's account: nobody gets mail there.
fn address(agent: UserId) -> String {
    format!("agent-{agent}@agents.invalid")
}

/// How many agents of `$plan` have a good token.
macro_rules! live_agents {
    ($tx:expr, $plan:expr, $now:expr) => {
        sqlx::query_as::<_, (i64,)>(
            "select count(*)
             from agents
             where plan_id = $1
               and revoked_at is null
               and expires_at > $2",
        )
        .bind($plan.as_uuid())
        .bind($now.as_micros())
        .fetch_one(&mut *$tx)
        .await?
        .0
    };
}

/// Makes the account of `$agent` with its sign-in, for which there is no refresh token.
macro_rules! insert_account {
    ($tx:expr, $agent:expr, $now:expr) => {
        sqlx::query(
            "insert into users (id, email, name, password_hash, created_at, kind)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind($agent.id.as_uuid())
        .bind(address($agent.id))
        .bind($agent.name)
        .bind(NO_PASSWORD)
        .bind($now.as_micros())
        .bind(PrincipalKind::Agent.as_str())
        .execute(&mut *$tx)
        .await?;
        sqlx::query(
            "insert into families (id, user_id, created_at, expires_at, last_used_at)
             values ($1, $2, $3, $4, $3)",
        )
        .bind($agent.family.as_uuid())
        .bind($agent.id.as_uuid())
        .bind($now.as_micros())
        .bind($agent.expires_at.as_micros())
        .execute(&mut *$tx)
        .await?;
    };
}

/// Withdraws what `$agent` has proposed to `$plan` and is not decided yet; its drafts can be edited no more.
macro_rules! withdraw_open {
    ($tx:expr, $plan:expr, $agent:expr, $now:expr) => {{
        let touched = touch_proposals!($tx, $plan).unwrap_or_default();
        let withdrawn: Vec<(Uuid,)> = sqlx::query_as(
            "update proposals
             set status = 'withdrawn',
                 version = version + 1,
                 touched = $1,
                 updated_at = $2
             where plan_id = $3
               and author = $4
               and status in ('drafting', 'submitted', 'changes_requested')
             returning id",
        )
        .bind(touched)
        .bind($now.as_micros())
        .bind($plan.as_uuid())
        .bind($agent.as_uuid())
        .fetch_all(&mut *$tx)
        .await?;
        let withdrawn = withdrawn.into_iter().map(|(id,)| id);
        let mut withdrawn: Vec<ProposalId> = withdrawn.map(ProposalId::from_uuid).collect();
        // Rows of plans are taken by id.
        withdrawn.sort_unstable();
        for proposal in &withdrawn {
            touch_draft!($tx, proposal);
        }
        withdrawn
    }};
}

impl Storage {
    /// Makes an agent of a plan, which becomes a suggester there; `by` has done so.
    pub async fn insert_agent(
        &self,
        by: UserId,
        agent: &NewAgent<'_>,
    ) -> Result<AgentMade, StorageError> {
        let now = self.now();
        let paths = json!(agent.paths);
        write_tx!(self, tx => {
            // Takes the plan's row: nobody makes another one at the same time.
            if bump_access!(tx, agent.plan, now).is_none() {
                return Ok(AgentMade::PlanGone);
            }
            let live = live_agents!(tx, agent.plan, now);
            if usize::try_from(live).is_ok_and(|live| live >= LIVE_AGENTS_MAX) {
                return Ok(AgentMade::TooMany);
            }
            insert_account!(tx, agent, now);
            sqlx::query(
                "insert into agents
                     (id, plan_id, token_hash, family_id, paths, open_max, made_by, created_at,
                         expires_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(agent.id.as_uuid())
            .bind(agent.plan.as_uuid())
            .bind(agent.token_hash.as_slice())
            .bind(agent.family.as_uuid())
            .bind(paths.to_string())
            .bind(i64::from(agent.open_max))
            .bind(by.as_uuid())
            .bind(now.as_micros())
            .bind(agent.expires_at.as_micros())
            .execute(&mut *tx)
            .await?;
            sqlx::query(
                "insert into members (plan_id, user_id, role, added_at)
                 values ($1, $2, $3, $4)",
            )
            .bind(agent.plan.as_uuid())
            .bind(agent.id.as_uuid())
            .bind(Role::Suggester.as_str())
            .bind(now.as_micros())
            .execute(&mut *tx)
            .await?;
            let act = Act {
                actor: Some(by),
                verb: Verb::AgentCreated,
                detail: json!({
                    "agent": agent.id.to_string(),
                    "name": agent.name,
                    "paths": paths,
                    "open_max": agent.open_max,
                    "expires_at": agent.expires_at.to_rfc3339(),
                }),
            };
            record!(tx, Chain::Plan(agent.plan), &act, now);
        });
        Ok(AgentMade::Made)
    }

    /// Ends an agent of `plan`: its token and sockets, its membership, and what it has proposed and nobody
    /// has decided; drafts stay to be read. `by` has done so. None when there is no such agent, or it was
    /// ended before.
    pub async fn revoke_agent(
        &self,
        by: UserId,
        plan: PlanId,
        agent: UserId,
    ) -> Result<Option<RevokedAgent>, StorageError> {
        let now = self.now();
        let revoked = write_tx!(self, tx => {
            if bump_access!(tx, plan, now).is_none() {
                return Ok(None);
            }
            let ended: Option<(Uuid,)> = sqlx::query_as(
                "update agents
                 set revoked_at = $1
                 where id = $2
                   and plan_id = $3
                   and revoked_at is null
                 returning family_id",
            )
            .bind(now.as_micros())
            .bind(agent.as_uuid())
            .bind(plan.as_uuid())
            .fetch_optional(&mut *tx)
            .await?;
            let Some((family,)) = ended else {
                return Ok(None);
            };
            sqlx::query("update families set revoked_at = $1 where id = $2 and revoked_at is null")
                .bind(now.as_micros())
                .bind(family)
                .execute(&mut *tx)
                .await?;
            sqlx::query("delete from members where plan_id = $1 and user_id = $2")
                .bind(plan.as_uuid())
                .bind(agent.as_uuid())
                .execute(&mut *tx)
                .await?;
            let withdrawn = withdraw_open!(tx, plan, agent, now);
            let names: Vec<String> = withdrawn.iter().map(ToString::to_string).collect();
            let act = Act {
                actor: Some(by),
                verb: Verb::AgentRevoked,
                detail: json!({"agent": agent.to_string(), "withdrawn": names}),
            };
            record!(tx, Chain::Plan(plan), &act, now);
            RevokedAgent { family: FamilyId::from_uuid(family), withdrawn }
        });
        Ok(Some(revoked))
    }

    /// The agents that `plan` has and had, in the order in which they were made.
    pub async fn list_agents(&self, plan: PlanId) -> Result<Vec<Agent>, StorageError> {
        let rows: Vec<AgentRow> = read!(self, db => {
            sqlx::query_as(concat!(
                agents!(),
                " where agents.plan_id = $1 order by agents.created_at, agents.id"
            ))
            .bind(plan.as_uuid())
            .fetch_all(db)
            .await?
        });
        rows.into_iter().map(AgentRow::read).collect()
    }

    /// The agent with this account, if it is one.
    pub async fn find_agent(&self, agent: UserId) -> Result<Option<Agent>, StorageError> {
        let row: Option<AgentRow> = read!(self, db => {
            sqlx::query_as(concat!(agents!(), " where agents.id = $1"))
                .bind(agent.as_uuid())
                .fetch_optional(db)
                .await?
        });
        row.map(AgentRow::read).transpose()
    }
}
