//! Agents: their accounts, tokens and membership, and what ends with them.

use std::time::Duration;

use convene::auth::access::Role;
use convene::auth::opaque_token::OpaqueToken;
use convene::auth::principal::PrincipalKind;
use convene::ids::{DocumentId, FamilyId, PlanId, ProposalId, UserId};
use convene::storage::agent_tokens::AgentToken;
use convene::storage::agents::{AgentMade, LIVE_AGENTS_MAX, NewAgent};
use convene::storage::audit::chain::Chain;
use convene::storage::members::MemberChange;

use super::Bench;

const DAY: Duration = Duration::from_hours(24);

/// An agent with its token.
struct Made {
    id: UserId,
    family: FamilyId,
    token: OpaqueToken,
}

impl Bench {
    async fn try_agent(&self, by: UserId, plan: PlanId) -> (Made, AgentMade) {
        let made = Made {
            id: UserId::generate(&self.clock),
            family: FamilyId::generate(&self.clock),
            token: OpaqueToken::generate_for_agent(),
        };
        let hash = made.token.hash();
        let agent = NewAgent {
            id: made.id,
            family: made.family,
            token_hash: hash.as_bytes(),
            plan,
            name: "Scout",
            paths: &["sessions".to_owned(), "rooms/ro_1/name".to_owned()],
            open_max: 3,
            expires_at: self.clock.now().after(DAY),
        };
        let answer = self.storage.insert_agent(by, &agent).await.unwrap();
        (made, answer)
    }

    async fn agent(&self, by: UserId, plan: PlanId) -> Made {
        let (made, answer) = self.try_agent(by, plan).await;
        assert_eq!(answer, AgentMade::Made);
        made
    }

    async fn shown(&self, token: &OpaqueToken, document: Option<DocumentId>) -> AgentToken {
        let hash = token.hash();
        let found = self.storage.find_agent_token(hash.as_bytes(), document);
        found.await.unwrap()
    }

    /// The role by which a token opens a document.
    async fn opens(&self, token: &OpaqueToken, document: DocumentId) -> Option<Role> {
        let AgentToken::Good { role, .. } = self.shown(token, Some(document)).await else {
            panic!("a good token")
        };
        role
    }
}

pub(super) async fn an_agent_is_a_suggester_until_it_is_revoked(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let other = bench.plan(ada).await;
    let storage = &bench.storage;
    bench.clock.advance(Duration::from_secs(1));
    let agent = bench.agent(ada, plan).await;
    assert_eq!(
        storage.find_role(plan, agent.id).await.unwrap(),
        Some(Role::Suggester)
    );
    assert_eq!(
        bench.opens(&agent.token, plan.into()).await,
        Some(Role::Suggester)
    );
    assert_eq!(bench.opens(&agent.token, other.into()).await, None);
    let members = storage.list_members(plan).await.unwrap();
    let kinds: Vec<PrincipalKind> = members.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [PrincipalKind::Person, PrincipalKind::Agent]);
    let AgentToken::Good { principal, .. } = bench.shown(&agent.token, None).await else {
        panic!("a good token")
    };
    assert_eq!(principal.kind, PrincipalKind::Agent);
    assert_eq!((principal.user, principal.family), (agent.id, agent.family));
    assert_eq!(principal.name, "Scout");
    let listed = storage.list_agents(plan).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].paths, ["sessions", "rooms/ro_1/name"]);
    assert_eq!((listed[0].open_max, listed[0].made_by), (3, ada));
    assert_eq!(
        storage.find_agent(agent.id).await.unwrap().as_ref(),
        Some(&listed[0])
    );
    assert_eq!(storage.find_agent(ada).await.unwrap(), None);

    assert_eq!(
        storage.revoke_agent(ada, other, agent.id).await.unwrap(),
        None,
        "another plan's owner"
    );
    let before = storage.heads(&[plan]).await.unwrap()[0];
    let revoked = storage.revoke_agent(ada, plan, agent.id).await.unwrap();
    assert_eq!(revoked.unwrap().family, agent.family);
    let after = storage.heads(&[plan]).await.unwrap()[0];
    assert!(after.access_version > before.access_version);
    assert_eq!(bench.shown(&agent.token, None).await, AgentToken::Over);
    assert!(!storage.is_live(agent.family).await.unwrap());
    assert_eq!(storage.find_role(plan, agent.id).await.unwrap(), None);
    assert_eq!(storage.list_members(plan).await.unwrap().len(), 1);
    let listed = storage.list_agents(plan).await.unwrap();
    assert_eq!(listed[0].revoked_at, Some(bench.clock.now()));
    assert_eq!(
        storage.revoke_agent(ada, plan, agent.id).await.unwrap(),
        None,
        "once is enough"
    );
    let entries = storage.audit_entries(Chain::Plan(plan), None, 10).await;
    let verbs: Vec<String> = entries.unwrap().into_iter().map(|it| it.verb).collect();
    assert_eq!(verbs, ["agent.revoke", "agent.create", "plan.create"]);
}

pub(super) async fn an_agents_token_is_good_until_its_day(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let storage = &bench.storage;
    let agent = bench.agent(ada, plan).await;
    for wrong in [OpaqueToken::generate_for_agent(), OpaqueToken::generate()] {
        assert_eq!(bench.shown(&wrong, None).await, AgentToken::Unknown);
    }
    let used = async || storage.list_agents(plan).await.unwrap()[0].last_used_at;
    let is_due = async || {
        let AgentToken::Good { note_use, .. } = bench.shown(&agent.token, None).await else {
            panic!("a good token")
        };
        note_use
    };
    assert_eq!(used().await, None);
    bench.clock.advance(Duration::from_secs(1));
    assert!(is_due().await);
    storage.note_agent_use(agent.family).await.unwrap();
    assert_eq!(used().await, Some(bench.clock.now()));
    assert!(!is_due().await);
    bench.clock.advance(Duration::from_mins(1));
    assert!(is_due().await);

    bench
        .clock
        .advance(DAY.saturating_sub(Duration::from_secs(62)));
    assert!(is_due().await, "a second is left");
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.shown(&agent.token, None).await, AgentToken::Over);
    assert_eq!(
        storage.ended_among(&[agent.family]).await.unwrap(),
        [agent.family]
    );
    // What is told of an agent needs its sign-in.
    assert_eq!(storage.delete_ended_families().await.unwrap(), 0);
    assert_eq!(storage.list_agents(plan).await.unwrap().len(), 1);
}

pub(super) async fn an_agent_has_no_other_place_and_no_password(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let other = bench.plan(ada).await;
    let storage = &bench.storage;
    let agent = bench.agent(ada, plan).await;
    for (place, role) in [
        (plan, Role::Owner),
        (plan, Role::Editor),
        (other, Role::Suggester),
    ] {
        let change = storage.set_role(ada, place, agent.id, role).await.unwrap();
        assert_eq!(change, MemberChange::IsAgent);
    }
    let change = storage.remove_member(ada, plan, agent.id).await.unwrap();
    assert_eq!(change, MemberChange::IsAgent);
    assert_eq!(storage.find_role(other, agent.id).await.unwrap(), None);
    assert_eq!(
        storage.find_role(plan, agent.id).await.unwrap(),
        Some(Role::Suggester)
    );
    assert!(!storage.replace_password(agent.id, "hash").await.unwrap());
    assert!(storage.is_live(agent.family).await.unwrap());
    let account = storage.find_user(agent.id).await.unwrap().unwrap();
    assert_eq!(account.kind, PrincipalKind::Agent);
    assert_eq!(account.email, format!("agent-{}@agents.invalid", agent.id));
}

pub(super) async fn a_plan_has_so_many_agents_and_no_more(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let other = bench.plan(ada).await;
    let mut agents = Vec::new();
    for _ in 0..LIVE_AGENTS_MAX {
        agents.push(bench.agent(ada, plan).await);
    }
    assert_eq!(bench.try_agent(ada, plan).await.1, AgentMade::TooMany);
    bench.agent(ada, other).await;
    let first = agents[0].id;
    bench
        .storage
        .revoke_agent(ada, plan, first)
        .await
        .unwrap()
        .unwrap();
    bench.agent(ada, plan).await;
    assert_eq!(bench.try_agent(ada, plan).await.1, AgentMade::TooMany);
    // Those whose day has come do not count.
    bench.clock.advance(DAY);
    bench.agent(ada, plan).await;
    let nowhere = PlanId::generate(&bench.clock);
    assert_eq!(bench.try_agent(ada, nowhere).await.1, AgentMade::PlanGone);
}

pub(super) async fn what_an_agent_proposed_is_withdrawn_with_it(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let (storage, sql) = (&bench.storage, bench.sql());
    let agent = bench.agent(ada, plan).await;
    let statuses = ["drafting", "submitted", "changes_requested", "approved"];
    let mut drafts = Vec::new();
    for status in statuses {
        let name = sql
            .open_draft(&plan.to_string(), &agent.id.to_string())
            .await;
        sql.set_status(&name, status).await;
        drafts.push(name.parse::<ProposalId>().unwrap());
    }
    let adas = sql.open_draft(&plan.to_string(), &ada.to_string()).await;
    drafts.push(adas.parse().unwrap());
    let rows: Vec<PlanId> = drafts.iter().map(|it| it.draft()).collect();
    let version = async |row: &PlanId| {
        let heads = storage.heads(&[plan, *row]).await.unwrap();
        let of = |id: PlanId| {
            heads
                .iter()
                .find(|it| it.plan == id)
                .unwrap()
                .access_version
        };
        of(*row) - of(plan)
    };
    let mut before = Vec::new();
    for row in &rows {
        before.push(version(row).await);
    }
    let proposals = storage.heads(&[plan]).await.unwrap()[0].proposals;
    let revoked = storage.revoke_agent(ada, plan, agent.id).await.unwrap();
    assert_eq!(revoked.unwrap().withdrawn, &drafts[..3]);
    for (number, row) in rows.iter().enumerate() {
        let bumped = version(row).await - before[number];
        assert_eq!(bumped, i64::from(number < 3), "draft {number}");
    }
    let now = storage.heads(&[plan]).await.unwrap()[0].proposals;
    assert_eq!(now, proposals + 1);
    // Owners read what they could write before.
    for (number, proposal) in drafts.iter().enumerate() {
        let proposal = *proposal;
        let draft = DocumentId::Draft { plan, proposal };
        let role = storage.find_document_role(draft, ada).await.unwrap();
        let expected = if number == 4 {
            Role::Editor
        } else {
            Role::Viewer
        };
        assert_eq!(role, Some(expected), "draft {number}");
    }
}
