//! The journal: order, refusals, epochs, snapshots and quarantine.

use convene::ids::PlanId;
use convene::storage::journal::{
    Append, AppendRefused, Committed, Epoch, NewRow, Origin, Quarantined, Seq,
};

use super::Bench;

/// What an append that became these rows is answered.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it is compared with answers, some of them refusals"
)]
fn rows(first: i64, last: i64) -> Result<Committed, AppendRefused> {
    Ok(Committed {
        first: Seq(first),
        last: Seq(last),
    })
}

pub(super) async fn rows_keep_their_order_without_holes(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let batch = [
        bench.append(plan, ada, &["a", "b"]),
        bench.append(plan, ada, &["c"]),
    ];
    assert_eq!(
        bench.storage.append(&batch).await.unwrap(),
        [rows(1, 2), rows(3, 3)]
    );
    let next = bench.append(plan, ada, &["d", "e"]);
    assert_eq!(
        bench
            .storage
            .append(std::slice::from_ref(&next))
            .await
            .unwrap(),
        [rows(4, 5)]
    );
    assert_eq!(bench.updates(plan).await, ["a", "b", "c", "d", "e"]);
    let after = bench.storage.rows_after(plan, Seq(3), 1).await.unwrap();
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].update, next.rows[0].update);
    assert_eq!(after[0].author, Some(ada));
    assert_eq!(after[0].origin, next.rows[0].origin);
    assert_eq!(after[0].at, bench.clock.now());
}

pub(super) async fn one_batch_writes_many_plans(bench: Bench) {
    let ada = bench.user("ada@example.org").await.id;
    let mut plans = Vec::new();
    for _ in 0..50 {
        plans.push(bench.plan(ada).await);
    }
    let batch: Vec<Append> = (0..150)
        .map(|number| bench.append(plans[number * 7 % 50], ada, &[&number.to_string()]))
        .collect();
    let answers = bench.storage.append(&batch).await.unwrap();
    assert_eq!(answers.len(), 150);
    for (place, plan) in plans.iter().enumerate() {
        let expected: Vec<String> = (0..150)
            .filter(|number| number * 7 % 50 == place)
            .map(|n| n.to_string())
            .collect();
        assert_eq!(bench.updates(*plan).await, expected);
    }
}

pub(super) async fn a_refused_append_harms_no_other(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let eve = bench.user("eve@example.org").await.id;
    let other = bench.plan(ada).await;
    let gone = PlanId::generate(&bench.clock);
    let mut owned = bench.append(plan, ada, &["a"]);
    owned.bindings = vec![(7, ada)];
    let mut stale = bench.append(plan, ada, &["stale"]);
    stale.epoch = Epoch(2);
    let mut stolen = bench.append(plan, eve, &["stolen"]);
    stolen.bindings = vec![(8, eve), (7, eve)];
    let mut absurd = bench.append(other, ada, &["absurd"]);
    absurd.bindings = vec![(1 << 53, ada)];
    let mut late = bench.append(plan, ada, &["b"]);
    // Eve's refused append has not made this hers.
    late.bindings = vec![(8, ada)];
    let batch = [
        owned,
        bench.append(gone, ada, &["gone"]),
        stale,
        stolen,
        absurd,
        late,
        bench.append(other, ada, &["c"]),
    ];
    let answers = bench.storage.append(&batch).await.unwrap();
    let expected = [
        rows(1, 1),
        Err(AppendRefused::PlanGone),
        Err(AppendRefused::StaleEpoch),
        Err(AppendRefused::ClientIdTaken(7)),
        Err(AppendRefused::ClientIdTaken(1 << 53)),
        rows(2, 2),
        rows(1, 1),
    ];
    assert_eq!(answers, expected);
    assert_eq!(bench.updates(plan).await, ["a", "b"]);
    assert_eq!(bench.updates(other).await, ["c"]);
}

pub(super) async fn a_batch_that_was_never_tried_is_answered_like_any_other(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let (other, restored) = (bench.plan(ada).await, bench.plan(ada).await);
    let gone = PlanId::generate(&bench.clock);
    let marker = bench.row("marker", ada);
    bench.storage.begin_epoch(restored, &marker).await.unwrap();
    let batch = [
        bench.append(plan, ada, &["a", "b"]),
        bench.append(gone, ada, &["gone"]),
        bench.append(restored, ada, &["stale"]),
        bench.append(other, ada, &["c"]),
    ];
    let answers = bench.storage.append_untried(&batch).await.unwrap();
    let expected = [
        rows(1, 2),
        Err(AppendRefused::PlanGone),
        Err(AppendRefused::StaleEpoch),
        rows(1, 1),
    ];
    assert_eq!(answers, expected);
    assert_eq!(bench.updates(plan).await, ["a", "b"]);
    assert_eq!(bench.updates(other).await, ["c"]);
    assert_eq!(bench.updates(restored).await, ["marker"]);
    // Its outcome got lost, and it is tried again.
    assert_eq!(bench.storage.append(&batch).await.unwrap(), expected);
    let mut owned = bench.append(plan, ada, &["d"]);
    owned.bindings = vec![(7, ada)];
    let next = [owned, bench.append(plan, ada, &["e"])];
    let answers = bench.storage.append_untried(&next).await.unwrap();
    assert_eq!(answers, [rows(3, 3), rows(4, 4)]);
    assert_eq!(bench.updates(plan).await, ["a", "b", "d", "e"]);
}

pub(super) async fn an_append_tried_again_is_written_once(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let other = bench.plan(ada).await;
    let unsure = bench.append(plan, ada, &["a", "b"]);
    let first = bench
        .storage
        .append(std::slice::from_ref(&unsure))
        .await
        .unwrap();
    let batch = [
        unsure.clone(),
        bench.append(other, ada, &["x"]),
        bench.append(plan, ada, &["c"]),
        unsure,
    ];
    let again = bench.storage.append(&batch).await.unwrap();
    assert_eq!(first, [rows(1, 2)]);
    assert_eq!(again, [rows(1, 2), rows(1, 1), rows(3, 3), rows(1, 2)]);
    assert_eq!(bench.updates(plan).await, ["a", "b", "c"]);
    bench.storage.delete_plan(ada, plan).await.unwrap();
    // It was committed, whatever happened to the plan since.
    assert_eq!(
        bench.storage.append(&batch[..1]).await.unwrap(),
        [rows(1, 2)]
    );
}

pub(super) async fn a_client_id_belongs_to_one_user_of_a_plan(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let eve = bench.user("eve@example.org").await.id;
    let other = bench.plan(eve).await;
    let with_ids = |plan, user, ids: &[u64]| {
        let mut append = bench.append(plan, user, &["a"]);
        append.bindings = ids.iter().map(|id| (*id, user)).collect();
        append
    };
    let largest = (1 << 53) - 1;
    let batch = [
        with_ids(plan, ada, &[1, largest]),
        with_ids(other, eve, &[1]),
    ];
    assert_eq!(
        bench.storage.append(&batch).await.unwrap(),
        [rows(1, 1), rows(1, 1)]
    );
    let batch = [
        with_ids(plan, eve, &[largest]),
        with_ids(plan, ada, &[1, 2]),
    ];
    let answers = bench.storage.append(&batch).await.unwrap();
    assert_eq!(
        answers,
        [Err(AppendRefused::ClientIdTaken(largest)), rows(2, 2)]
    );
    let mut bindings = bench.storage.load(plan).await.unwrap().unwrap().bindings;
    bindings.sort_unstable();
    assert_eq!(bindings, [(1, ada), (2, ada), (largest, ada)]);
    let mut torn = bench.append(plan, ada, &["torn"]);
    torn.bindings = vec![(9, ada), (9, eve)];
    let answers = bench.storage.append(&[torn]).await.unwrap();
    assert_eq!(answers, [Err(AppendRefused::ClientIdTaken(9))]);
}

pub(super) async fn what_was_made_for_an_old_epoch_is_refused(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    bench
        .storage
        .append(&[bench.append(plan, ada, &["a"])])
        .await
        .unwrap()[0]
        .unwrap();
    let marker = NewRow {
        audit: None,
        along: None,
        update: "marker".into(),
        author: None,
        origin: Origin::Epoch,
        at: bench.clock.now(),
    };
    let begun = bench.storage.begin_epoch(plan, &marker).await.unwrap();
    assert_eq!(begun, Some((Epoch(2), Seq(2))));
    let old = bench.append(plan, ada, &["old"]);
    let mut new = bench.append(plan, ada, &["new"]);
    new.epoch = Epoch(2);
    let answers = bench.storage.append(&[old, new]).await.unwrap();
    assert_eq!(answers, [Err(AppendRefused::StaleEpoch), rows(3, 3)]);
    assert_eq!(bench.updates(plan).await, ["a", "marker", "new"]);
    let stored = bench.storage.load(plan).await.unwrap().unwrap();
    assert_eq!(stored.epoch, Epoch(2));
    let epochs: Vec<i64> = stored.rows.iter().map(|row| row.epoch.0).collect();
    assert_eq!(epochs, [1, 2, 2]);
    assert_eq!(
        (stored.rows[1].origin, stored.rows[1].author),
        (Origin::Epoch, None)
    );
    let gone = PlanId::generate(&bench.clock);
    assert_eq!(
        bench.storage.begin_epoch(gone, &marker).await.unwrap(),
        None
    );
}

pub(super) async fn an_older_snapshot_never_replaces_a_newer_one(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let append = bench.append(plan, ada, &["a", "b", "c", "d"]);
    bench.storage.append(&[append]).await.unwrap()[0].unwrap();
    let write = async |epoch, seq, state: &'static str| {
        bench
            .storage
            .write_snapshot(plan, Epoch(epoch), Seq(seq), &state.into())
            .await
            .unwrap()
    };
    assert!(write(1, 2, "ab").await);
    assert!(write(1, 3, "abc").await);
    assert!(!write(1, 2, "ab").await, "an older one");
    assert!(!write(1, 3, "other").await, "the same again");
    assert!(!write(1, 5, "abcde").await, "rows that are not there");
    assert!(!write(2, 4, "abcd").await, "another epoch");
    let stored = bench.storage.load(plan).await.unwrap().unwrap();
    assert_eq!(stored.snapshot, Some((Seq(3), "abc".into())));
    let rest: Vec<&[u8]> = stored.rows.iter().map(|row| &row.update[..]).collect();
    assert_eq!((rest, stored.head), (vec![b"d".as_slice()], Seq(4)));
    let whole = bench
        .storage
        .load_whole_journal(plan)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((whole.snapshot, whole.rows.len()), (None, 4));
    bench.storage.delete_plan(ada, plan).await.unwrap();
    assert!(!write(1, 4, "abcd").await, "a plan that is gone");
}

pub(super) async fn a_broken_update_is_kept_apart_once(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    bench
        .storage
        .append(&[bench.append(plan, ada, &["a"])])
        .await
        .unwrap()[0]
        .unwrap();
    let of_row = Quarantined {
        plan,
        epoch: Epoch(1),
        seq: Some(Seq(1)),
        update: "a".into(),
        author: Some(ada),
        origin: Origin::Import,
        reason: "it broke".to_owned(),
    };
    assert!(bench.storage.quarantine(&of_row).await.unwrap());
    assert!(!bench.storage.quarantine(&of_row).await.unwrap());
    let never_a_row = Quarantined {
        seq: None,
        ..of_row
    };
    assert!(bench.storage.quarantine(&never_a_row).await.unwrap());
    assert!(bench.storage.quarantine(&never_a_row).await.unwrap());
    // Nothing is trimmed from the journal for it.
    assert_eq!(bench.updates(plan).await, ["a"]);
}

pub(super) async fn an_empty_append_moves_nothing(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let mut only_a_binding = bench.append(plan, ada, &[]);
    only_a_binding.bindings = vec![(5, ada)];
    assert_eq!(
        bench.storage.append(&[only_a_binding]).await.unwrap(),
        [rows(1, 0)]
    );
    assert_eq!(bench.storage.append(&[]).await.unwrap(), []);
    let stored = bench.storage.load(plan).await.unwrap().unwrap();
    assert_eq!((stored.head, stored.bindings), (Seq(0), vec![(5, ada)]));
}
