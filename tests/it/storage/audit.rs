//! The audit: what is written down, and that nobody changes it unnoticed.

use convene::auth::access::Role;
use convene::ids::UserId;
use convene::storage::audit::chain::{Broken, Chain};
use convene::storage::audit::{Act, Verb};
use convene::storage::plans::Shelf;
use serde_json::json;

use super::Bench;

impl Bench {
    /// What somebody does who may write to the database itself.
    async fn tamper(&self, sql: &str) {
        self.sql().run(sql.to_owned()).await;
    }

    async fn broken(&self, chain: Chain) -> Option<Broken> {
        self.storage.verify_audit(chain).await.unwrap().broken
    }

    /// The verbs of a chain, the first first.
    async fn verbs(&self, chain: Chain) -> Vec<String> {
        let entries = self.storage.audit_entries(chain, None, 100).await.unwrap();
        entries.into_iter().rev().map(|entry| entry.verb).collect()
    }
}

fn exported(actor: UserId, number: usize) -> Act {
    Act {
        actor: Some(actor),
        verb: Verb::PlanExported,
        detail: json!({"number": number}),
    }
}

pub(super) async fn what_is_done_is_written_down_with_it(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let eve = bench.user("eve@example.org").await.id;
    let storage = &bench.storage;
    storage
        .set_role(ada, plan, eve, Role::Editor)
        .await
        .unwrap();
    storage
        .set_role(ada, plan, eve, Role::Viewer)
        .await
        .unwrap();
    // What is not done is not written down.
    storage
        .set_role(ada, plan, ada, Role::Editor)
        .await
        .unwrap();
    storage.remove_member(eve, plan, eve).await.unwrap();
    storage.remove_member(ada, plan, eve).await.unwrap();
    assert!(storage.rename_plan(ada, plan, "Another").await.unwrap());
    for shelf in [Shelf::Archive, Shelf::Archive, Shelf::Desk] {
        assert!(storage.shelve_plan(ada, plan, shelf).await.unwrap());
    }
    let mut append = bench.append(plan, ada, &["first", "second"]);
    append.rows[1].audit = Some(Act {
        actor: Some(ada),
        verb: Verb::PlanImported,
        detail: json!({"format": "csv"}),
    });
    storage
        .append_untried(std::slice::from_ref(&append))
        .await
        .unwrap()[0]
        .unwrap();
    // The same append again is the same row, and the same entry.
    storage.append(&[append]).await.unwrap()[0].unwrap();
    assert!(storage.delete_plan(ada, plan).await.unwrap());
    assert!(!storage.delete_plan(ada, plan).await.unwrap());
    let chain = Chain::Plan(plan);
    let expected = [
        "plan.create",
        "member.set_role",
        "member.set_role",
        "member.remove",
        "plan.update",
        "plan.archive",
        "plan.restore",
        "plan.import",
        "plan.delete",
    ];
    assert_eq!(bench.verbs(chain).await, expected);
    let entries = storage.audit_entries(chain, Some(9), 1).await.unwrap();
    assert_eq!(entries[0].detail, json!({"format": "csv", "seq": 2}));
    let entries = storage.audit_entries(chain, Some(4), 2).await.unwrap();
    let detail = json!({"user": eve.to_string(), "before": "editor", "after": "viewer"});
    assert_eq!((entries[0].seq, &entries[0].detail), (3, &detail));
    assert_eq!(entries[0].actor, Some(ada));
    let server = ["account.registered", "account.registered"];
    assert_eq!(bench.verbs(Chain::Server).await, server);
    for chain in storage.audit_chains().await.unwrap() {
        assert_eq!(bench.broken(chain).await, None);
    }
}

pub(super) async fn who_changes_the_audit_is_found_out(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let chain = Chain::Plan(plan);
    for number in 0..5 {
        let act = exported(ada, number);
        bench.storage.record(chain, &act).await.unwrap();
    }
    let verdict = bench.storage.verify_audit(chain).await.unwrap();
    assert_eq!((verdict.entries, verdict.broken), (6, None));
    let last = "seq = (select max(seq) from audit where verb = 'plan.export')";
    let harms = [
        (
            "update audit set verb = 'plan.import' where seq = 3",
            Broken::Changed(3),
        ),
        (
            "update audit set detail = '{}' where seq = 4",
            Broken::Changed(3),
        ),
        ("delete from audit where seq = 2", Broken::Missing(2)),
    ];
    bench
        .tamper(&format!("delete from audit where {last}"))
        .await;
    assert_eq!(bench.broken(chain).await, Some(Broken::End));
    for (harm, broken) in harms {
        bench.tamper(harm).await;
        assert_eq!(bench.broken(chain).await, Some(broken), "{harm}");
    }
    assert_eq!(bench.broken(Chain::Server).await, None, "one of its own");
}

pub(super) async fn two_nodes_write_one_chain(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let other = bench.beside().await;
    let chain = Chain::Plan(plan);
    let write = async |storage: &convene::storage::Storage| {
        for number in 0..50 {
            storage.record(chain, &exported(ada, number)).await.unwrap();
        }
    };
    tokio::join!(write(&bench.storage), write(&other), write(&bench.storage));
    let verdict = bench.storage.verify_audit(chain).await.unwrap();
    assert_eq!((verdict.entries, verdict.broken), (151, None));
}
