//! Many writers at once: two nodes on the same plans, and the journal writer through an outage.

use std::time::Duration;

use tokio::time::Instant;

use convene::auth::access::Role;
use convene::ids::{PlanId, UserId};
use convene::storage::Storage;
use convene::storage::journal::{Append, Epoch, Seq};
use convene::storage::journal_writer::JournalWriter;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Bench;

/// How long two nodes write: unordered locks deadlock several times within it.
const SPAN: Duration = Duration::from_secs(3);
const PLANS: usize = 50;

/// Appends to every plan, in an order that differs from round to round, until the time is over.
async fn append_to_all(bench: &Bench, storage: &Storage, plans: &[PlanId], ada: UserId) -> usize {
    let (until, mut rounds) = (Instant::now() + SPAN, 0);
    while Instant::now() < until {
        let mut batch: Vec<Append> = plans
            .iter()
            .map(|plan| bench.append(*plan, ada, &["x", "y"]))
            .collect();
        batch.rotate_left(rounds * 17 % PLANS);
        if rounds.is_multiple_of(2) {
            batch.reverse();
        }
        // Every third in several statements, as after an outage.
        let answers = match rounds % 3 {
            0 => storage.append(&batch).await,
            _ => storage.append_untried(&batch).await,
        };
        for answer in answers.unwrap() {
            answer.unwrap();
        }
        rounds += 1;
    }
    rounds
}

/// Changes members and writes snapshots of the same plans meanwhile.
async fn disturb(storage: &Storage, plans: &[PlanId], eve: UserId) {
    let until = Instant::now() + SPAN;
    for plan in plans.iter().rev().cycle() {
        if Instant::now() >= until {
            return;
        }
        storage
            .set_role(eve, *plan, eve, Role::Viewer)
            .await
            .unwrap();
        let head = storage.heads(&[*plan]).await.unwrap()[0].head;
        storage
            .write_snapshot(*plan, Epoch(1), head, &"state".into())
            .await
            .unwrap();
    }
}

pub(super) async fn two_nodes_write_the_same_plans_without_a_deadlock(bench: Bench) {
    let ada = bench.user("ada@example.org").await.id;
    let eve = bench.user("eve@example.org").await.id;
    let mut plans = Vec::new();
    for _ in 0..PLANS {
        plans.push(bench.plan(ada).await);
    }
    let other = bench.beside().await;
    let (first, second, ()) = tokio::join!(
        append_to_all(&bench, &bench.storage, &plans, ada),
        append_to_all(&bench, &other, &plans, ada),
        disturb(&other, &plans, eve),
    );
    assert!(first > 0 && second > 0, "{first} and {second} rounds");
    for plan in plans {
        assert_eq!(bench.updates(plan).await.len(), 2 * (first + second));
    }
    other.close().await;
}

pub(super) async fn the_journal_writer_commits_in_the_order_of_each_plan(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let other = bench.plan(ada).await;
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    let journal = JournalWriter::spawn(bench.storage.clone(), &tracker, stop.clone());
    let (mut pending, mut expected) = (Vec::new(), Vec::new());
    for number in 0..300 {
        if number == 100
            && let Some(postgres) = &bench.postgres
        {
            postgres.kill9();
        }
        if number == 200
            && let Some(postgres) = &bench.postgres
        {
            postgres.restart().await;
        }
        let text = number.to_string();
        pending.push(journal.enqueue(bench.append(plan, ada, &[&text])).await);
        pending.push(journal.enqueue(bench.append(other, ada, &[&text])).await);
        expected.push(text);
    }
    let mut last = Seq(0);
    for answer in pending.into_iter().step_by(2) {
        let committed = answer.await.unwrap();
        assert_eq!(committed.first, Seq(last.0 + 1));
        last = committed.last;
    }
    assert!(!journal.is_stalled());
    assert_eq!(bench.updates(plan).await, expected);
    stop.cancel();
    tracker.close();
    tracker.wait().await;
    assert_eq!(bench.updates(other).await, expected);
}
