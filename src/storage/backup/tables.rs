//! What a backup holds: every table but the full-text index.

mod proposals;

use self::proposals::{AGENTS, DECISIONS, GATE_APPROVALS, GATES, PROPOSAL_CHANGES, PROPOSALS};
use super::table::Kind::{Bytes, Id, Integer, Text};
use super::table::Table;

/// Every table, after those that its rows refer to, but for the full-text index, which is made of the rest
/// again. A test compares it with the schema.
pub(super) static TABLES: [Table; 24] = [
    USERS,
    INVITES,
    FAMILIES,
    REFRESH_TOKENS,
    PLANS,
    MEMBERS,
    JOURNAL,
    CLIENT_IDS,
    SNAPSHOTS,
    QUARANTINE,
    ANSWERS,
    AUDIT,
    AUDIT_HEADS,
    VERSIONS,
    RELEASES,
    OUTBOX,
    DISMISSALS,
    PLAN_INVITES,
    AGENTS,
    PROPOSALS,
    PROPOSAL_CHANGES,
    DECISIONS,
    GATES,
    GATE_APPROVALS,
];

pub(super) const USERS: Table = Table {
    name: "users",
    columns: &[
        ("id", Id),
        ("email", Text),
        ("name", Text),
        ("password_hash", Text),
        ("created_at", Integer),
        ("disabled_at", Integer),
        ("kind", Text),
    ],
};

const INVITES: Table = Table {
    name: "invites",
    columns: &[
        ("id", Id),
        ("code_hash", Bytes),
        ("email", Text),
        ("created_at", Integer),
        ("expires_at", Integer),
        ("used_at", Integer),
    ],
};

const FAMILIES: Table = Table {
    name: "families",
    columns: &[
        ("id", Id),
        ("user_id", Id),
        ("created_at", Integer),
        ("expires_at", Integer),
        ("revoked_at", Integer),
        ("last_used_at", Integer),
        ("user_agent", Text),
        ("address", Text),
    ],
};

const REFRESH_TOKENS: Table = Table {
    name: "refresh_tokens",
    columns: &[
        ("token_hash", Bytes),
        ("family_id", Id),
        ("used_at", Integer),
        ("replaced_by", Bytes),
    ],
};

pub(super) const PLANS: Table = Table {
    name: "plans",
    columns: &[
        ("id", Id),
        ("name", Text),
        ("created_by", Id),
        ("created_at", Integer),
        ("updated_at", Integer),
        ("deleted_at", Integer),
        ("head", Integer),
        ("epoch", Integer),
        ("access_version", Integer),
        ("snapshot_seq", Integer),
        ("archived_at", Integer),
        ("base_seq", Integer),
        ("draft_of", Id),
        ("proposals_version", Integer),
    ],
};

const MEMBERS: Table = Table {
    name: "members",
    columns: &[
        ("plan_id", Id),
        ("user_id", Id),
        ("role", Text),
        ("added_at", Integer),
    ],
};

pub(super) const JOURNAL: Table = Table {
    name: "journal",
    columns: &[
        ("plan_id", Id),
        ("seq", Integer),
        ("epoch", Integer),
        ("append_id", Id),
        ("update_bytes", Bytes),
        ("author", Id),
        ("origin", Text),
        ("origin_detail", Text),
        ("created_at", Integer),
    ],
};

const CLIENT_IDS: Table = Table {
    name: "client_ids",
    columns: &[("plan_id", Id), ("client_id", Integer), ("user_id", Id)],
};

const SNAPSHOTS: Table = Table {
    name: "snapshots",
    columns: &[
        ("plan_id", Id),
        ("seq", Integer),
        ("epoch", Integer),
        ("state_bytes", Bytes),
        ("created_at", Integer),
    ],
};

// Without `id`: PostgreSQL counts it itself and would count over what was put there.
const QUARANTINE: Table = Table {
    name: "quarantine",
    columns: &[
        ("plan_id", Id),
        ("epoch", Integer),
        ("seq", Integer),
        ("update_bytes", Bytes),
        ("author", Id),
        ("origin", Text),
        ("origin_detail", Text),
        ("reason", Text),
        ("created_at", Integer),
    ],
};

const ANSWERS: Table = Table {
    name: "answers",
    columns: &[
        ("user_id", Id),
        ("method", Text),
        ("key", Text),
        ("answer", Text),
        ("created_at", Integer),
    ],
};

const AUDIT: Table = Table {
    name: "audit",
    columns: &[
        ("chain_id", Id),
        ("seq", Integer),
        ("created_at", Integer),
        ("actor", Id),
        ("verb", Text),
        ("detail", Text),
        ("hash", Bytes),
    ],
};

const AUDIT_HEADS: Table = Table {
    name: "audit_heads",
    columns: &[("chain_id", Id), ("seq", Integer), ("hash", Bytes)],
};

const VERSIONS: Table = Table {
    name: "versions",
    columns: &[
        ("plan_id", Id),
        ("seq", Integer),
        ("name", Text),
        ("named_by", Id),
        ("created_at", Integer),
    ],
};

const RELEASES: Table = Table {
    name: "releases",
    columns: &[
        ("plan_id", Id),
        ("number", Integer),
        ("name", Text),
        ("note", Text),
        ("seq", Integer),
        ("content", Text),
        ("changelog", Text),
        ("published_by", Id),
        ("created_at", Integer),
    ],
};

const OUTBOX: Table = Table {
    name: "outbox",
    columns: &[
        ("id", Id),
        ("plan_id", Id),
        ("kind", Text),
        ("recipient", Text),
        ("subject", Text),
        ("body", Text),
        ("created_at", Integer),
        ("sent_at", Integer),
        ("sent_by", Id),
    ],
};

const DISMISSALS: Table = Table {
    name: "dismissals",
    columns: &[
        ("plan_id", Id),
        ("key", Text),
        ("reason", Text),
        ("until", Integer),
        ("dismissed_by", Id),
        ("created_at", Integer),
    ],
};

const PLAN_INVITES: Table = Table {
    name: "plan_invites",
    columns: &[
        ("id", Id),
        ("plan_id", Id),
        ("code_hash", Bytes),
        ("role", Text),
        ("email", Text),
        ("invited_by", Id),
        ("created_at", Integer),
        ("expires_at", Integer),
        ("used_at", Integer),
        ("used_by", Id),
    ],
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sqlx::{Connection, SqliteConnection};

    use super::*;
    use crate::storage::database::SQLITE_MIGRATIONS;

    /// Every column of the schema as `table.column`.
    async fn columns() -> BTreeSet<String> {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        SQLITE_MIGRATIONS.run(&mut connection).await.unwrap();
        let found: Vec<(String, String)> = sqlx::query_as(
            "select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c
             where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like '_sqlx_%'
                 and m.name not like 'search_%'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        found
            .into_iter()
            .map(|(table, column)| format!("{table}.{column}"))
            .collect()
    }

    #[tokio::test]
    async fn a_backup_holds_every_column_of_every_table_but_the_index() {
        let mut expected = columns().await;
        expected.remove("quarantine.id");
        let held = TABLES
            .iter()
            .flat_map(|table| {
                table
                    .columns
                    .iter()
                    .map(|(name, _)| format!("{}.{name}", table.name))
            })
            .collect();
        assert_eq!(expected, held);
    }
}
