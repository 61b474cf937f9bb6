//! What storage promises, on both engines: every case runs on SQLite and on PostgreSQL.

mod accounts;
mod agents;
mod audit;
mod backups;
mod drafts;
mod journal;
mod plans;
mod search;
mod sign_ins;
mod writers;

use std::time::Duration;

use convene::clock::{Clock, Timestamp};
use convene::config::DatabaseConfig;
use convene::ids::{AppendId, PlanId, SessionId, UserId};
use convene::storage::accounts::{NewUser, User};
use convene::storage::journal::{Append, Epoch, NewRow, Origin};
use convene::storage::{Company, Storage, StorageError};
use secrecy::ExposeSecret;
use tempfile::TempDir;

use crate::support::database::Database;
use crate::support::postgres::Postgres;

/// A day in 2026, so that times in failures are readable.
const START: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);

/// An empty database and a clock that a test moves.
struct Bench {
    storage: Storage,
    clock: Clock,
    database: DatabaseConfig,
    folder: TempDir,
    postgres: Option<Postgres>,
}

impl Bench {
    async fn sqlite() -> Self {
        Self::open(DatabaseConfig::Sqlite, None).await
    }

    async fn postgres() -> Self {
        let postgres = Postgres::start().await;
        let url = postgres.new_database().await;
        Self::open(DatabaseConfig::Postgres(url.into()), Some(postgres)).await
    }

    async fn open(database: DatabaseConfig, postgres: Option<Postgres>) -> Self {
        let clock = Clock::manual(START);
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(&database, folder.path(), Company::Servers, clock.clone())
            .await
            .unwrap();
        Self {
            storage,
            clock,
            database,
            folder,
            postgres,
        }
    }

    /// The same database as another process sees it.
    async fn beside(&self) -> Storage {
        let opened = Storage::open_beside(&self.database, self.folder.path(), self.clock.clone());
        opened.await.unwrap()
    }

    /// The same for whoever may write there.
    fn sql(&self) -> Database {
        match &self.database {
            DatabaseConfig::Sqlite => Database::Sqlite(self.folder.path().to_owned()),
            DatabaseConfig::Postgres(url) => Database::Postgres(url.expose_secret().to_owned()),
        }
    }

    fn new_user(&self, email: &str) -> NewUser {
        NewUser {
            id: UserId::generate(&self.clock),
            email: email.to_owned(),
            name: "Ada".to_owned(),
            password_hash: "hash".to_owned(),
        }
    }

    async fn user(&self, email: &str) -> User {
        self.storage
            .insert_user(&self.new_user(email))
            .await
            .unwrap()
            .unwrap()
    }

    async fn plan(&self, owner: UserId) -> PlanId {
        let plan = PlanId::generate(&self.clock);
        self.storage
            .insert_plan(plan, "A plan", owner)
            .await
            .unwrap();
        plan
    }

    /// A user and a plan of hers.
    async fn ada_and_plan(&self) -> (UserId, PlanId) {
        let ada = self.user("ada@example.org").await.id;
        (ada, self.plan(ada).await)
    }

    fn row(&self, update: &str, author: UserId) -> NewRow {
        NewRow {
            audit: None,
            along: None,
            update: update.to_owned().into(),
            author: Some(author),
            origin: Origin::Session(SessionId::generate(&self.clock)),
            at: self.clock.now(),
        }
    }

    /// An append to the first epoch of `plan`.
    fn append(&self, plan: PlanId, author: UserId, updates: &[&str]) -> Append {
        Append {
            id: AppendId::generate(&self.clock),
            plan,
            epoch: Epoch(1),
            rows: updates
                .iter()
                .map(|update| self.row(update, author))
                .collect(),
            bindings: Vec::new(),
        }
    }

    /// The updates of `plan` as texts, checked to be numbered from 1 without holes.
    async fn updates(&self, plan: PlanId) -> Vec<String> {
        let stored = self
            .storage
            .load_whole_journal(plan)
            .await
            .unwrap()
            .unwrap();
        let seqs = stored.rows.iter().map(|row| row.seq.0);
        assert!(seqs.eq(1..=stored.head.0), "{stored:?}");
        stored
            .rows
            .iter()
            .map(|row| String::from_utf8(row.update.to_vec()).unwrap())
            .collect()
    }
}

/// Makes a test for each engine of each case.
macro_rules! on_both_engines {
    ($($file:ident :: $case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                super::$file::$case(super::Bench::sqlite().await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                super::$file::$case(super::Bench::postgres().await).await;
            })*
        }
    };
}

on_both_engines!(
    journal::rows_keep_their_order_without_holes,
    journal::one_batch_writes_many_plans,
    journal::a_refused_append_harms_no_other,
    journal::a_batch_that_was_never_tried_is_answered_like_any_other,
    journal::an_append_tried_again_is_written_once,
    journal::a_client_id_belongs_to_one_user_of_a_plan,
    journal::what_was_made_for_an_old_epoch_is_refused,
    journal::an_older_snapshot_never_replaces_a_newer_one,
    journal::a_broken_update_is_kept_apart_once,
    journal::an_empty_append_moves_nothing,
    sign_ins::a_refresh_token_is_good_once,
    sign_ins::the_token_just_used_is_good_again_for_ten_seconds,
    sign_ins::a_token_older_than_the_one_just_used_ends_the_sign_in_at_once,
    sign_ins::a_token_shown_late_again_ends_the_sign_in,
    sign_ins::refreshing_never_moves_the_end,
    sign_ins::one_token_shown_many_times_at_once_rotates_once,
    sign_ins::sign_ins_are_listed_and_ended_one_by_one_or_together,
    sign_ins::ended_sign_ins_are_removed_when_nothing_can_be_learnt_from_them,
    sign_ins::of_many_sign_ins_it_is_known_which_have_ended,
    accounts::whether_there_is_any_account_is_known,
    accounts::an_address_has_one_account_however_it_is_spelled,
    accounts::an_address_registered_twice_at_once_has_one_account,
    accounts::an_invitation_is_good_once_for_its_address_and_a_while,
    accounts::a_new_password_ends_every_sign_in,
    accounts::a_rehash_never_undoes_a_new_password,
    agents::an_agent_is_a_suggester_until_it_is_revoked,
    agents::an_agents_token_is_good_until_its_day,
    agents::an_agent_has_no_other_place_and_no_password,
    agents::a_plan_has_so_many_agents_and_no_more,
    agents::what_an_agent_proposed_is_withdrawn_with_it,
    drafts::a_draft_has_the_roles_of_its_plan,
    drafts::a_draft_is_known_by_its_plan_alone,
    drafts::a_draft_is_no_plan,
    drafts::a_draft_is_gone_with_its_plan,
    audit::what_is_done_is_written_down_with_it,
    audit::who_changes_the_audit_is_found_out,
    audit::two_nodes_write_one_chain,
    plans::members_have_one_role_and_each_change_is_noticed,
    plans::a_plan_always_has_an_owner,
    plans::a_deleted_plan_is_gone_for_everybody,
    plans::an_answer_is_kept_for_a_day,
    plans::heads_say_where_each_plan_stands,
    plans::plans_are_listed_by_their_last_change,
    search::what_is_indexed_is_found_as_it_is_now,
    search::words_are_found_whatever_marks_and_case_they_have,
    search::the_best_come_first_and_what_is_put_away_last,
    search::nobody_finds_anything_in_plans_of_others,
    search::who_worked_from_an_older_index_writes_nothing,
    search::plans_are_behind_until_their_last_row_is_indexed,
    search::whatever_is_typed_is_looked_for_and_nothing_else,
    search::a_large_plan_is_indexed_and_found,
    writers::two_nodes_write_the_same_plans_without_a_deadlock,
    backups::a_backup_shows_one_moment_while_others_write,
    writers::the_journal_writer_commits_in_the_order_of_each_plan,
);

#[tokio::test]
async fn a_data_folder_has_one_server_and_lets_an_operator_in() {
    let bench = Bench::sqlite().await;
    let folder = bench.folder.path();
    let company = Company::Servers;
    let second = Storage::open(&bench.database, folder, company, bench.clock.clone()).await;
    assert!(matches!(second, Err(StorageError::Locked(_))), "{second:?}");
    let beside = bench.beside().await;
    beside
        .insert_user(&bench.new_user("eve@example.org"))
        .await
        .unwrap()
        .unwrap();
    assert!(
        bench
            .storage
            .find_user_by_email("eve@example.org")
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_postgres_database_has_many_servers_or_one_restore_and_lets_an_operator_in() {
    let bench = Bench::postgres().await;
    let open = async |company| {
        Storage::open(
            &bench.database,
            bench.folder.path(),
            company,
            Clock::system(),
        )
        .await
    };
    let second = open(Company::Servers).await.unwrap();
    second.close().await;
    drop(second);
    let alone = open(Company::Nobody).await;
    assert!(matches!(alone, Err(StorageError::Locked(_))), "{alone:?}");
    let beside = bench.beside().await;
    beside
        .insert_user(&bench.new_user("eve@example.org"))
        .await
        .unwrap()
        .unwrap();
    let Bench {
        storage,
        database,
        folder,
        postgres,
        ..
    } = bench;
    // The next one waits for the one before to end.
    let ends = async move {
        storage.close().await;
        drop(storage);
    };
    let opens = Storage::open(&database, folder.path(), Company::Nobody, Clock::system());
    let (next, ()) = tokio::join!(opens, ends);
    next.unwrap();
    drop(postgres);
}

#[tokio::test]
async fn an_operator_is_told_where_there_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let opened =
        Storage::open_beside(&DatabaseConfig::Sqlite, folder.path(), Clock::system()).await;
    let error = opened.unwrap_err().to_string();
    assert!(
        error.contains("there is no database") && error.contains("CONVENE_DATA"),
        "{error}"
    );
    let postgres = Postgres::start().await;
    let empty = DatabaseConfig::Postgres(postgres.new_database().await.into());
    let opened = Storage::open_beside(&empty, folder.path(), Clock::system()).await;
    assert!(matches!(opened, Err(StorageError::Unfit(_))), "{opened:?}");
}

#[tokio::test]
async fn the_health_check_says_within_seconds_that_postgres_is_frozen() {
    let bench = Bench::postgres().await;
    bench.storage.check().await.unwrap();
    let postgres = bench.postgres.as_ref().unwrap();
    postgres.freeze();
    let check = tokio::time::timeout(Duration::from_secs(4), bench.storage.check()).await;
    assert!(check.expect("the check gives up").is_err());
    postgres.thaw();
    bench.storage.check().await.unwrap();
}
