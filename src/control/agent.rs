//! `agent.*`: programs that belong to a plan, made and ended by its owners.

use std::time::Duration;

use convene_plan::schema::{Root, Shape};
use convene_protocol::control::Done;
use convene_protocol::control::agent::{
    AgentBody, AgentMade as Made, Agents, Create, DAYS_DEFAULT, DAYS_MAX, List, NAME_CHARS_MAX,
    OPEN_DEFAULT, OPEN_MAX, PATHS_MAX, Revoke,
};
use convene_protocol::error_code::ErrorCode;

use super::people::People;
use super::{Caller, Desk, Method, no_such_plan};
use crate::auth::access::OwnAccess;
use crate::auth::opaque_token::OpaqueToken;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::ids::{FamilyId, UserId};
use crate::storage::agents::{Agent, AgentMade, LIVE_AGENTS_MAX, NewAgent};

/// The longest part of a path, in bytes: ids and field names are much shorter.
const PART_BYTES_MAX: usize = 128;

impl Method for Create {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Made, Failure> {
        let access = desk.own(caller, &self.plan).await?;
        let name = name(&self.name)?;
        check_paths(&self.paths)?;
        let open_max = within("open_max", self.open_max.unwrap_or(OPEN_DEFAULT), OPEN_MAX)?;
        let days = within("days", self.days.unwrap_or(DAYS_DEFAULT), DAYS_MAX)?;
        let token = OpaqueToken::generate_for_agent();
        let hash = token.hash();
        let lifetime = Duration::from_hours(24 * u64::from(days));
        let agent = NewAgent {
            id: UserId::generate(&desk.clock),
            family: FamilyId::generate(&desk.clock),
            token_hash: hash.as_bytes(),
            plan: access.plan(),
            name,
            paths: &self.paths,
            open_max,
            expires_at: desk.clock.now().after(lifetime),
        };
        match desk.storage.insert_agent(access.user(), &agent).await? {
            AgentMade::Made => {}
            AgentMade::PlanGone => return Err(no_such_plan()),
            AgentMade::TooMany => {
                let say = format!(
                    "a plan has at most {LIVE_AGENTS_MAX} agents; revoke one that is not needed"
                );
                return Err(Failure::new(ErrorCode::TooLarge, say));
            }
        }
        desk.registry.tell_changed(access.plan());
        let made = desk.storage.find_agent(agent.id).await?;
        let made = made.ok_or_else(no_such_plan)?;
        let people = desk.people([made.made_by]).await?;
        Ok(Made {
            agent: body(made, &people),
            token: token.expose_text().to_owned(),
        })
    }
}

impl Method for List {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Agents, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let agents = desk.storage.list_agents(grant.plan()).await?;
        let people = desk.people(agents.iter().map(|it| it.made_by)).await?;
        Ok(Agents {
            agents: agents.into_iter().map(|it| body(it, &people)).collect(),
        })
    }
}

impl Method for Revoke {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Done, Failure> {
        let access = desk.own(caller, &self.plan).await?;
        let agent: UserId = self.agent.parse().map_err(|_| no_such_agent())?;
        desk.revoke_agent(access, agent).await
    }
}

impl Desk {
    /// Ends an agent on every node.
    pub(super) async fn revoke_agent(
        &self,
        access: OwnAccess,
        agent: UserId,
    ) -> Result<Done, Failure> {
        let (by, plan) = (access.user(), access.plan());
        let revoked = self.storage.revoke_agent(by, plan, agent).await?;
        if revoked.is_none() {
            return Err(no_such_agent());
        }
        self.registry.tell_role(plan, agent, None).await;
        Ok(Done {})
    }
}

fn no_such_agent() -> Failure {
    Failure::new(
        ErrorCode::NotFound,
        "there is no such agent in this plan; it may have been revoked already",
    )
}

fn name(name: &str) -> Result<&str, Failure> {
    let name = name.trim();
    let is_sound =
        (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    is_sound.then_some(name).ok_or_else(|| {
        let say = format!(
            "an agent's name has 1 to {NAME_CHARS_MAX} characters and no line breaks or other \
             control characters"
        );
        Failure::new(ErrorCode::Invalid, say)
    })
}

fn within(what: &str, value: u32, max: u32) -> Result<u32, Failure> {
    if (1..=max).contains(&value) {
        Ok(value)
    } else {
        let say = format!("{what}: 1 to {max}");
        Err(Failure::new(ErrorCode::Invalid, say))
    }
}

fn check_paths(paths: &[String]) -> Result<(), Failure> {
    if paths.len() > PATHS_MAX {
        let say = format!("paths: at most {PATHS_MAX}");
        return Err(Failure::new(ErrorCode::Invalid, say));
    }
    paths.iter().try_for_each(|path| check_path(path))
}

/// A path names a root of the schema, and perhaps a thing in it and a field of that.
fn check_path(path: &str) -> Result<(), Failure> {
    let unsound = |say: &str| {
        let path: String = path.chars().take(PART_BYTES_MAX).collect();
        Err(Failure::new(
            ErrorCode::Invalid,
            format!("paths: {path:?} {say}"),
        ))
    };
    let mut parts = path.split('/');
    let root = parts.next().and_then(Root::of);
    let Some(root) = root else {
        return unsound("begins with no root of a plan, such as sessions");
    };
    let rest: Vec<&str> = parts.collect();
    let is_part = |part: &&str| {
        (1..=PART_BYTES_MAX).contains(&part.len()) && !part.chars().any(char::is_control)
    };
    if !rest.iter().all(is_part) {
        return unsound("has an empty or overlong part");
    }
    let (depth, field) = match root.shape {
        Shape::Many { .. } => (2, rest.get(1)),
        Shape::One => (1, rest.first()),
        Shape::Counts => (1, None),
    };
    if rest.len() > depth {
        return unsound("is deeper than a field");
    }
    if field.is_some_and(|field| root.field(field).is_none()) {
        return unsound("names no field of that root");
    }
    Ok(())
}

fn body(agent: Agent, people: &People) -> AgentBody {
    AgentBody {
        id: agent.id.to_string(),
        name: agent.name,
        paths: agent.paths,
        open_max: agent.open_max,
        made_by: people.person(agent.made_by),
        created_at: agent.created_at.to_rfc3339(),
        expires_at: agent.expires_at.to_rfc3339(),
        revoked_at: agent.revoked_at.map(Timestamp::to_rfc3339),
        last_used_at: agent.last_used_at.map(Timestamp::to_rfc3339),
    }
}
