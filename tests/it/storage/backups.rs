//! Backups: one file for both engines, one moment, and nothing but what was written comes back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use bytes::Bytes;
use convene::auth::access::Role;
use convene::ids::{FamilyId, InviteId, PlanId, UserId};
use convene::storage::accounts::NewInvite;
use convene::storage::answers::RequestKey;
use convene::storage::journal::{
    AppendRefused, Epoch, NewRow, Origin, Quarantined, Row, Seq, StoredPlan,
};
use convene::storage::sign_ins::{NewFamily, Rotation};
use convene::storage::{Storage, StorageError};

use super::Bench;

/// Long enough that a backup takes a while and needs many batches.
const UPDATE: usize = 100_000;

/// What a test's marker looks like.
fn marker(plan: PlanId, epoch: i64) -> Bytes {
    format!("epoch {epoch} of {plan}").into()
}

/// Somebody with a plan that has something in every table.
struct Written {
    ada: UserId,
    plan: PlanId,
    empty: PlanId,
    gone: PlanId,
    stored: StoredPlan,
}

impl Bench {
    async fn write_everything(&self) -> Written {
        let (ada, plan) = self.ada_and_plan().await;
        let eve = self.user("eve@example.org").await.id;
        let (empty, gone) = (self.plan(eve).await, self.plan(ada).await);
        self.storage.delete_plan(ada, gone).await.unwrap();
        self.storage
            .set_role(ada, plan, eve, Role::Viewer)
            .await
            .unwrap();
        let mut append = self.append(plan, ada, &["a", "", "c"]);
        append.bindings = vec![(1, ada), ((1 << 53) - 1, eve)];
        append.rows[1].update = vec![0xff; UPDATE].into();
        append.rows[1].author = None;
        append.rows[1].origin = Origin::Import;
        self.storage.append(&[append]).await.unwrap()[0].unwrap();
        let state = "abc".into();
        self.storage
            .write_snapshot(plan, Epoch(1), Seq(2), &state)
            .await
            .unwrap();
        for seq in [Some(Seq(1)), None] {
            let broken = Quarantined {
                plan,
                epoch: Epoch(1),
                seq,
                update: "a".into(),
                author: None,
                origin: Origin::Import,
                reason: "it broke".to_owned(),
            };
            self.storage.quarantine(&broken).await.unwrap();
        }
        self.write_sign_ins(ada).await;
        let request = RequestKey {
            user: ada,
            method: "plan.create",
            key: "k",
        };
        self.storage.keep_answer(request, "{}").await.unwrap();
        let stored = self
            .storage
            .load_whole_journal(plan)
            .await
            .unwrap()
            .unwrap();
        Written {
            ada,
            plan,
            empty,
            gone,
            stored,
        }
    }

    async fn write_sign_ins(&self, user: UserId) {
        let family = NewFamily {
            id: FamilyId::generate(&self.clock),
            user,
            token_hash: [1; 32],
            expires_at: self.clock.now().after(Duration::from_hours(1)),
            user_agent: None,
            address: Some("::1".to_owned()),
        };
        self.storage.insert_family(&family).await.unwrap();
        self.storage
            .rotate(&[1; 32], &[2; 32], self.clock.now())
            .await
            .unwrap();
        let invite = NewInvite {
            id: InviteId::generate(&self.clock),
            code_hash: [9; 32],
            email: None,
            expires_at: self.clock.now().after(Duration::from_hours(1)),
        };
        self.storage.insert_invite(&invite).await.unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("backup")
    }
}

async fn is_empty(storage: &Storage) -> bool {
    storage
        .find_user_by_email("ada@example.org")
        .await
        .unwrap()
        .is_none()
}

/// Checks that `storage` holds what was written, in a new epoch, and says which.
async fn expect_restored(storage: &Storage, written: &Written) -> Epoch {
    let Written {
        ada,
        plan,
        empty,
        gone,
        stored: before,
    } = written;
    let after = storage.load_whole_journal(*plan).await.unwrap().unwrap();
    assert_eq!(after.head, Seq(before.head.0 + 1));
    assert!(after.epoch > before.epoch);
    assert_eq!(&after.rows[..before.rows.len()], &before.rows[..]);
    let first: &Row = after.rows.last().unwrap();
    assert_eq!(
        (first.update.clone(), first.epoch),
        (marker(*plan, after.epoch.0), after.epoch)
    );
    assert_eq!((first.origin, first.author), (Origin::Epoch, None));
    let sorted = |stored: &StoredPlan| {
        let mut bindings = stored.bindings.clone();
        bindings.sort_unstable();
        bindings
    };
    assert_eq!(sorted(&after), sorted(before));
    let loaded = storage.load(*plan).await.unwrap().unwrap();
    assert_eq!(loaded.snapshot, Some((Seq(2), "abc".into())));
    let untouched = storage.load(*empty).await.unwrap().unwrap();
    assert_eq!((untouched.head, untouched.epoch), (Seq(1), after.epoch));
    assert!(storage.load(*gone).await.unwrap().is_none());
    assert_eq!(storage.list_members(*plan).await.unwrap().len(), 2);
    let request = RequestKey {
        user: *ada,
        method: "plan.create",
        key: "k",
    };
    assert_eq!(
        storage.find_answer(request).await.unwrap().as_deref(),
        Some("{}")
    );
    after.epoch
}

/// Takes a backup of one database and reads it into another.
async fn there_and_back(from: Bench, into: Bench) {
    let written = from.write_everything().await;
    let report = from.storage.backup(&from.file()).await.unwrap();
    assert_eq!((report.contents.accounts, report.contents.plans), (2, 3));
    assert_eq!(report.contents.updates, 3);
    into.clock.advance(Duration::from_mins(1));
    let restored = into.storage.restore(&from.file(), marker).await.unwrap();
    assert_eq!(restored.contents, report.contents);
    let epoch = expect_restored(&into.storage, &written).await;
    // No sign-in of before counts, whichever of its tokens is shown.
    let now = into.clock.now();
    for token in [1, 2] {
        let shown = into
            .storage
            .rotate(&[token; 32], &[3; 32], now)
            .await
            .unwrap();
        assert_eq!(shown, Rotation::Expired);
    }
    assert_eq!(into.storage.list_families(written.ada).await.unwrap(), []);
    // What was made before is refused, what is made now goes on behind the marker.
    let old = into.append(written.plan, written.ada, &["old"]);
    let mut new = into.append(written.plan, written.ada, &["new"]);
    new.epoch = epoch;
    let answers = into.storage.append(&[old, new]).await.unwrap();
    assert_eq!(answers[0], Err(AppendRefused::StaleEpoch));
    assert_eq!(answers[1].unwrap().first, Seq(5));
    let broken = Quarantined {
        plan: written.plan,
        epoch: Epoch(1),
        seq: Some(Seq(1)),
        update: "a".into(),
        author: None,
        origin: Origin::Import,
        reason: "it broke".to_owned(),
    };
    assert!(
        !into.storage.quarantine(&broken).await.unwrap(),
        "it was kept before"
    );
    let next = Quarantined {
        seq: None,
        ..broken
    };
    assert!(into.storage.quarantine(&next).await.unwrap());
}

#[tokio::test]
async fn a_backup_of_sqlite_is_read_into_sqlite() {
    Box::pin(there_and_back(Bench::sqlite().await, Bench::sqlite().await)).await;
}

#[tokio::test]
async fn a_backup_of_sqlite_is_read_into_postgres() {
    Box::pin(there_and_back(
        Bench::sqlite().await,
        Bench::postgres().await,
    ))
    .await;
}

#[tokio::test]
async fn a_backup_of_postgres_is_read_into_sqlite() {
    Box::pin(there_and_back(
        Bench::postgres().await,
        Bench::sqlite().await,
    ))
    .await;
}

#[tokio::test]
async fn a_backup_of_postgres_is_read_into_postgres() {
    Box::pin(there_and_back(
        Bench::postgres().await,
        Bench::postgres().await,
    ))
    .await;
}

/// Appends two plans' rows together, always in one transaction, until `until`.
async fn keep_writing(bench: &Bench, plans: &[PlanId; 2], ada: UserId, until: Instant) -> usize {
    let mut rounds = 0;
    while Instant::now() < until {
        let text = "x".repeat(3000);
        let batch = plans.map(|plan| bench.append(plan, ada, &[&text]));
        for answer in bench.storage.append(&batch).await.unwrap() {
            answer.unwrap();
        }
        rounds += 1;
    }
    rounds
}

pub(super) async fn a_backup_shows_one_moment_while_others_write(bench: Bench) {
    let ada = bench.user("ada@example.org").await.id;
    let plans = [bench.plan(ada).await, bench.plan(ada).await];
    let beside = bench.beside().await;
    let until = Instant::now() + Duration::from_secs(2);
    let backups = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut files = Vec::new();
        while Instant::now() < until {
            let file = bench.folder.path().join(format!("backup-{}", files.len()));
            beside.backup(&file).await.unwrap();
            files.push(file);
        }
        files
    };
    let (rounds, files) = tokio::join!(keep_writing(&bench, &plans, ada, until), backups);
    assert!(
        rounds > 20 && files.len() > 2,
        "{rounds} rounds, {} backups",
        files.len()
    );
    let mut last = 0;
    for file in files {
        let into = Bench::sqlite().await;
        into.storage.restore(&file, marker).await.unwrap();
        let lengths = [
            into.updates(plans[0]).await.len(),
            into.updates(plans[1]).await.len(),
        ];
        assert_eq!(
            lengths[0], lengths[1],
            "the rows of one transaction stay together"
        );
        assert!(lengths[0] >= last, "a later backup holds no less");
        last = lengths[0];
    }
    assert!(last > 1);
}

#[tokio::test]
async fn a_backup_restored_twice_begins_two_different_epochs() {
    let from = Bench::sqlite().await;
    let written = from.write_everything().await;
    from.storage.backup(&from.file()).await.unwrap();
    let mut epochs = Vec::new();
    for minutes in 1..=2 {
        let into = Bench::sqlite().await;
        into.clock.advance(Duration::from_mins(minutes));
        into.storage.restore(&from.file(), marker).await.unwrap();
        epochs.push(expect_restored(&into.storage, &written).await);
    }
    assert!(epochs[0] < epochs[1], "{epochs:?}");
}

#[tokio::test]
async fn nothing_is_overwritten_by_a_backup_or_a_restore() {
    let bench = Bench::sqlite().await;
    let written = bench.write_everything().await;
    std::fs::write(bench.file(), "precious").unwrap();
    let refused = bench
        .storage
        .backup(&bench.file())
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("exists already"), "{refused}");
    assert_eq!(std::fs::read_to_string(bench.file()).unwrap(), "precious");
    let file = bench.folder.path().join("another");
    bench.storage.backup(&file).await.unwrap();
    let refused = bench
        .storage
        .restore(&file, marker)
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("not empty"), "{refused}");
    let stored = bench
        .storage
        .load_whole_journal(written.plan)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((stored.epoch, stored.rows), (Epoch(1), written.stored.rows));
    let nowhere = bench.folder.path().join("no/folder/backup");
    assert!(matches!(
        bench.storage.backup(&nowhere).await,
        Err(StorageError::File { .. })
    ));
    let left = std::fs::read_dir(bench.folder.path()).unwrap();
    let partial = left.filter(|it| {
        it.as_ref()
            .unwrap()
            .path()
            .to_string_lossy()
            .contains("part")
    });
    assert_eq!(partial.count(), 0);
}

#[tokio::test]
async fn a_backup_is_for_its_owners_eyes() {
    use std::os::unix::fs::MetadataExt;
    let bench = Bench::sqlite().await;
    bench.write_everything().await;
    bench.storage.backup(&bench.file()).await.unwrap();
    let mode = std::fs::metadata(bench.file()).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Tries to restore `file` and checks that it is all or nothing. Whether it was refused.
async fn all_or_nothing(file: &Path, written: &Written) -> bool {
    let into = Bench::sqlite().await;
    into.clock.advance(Duration::from_mins(1));
    match into.storage.restore(file, marker).await {
        Ok(_) => {
            expect_restored(&into.storage, written).await;
            false
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(&file.display().to_string()), "{text}");
            assert!(is_empty(&into.storage).await);
            true
        }
    }
}

#[tokio::test]
async fn a_damaged_backup_is_refused_and_changes_nothing() {
    let bench = Bench::sqlite().await;
    let written = bench.write_everything().await;
    bench.storage.backup(&bench.file()).await.unwrap();
    let good = std::fs::read(bench.file()).unwrap();
    let damaged = bench.folder.path().join("damaged");
    for length in [0, 50, 100, good.len() / 3, good.len() - 4096] {
        std::fs::write(&damaged, &good[..length]).unwrap();
        assert!(all_or_nothing(&damaged, &written).await, "cut to {length}");
    }
    // Not every byte of a file means something; what comes back is right in any case.
    let mut refused = 0;
    for place in (0..good.len()).step_by(good.len() / 150) {
        let mut bytes = good.clone();
        bytes[place] ^= 0x55;
        std::fs::write(&damaged, bytes).unwrap();
        refused += u32::from(all_or_nothing(&damaged, &written).await);
    }
    assert!(
        refused > 30,
        "{refused} of 150: most of so small a file is empty pages"
    );
    let mut bytes = good.clone();
    let at = bytes
        .windows(64)
        .position(|window| window == [0xff; 64])
        .unwrap();
    bytes[at + 7] = 0xfe;
    std::fs::write(&damaged, bytes).unwrap();
    assert!(
        all_or_nothing(&damaged, &written).await,
        "one bit of an update"
    );
}

#[tokio::test]
async fn a_file_that_is_no_backup_is_refused_with_a_reason() {
    let bench = Bench::sqlite().await;
    let into = Bench::sqlite().await;
    let restore = async |file: &Path| into.storage.restore(file, marker).await.unwrap_err();
    // The database itself may be in the middle of something.
    let error = restore(&bench.folder.path().join("convene.db"))
        .await
        .to_string();
    assert!(error.contains("`convene backup` makes one"), "{error}");
    let text = bench.folder.path().join("text");
    std::fs::write(
        &text,
        "not a database, but long enough to look like one\n".repeat(100),
    )
    .unwrap();
    let error = restore(&text).await.to_string();
    assert!(error.contains("not a database"), "{error}");
    let missing = restore(&bench.folder.path().join("missing")).await;
    assert!(matches!(missing, StorageError::File { .. }), "{missing:?}");
    assert!(is_empty(&into.storage).await);
}

#[tokio::test]
async fn restoring_a_restored_plan_keeps_both_markers() {
    let bench = Bench::sqlite().await;
    let (_, plan) = bench.ada_and_plan().await;
    let row = NewRow {
        audit: None,
        along: None,
        update: marker(plan, 2),
        author: None,
        origin: Origin::Epoch,
        at: bench.clock.now(),
    };
    bench
        .storage
        .begin_epoch(plan, &row)
        .await
        .unwrap()
        .unwrap();
    bench.storage.backup(&bench.file()).await.unwrap();
    let into = Bench::sqlite().await;
    into.clock.advance(Duration::from_mins(1));
    into.storage.restore(&bench.file(), marker).await.unwrap();
    let stored = into.storage.load(plan).await.unwrap().unwrap();
    let markers: Vec<Bytes> = stored.rows.iter().map(|row| row.update.clone()).collect();
    assert_eq!(markers, [marker(plan, 2), marker(plan, stored.epoch.0)]);
}
