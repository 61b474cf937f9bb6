//! Drafts are documents: whose role in them is which, by which names they are found, and when they are gone.

use convene::auth::access::Role;
use convene::auth::principal::{Principal, PrincipalKind};
use convene::ids::{DocumentId, FamilyId, PlanId, ProposalId, UserId};
use convene::storage::sign_ins::NewFamily;

use super::Bench;

const MEMBERS: [Role; 5] = [
    Role::Owner,
    Role::Approver,
    Role::Editor,
    Role::Suggester,
    Role::Viewer,
];

/// A plan with a member of each role, and a draft of it by the suggester.
struct Stage {
    bench: Bench,
    plan: PlanId,
    members: Vec<UserId>,
    proposal: ProposalId,
}

impl Stage {
    async fn of(bench: Bench) -> Self {
        let (ada, plan) = bench.ada_and_plan().await;
        let mut members = vec![ada];
        for role in &MEMBERS[1..] {
            let user = bench.user(&format!("{role}@example.org")).await.id;
            let change = bench.storage.set_role(ada, plan, user, *role).await;
            change.unwrap();
            members.push(user);
        }
        let author = members[3].to_string();
        let draft = bench.sql().open_draft(&plan.to_string(), &author).await;
        Self {
            plan,
            members,
            proposal: draft.parse().unwrap(),
            bench,
        }
    }

    fn draft(&self) -> DocumentId {
        DocumentId::Draft {
            plan: self.plan,
            proposal: self.proposal,
        }
    }

    /// The role of each member by all ways that there are, which must agree.
    async fn roles(&self) -> Vec<Option<Role>> {
        let storage = &self.bench.storage;
        let row = self.draft().row();
        let all = storage.roles_in_document(row).await.unwrap();
        let mut roles = Vec::new();
        for user in &self.members {
            let role = storage.find_document_role(self.draft(), *user).await;
            let role = role.unwrap();
            assert_eq!(all.get(user).copied(), role);
            let found = self.opens(*user, self.draft()).await;
            assert_eq!(found, (true, role));
            roles.push(role);
        }
        roles
    }

    async fn opens(&self, user: UserId, document: DocumentId) -> (bool, Option<Role>) {
        let clock = &self.bench.clock;
        let family = NewFamily {
            id: FamilyId::generate(clock),
            user,
            token_hash: rand::random(),
            expires_at: clock.now().after(std::time::Duration::from_hours(1)),
            user_agent: None,
            address: None,
        };
        self.bench.storage.insert_family(&family).await.unwrap();
        let principal = Principal {
            user,
            kind: PrincipalKind::Person,
            name: "Ada".to_owned(),
            family: family.id,
            expires_at: family.expires_at,
        };
        let access = self.bench.storage.find_access(&principal, document).await;
        access.unwrap()
    }
}

pub(super) async fn a_draft_has_the_roles_of_its_plan(bench: Bench) {
    let stage = Stage::of(bench).await;
    let (reads, writes) = (Some(Role::Viewer), Some(Role::Editor));
    let sql = stage.bench.sql();
    for status in ["drafting", "submitted", "changes_requested"] {
        sql.set_status(&stage.proposal.to_string(), status).await;
        assert_eq!(
            stage.roles().await,
            [writes, writes, writes, writes, reads],
            "{status}"
        );
    }
    for status in [
        "approved",
        "partly_approved",
        "rejected",
        "withdrawn",
        "superseded",
        "expired",
        "undone",
    ] {
        sql.set_status(&stage.proposal.to_string(), status).await;
        assert_eq!(stage.roles().await, [reads; 5], "{status}");
    }
    // Who is another suggester reads, and who is no member does not.
    sql.set_status(&stage.proposal.to_string(), "drafting")
        .await;
    let eve = stage.bench.user("eve@example.org").await.id;
    let storage = &stage.bench.storage;
    let role = async || {
        storage
            .find_document_role(stage.draft(), eve)
            .await
            .unwrap()
    };
    assert_eq!(role().await, None);
    let before = storage.heads(&[stage.draft().row()]).await.unwrap()[0].access_version;
    let ada = stage.members[0];
    storage
        .set_role(ada, stage.plan, eve, Role::Suggester)
        .await
        .unwrap();
    assert_eq!(role().await, reads);
    let after = storage.heads(&[stage.draft().row()]).await.unwrap()[0].access_version;
    assert_eq!(after, before + 1, "its plan's members are its own");
    let loaded = storage.load(stage.draft().row()).await.unwrap().unwrap();
    assert_eq!(loaded.access_version, after);
    storage.remove_member(ada, stage.plan, eve).await.unwrap();
    assert_eq!(role().await, None);
}

pub(super) async fn a_draft_is_known_by_its_plan_alone(bench: Bench) {
    let stage = Stage::of(bench).await;
    let ada = stage.members[0];
    let other = stage.bench.plan(ada).await;
    let (plan, proposal) = (stage.plan, stage.proposal);
    for (wrong, why) in [
        (DocumentId::Plan(proposal.draft()), "a draft alone"),
        (
            DocumentId::Draft {
                plan: other,
                proposal,
            },
            "another plan's",
        ),
        (
            DocumentId::Draft {
                plan,
                proposal: ProposalId::of_draft(plan),
            },
            "a plan as its own draft",
        ),
        (
            DocumentId::Draft {
                plan: other,
                proposal: ProposalId::of_draft(plan),
            },
            "a plan as another's draft",
        ),
        (
            DocumentId::Draft {
                plan,
                proposal: ProposalId::generate(&stage.bench.clock),
            },
            "no draft",
        ),
    ] {
        let role = stage.bench.storage.find_document_role(wrong, ada).await;
        assert_eq!(role.unwrap(), None, "{why}");
        assert_eq!(stage.opens(ada, wrong).await, (true, None), "{why}");
    }
}

pub(super) async fn a_draft_is_no_plan(bench: Bench) {
    let stage = Stage::of(bench).await;
    let (storage, row) = (&stage.bench.storage, stage.draft().row());
    for user in &stage.members {
        assert_eq!(storage.find_role(row, *user).await.unwrap(), None);
        assert_eq!(storage.find_plan_for(*user, row).await.unwrap(), None);
        let listed = storage.list_plans_for(*user).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].0.id, stage.plan);
    }
}

pub(super) async fn a_draft_is_gone_with_its_plan(bench: Bench) {
    let stage = Stage::of(bench).await;
    let (storage, row) = (&stage.bench.storage, stage.draft().row());
    assert_eq!(storage.heads(&[row]).await.unwrap().len(), 1);
    let ada = stage.members[0];
    assert!(storage.delete_plan(ada, stage.plan).await.unwrap());
    assert_eq!(storage.heads(&[row]).await.unwrap(), []);
    assert!(storage.load(row).await.unwrap().is_none());
    assert_eq!(storage.roles_in_document(row).await.unwrap().len(), 0);
    let role = storage.find_document_role(stage.draft(), ada).await;
    assert_eq!(role.unwrap(), None);
}
