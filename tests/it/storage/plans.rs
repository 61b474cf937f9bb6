//! Plans, their members, and answers to repeated requests.

use std::time::Duration;

use convene::auth::access::Role;
use convene::ids::{PlanId, UserId};
use convene::storage::answers::RequestKey;
use convene::storage::journal::Seq;
use convene::storage::members::MemberChange;

use super::Bench;

impl Bench {
    async fn access_version(&self, plan: PlanId) -> i64 {
        self.storage.heads(&[plan]).await.unwrap()[0].access_version
    }
}

pub(super) async fn members_have_one_role_and_each_change_is_noticed(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let eve = bench.user("eve@example.org").await.id;
    let storage = &bench.storage;
    assert_eq!(storage.find_role(plan, eve).await.unwrap(), None);
    let before = bench.access_version(plan).await;
    for (step, role) in [Role::Viewer, Role::Editor, Role::Suggester]
        .into_iter()
        .enumerate()
    {
        let access_version = before + 1 + i64::try_from(step).unwrap();
        let change = storage.set_role(ada, plan, eve, role).await.unwrap();
        assert_eq!(change, MemberChange::Changed { access_version });
        assert_eq!(storage.find_role(plan, eve).await.unwrap(), Some(role));
        assert_eq!(bench.access_version(plan).await, access_version);
    }
    let members = storage.list_members(plan).await.unwrap();
    let roles: Vec<(UserId, Role)> = members.iter().map(|it| (it.user, it.role)).collect();
    assert_eq!(roles.len(), 2);
    assert!(roles.contains(&(ada, Role::Owner)) && roles.contains(&(eve, Role::Suggester)));
    let removed = storage.remove_member(ada, plan, eve).await.unwrap();
    assert_eq!(
        removed,
        MemberChange::Changed {
            access_version: before + 4
        }
    );
    assert_eq!(
        storage.remove_member(ada, plan, eve).await.unwrap(),
        MemberChange::NotFound
    );
    let nobody = UserId::generate(&bench.clock);
    let change = storage
        .set_role(ada, plan, nobody, Role::Viewer)
        .await
        .unwrap();
    assert_eq!(change, MemberChange::NotFound);
    assert_eq!(
        bench.access_version(plan).await,
        before + 4,
        "nothing changed"
    );
    let nowhere = PlanId::generate(&bench.clock);
    let change = storage
        .set_role(ada, nowhere, eve, Role::Viewer)
        .await
        .unwrap();
    assert_eq!(change, MemberChange::NotFound);
}

pub(super) async fn a_plan_always_has_an_owner(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let eve = bench.user("eve@example.org").await.id;
    let storage = &bench.storage;
    let demoted = storage
        .set_role(ada, plan, ada, Role::Editor)
        .await
        .unwrap();
    assert_eq!(demoted, MemberChange::LastOwner);
    assert_eq!(
        storage.remove_member(ada, plan, ada).await.unwrap(),
        MemberChange::LastOwner
    );
    assert_eq!(
        storage.find_role(plan, ada).await.unwrap(),
        Some(Role::Owner)
    );
    storage.set_role(ada, plan, eve, Role::Owner).await.unwrap();
    // Both owners leave at once, and one of them stays.
    let both = tokio::join!(
        storage.remove_member(ada, plan, ada),
        storage.remove_member(ada, plan, eve)
    );
    let both = [both.0.unwrap(), both.1.unwrap()];
    let stayed = both
        .iter()
        .filter(|change| **change == MemberChange::LastOwner)
        .count();
    assert_eq!(stayed, 1, "{both:?}");
    assert_eq!(storage.list_members(plan).await.unwrap().len(), 1);
}

pub(super) async fn a_deleted_plan_is_gone_for_everybody(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let storage = &bench.storage;
    assert!(storage.find_plan_for(ada, plan).await.unwrap().is_some());
    assert!(storage.delete_plan(ada, plan).await.unwrap());
    assert!(!storage.delete_plan(ada, plan).await.unwrap());
    assert_eq!(storage.find_plan_for(ada, plan).await.unwrap(), None);
    assert_eq!(storage.find_role(plan, ada).await.unwrap(), None);
    assert_eq!(storage.list_plans_for(ada).await.unwrap(), []);
    assert_eq!(storage.list_members(plan).await.unwrap(), []);
    assert_eq!(storage.heads(&[plan]).await.unwrap(), []);
    assert!(storage.load(plan).await.unwrap().is_none());
    let change = storage
        .set_role(ada, plan, ada, Role::Editor)
        .await
        .unwrap();
    assert_eq!(change, MemberChange::NotFound);
}

pub(super) async fn an_answer_is_kept_for_a_day(bench: Bench) {
    let ada = bench.user("ada@example.org").await.id;
    let eve = bench.user("eve@example.org").await.id;
    let storage = &bench.storage;
    let request = RequestKey {
        user: ada,
        method: "plan.create",
        key: "k",
    };
    assert_eq!(storage.find_answer(request).await.unwrap(), None);
    storage
        .keep_answer(request, r#"{"first":true}"#)
        .await
        .unwrap();
    storage
        .keep_answer(request, r#"{"first":false}"#)
        .await
        .unwrap();
    let found = storage.find_answer(request).await.unwrap();
    assert_eq!(found.as_deref(), Some(r#"{"first":true}"#));
    for other in [
        RequestKey {
            user: eve,
            ..request
        },
        RequestKey {
            method: "plan.delete",
            ..request
        },
        RequestKey {
            key: "K",
            ..request
        },
    ] {
        assert_eq!(storage.find_answer(other).await.unwrap(), None);
    }
    bench.clock.advance(Duration::from_hours(24));
    assert_eq!(storage.find_answer(request).await.unwrap(), None);
    storage
        .keep_answer(request, r#"{"next":true}"#)
        .await
        .unwrap();
    let found = storage.find_answer(request).await.unwrap();
    assert_eq!(found.as_deref(), Some(r#"{"next":true}"#));
    assert_eq!(storage.delete_old_answers().await.unwrap(), 0);
    bench.clock.advance(Duration::from_hours(24));
    assert_eq!(storage.delete_old_answers().await.unwrap(), 1);
}

pub(super) async fn heads_say_where_each_plan_stands(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let other = bench.plan(ada).await;
    bench
        .storage
        .append(&[bench.append(plan, ada, &["a", "b"])])
        .await
        .unwrap()[0]
        .unwrap();
    let unknown = PlanId::generate(&bench.clock);
    let mut heads = bench.storage.heads(&[other, unknown, plan]).await.unwrap();
    heads.sort_unstable_by_key(|head| head.head);
    let found: Vec<(PlanId, Seq)> = heads.iter().map(|head| (head.plan, head.head)).collect();
    assert_eq!(found, [(other, Seq(0)), (plan, Seq(2))]);
}

pub(super) async fn plans_are_listed_by_their_last_change(bench: Bench) {
    let (ada, first) = bench.ada_and_plan().await;
    let eve = bench.user("eve@example.org").await.id;
    bench.clock.advance(Duration::from_secs(1));
    let second = bench.plan(ada).await;
    bench.plan(eve).await;
    let listed = async || {
        let plans = bench.storage.list_plans_for(ada).await.unwrap();
        plans
            .into_iter()
            .map(|(plan, _)| plan.id)
            .collect::<Vec<PlanId>>()
    };
    assert_eq!(listed().await, [second, first]);
    bench.clock.advance(Duration::from_secs(1));
    bench
        .storage
        .append(&[bench.append(first, ada, &["a"])])
        .await
        .unwrap()[0]
        .unwrap();
    assert_eq!(listed().await, [first, second]);
}
