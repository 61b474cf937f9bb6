//! Agents' tokens: whose one is, and whether it still counts.

use std::time::Duration;

use sqlx::FromRow;
use uuid::Uuid;

use super::database::{Storage, read, write_tx};
use super::document_access::DocumentRole;
use super::error::StorageError;
use crate::auth::access::Role;
use crate::auth::principal::{Principal, PrincipalKind};
use crate::clock::Timestamp;
use crate::ids::{DocumentId, FamilyId, UserId};

/// How exactly it is kept when a token was last shown: an agent may connect many times a second.
const USE_NOTED_EVERY: Duration = Duration::from_mins(1);

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentToken {
    /// A good one.
    Good {
        /// The agent.
        principal: Principal,
        /// Its role in the document that was asked for, if it has one.
        role: Option<Role>,
        /// Whether [`Storage::note_agent_use`] is due.
        note_use: bool,
    },
    /// It was good once, and is too old or was revoked.
    Over,
    /// No agent has it.
    Unknown,
}

#[derive(FromRow)]
struct TokenRow {
    id: Uuid,
    name: String,
    family_id: Uuid,
    family_expires_at: i64,
    last_used_at: i64,
    family_created_at: i64,
    revoked_at: Option<i64>,
    disabled_at: Option<i64>,
    role: Option<String>,
    draft_of: Option<Uuid>,
    status: Option<String>,
    author: Option<Uuid>,
}

impl TokenRow {
    fn read(
        self,
        document: Option<DocumentId>,
        now: Timestamp,
    ) -> Result<AgentToken, StorageError> {
        let expires_at = Timestamp::from_micros(self.family_expires_at);
        if self.revoked_at.is_some() || self.disabled_at.is_some() || expires_at <= now {
            return Ok(AgentToken::Over);
        }
        let last_used_at = Timestamp::from_micros(self.last_used_at);
        let is_unused = self.last_used_at == self.family_created_at;
        let role = match (document, self.role) {
            (Some(document), Some(role)) => {
                let row = DocumentRole {
                    user_id: self.id,
                    role,
                    draft_of: self.draft_of,
                    status: self.status,
                    author: self.author,
                };
                row.of(document)?
            }
            (None, _) | (_, None) => None,
        };
        Ok(AgentToken::Good {
            principal: Principal {
                user: UserId::from_uuid(self.id),
                kind: PrincipalKind::Agent,
                name: self.name,
                family: FamilyId::from_uuid(self.family_id),
                expires_at,
            },
            role,
            note_use: is_unused || now.since(last_used_at) >= USE_NOTED_EVERY,
        })
    }
}

impl Storage {
    /// Whose the token that hashes to `token_hash` is, and its role in `document`, as
    /// [`Self::find_document_role`] says: in one question, asked whenever one is shown.
    pub async fn find_agent_token(
        &self,
        token_hash: &[u8; 32],
        document: Option<DocumentId>,
    ) -> Result<AgentToken, StorageError> {
        let row: Option<TokenRow> = read!(self, db => {
            sqlx::query_as(
                "select agents.id, users.name, agents.family_id, families.last_used_at,
                     families.expires_at as family_expires_at,
                     families.created_at as family_created_at,
                     coalesce(agents.revoked_at, families.revoked_at) as revoked_at,
                     users.disabled_at, members.role, documents.draft_of, proposals.status,
                     proposals.author
                 from agents
                 join users on users.id = agents.id
                 join families on families.id = agents.family_id
                 left join plans documents on documents.id = $2
                     and documents.deleted_at is null
                 left join plans parents on parents.id = documents.draft_of
                 left join members on members.user_id = agents.id
                     and members.plan_id = coalesce(documents.draft_of, documents.id)
                     and parents.deleted_at is null
                 left join proposals on proposals.id = documents.id
                 where agents.token_hash = $1",
            )
            .bind(token_hash.as_slice())
            .bind(document.map(|document| document.row().as_uuid()))
            .fetch_optional(db)
            .await?
        });
        row.map_or(Ok(AgentToken::Unknown), |row| {
            row.read(document, self.now())
        })
    }

    /// Notes that an agent shows its token now.
    pub async fn note_agent_use(&self, family: FamilyId) -> Result<(), StorageError> {
        let now = self.now();
        write_tx!(self, tx => {
            sqlx::query("update families set last_used_at = $1 where id = $2 and last_used_at < $1")
                .bind(now.as_micros())
                .bind(family.as_uuid())
                .execute(&mut *tx)
                .await?;
        });
        Ok(())
    }
}
