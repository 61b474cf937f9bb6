//! Who may do what in a document: in a plan its members by their roles, in a draft the members of its plan
//! by what their roles are worth there. A draft has no members of its own, and is gone with its plan.

use std::collections::HashMap;

use sqlx::FromRow;
use uuid::Uuid;

use super::database::{Storage, read};
use super::error::StorageError;
use super::members::parse_role;
use crate::auth::access::{DraftStanding, Role};
use crate::auth::principal::Principal;
use crate::ids::{DocumentId, PlanId, UserId};

/// What is read of one account and one document.
#[derive(FromRow)]
pub(super) struct DocumentRole {
    pub(super) user_id: Uuid,
    pub(super) role: String,
    pub(super) draft_of: Option<Uuid>,
    pub(super) status: Option<String>,
    pub(super) author: Option<Uuid>,
}

impl DocumentRole {
    /// The role, if this is the document that was asked for: a draft is one of its own plan alone.
    pub(super) fn of(self, document: DocumentId) -> Result<Option<Role>, StorageError> {
        let is_asked_for = match document {
            DocumentId::Plan(_) => self.draft_of.is_none(),
            DocumentId::Draft { plan, .. } => self.draft_of == Some(plan.as_uuid()),
        };
        is_asked_for.then(|| self.role()).transpose()
    }

    fn role(&self) -> Result<Role, StorageError> {
        let role = parse_role(&self.role)?;
        if self.draft_of.is_none() {
            return Ok(role);
        }
        let is_worked_on = matches!(
            self.status.as_deref(),
            Some("drafting" | "submitted" | "changes_requested")
        );
        Ok(role.in_draft(if !is_worked_on {
            DraftStanding::Settled
        } else if self.author == Some(self.user_id) {
            DraftStanding::Own
        } else {
            DraftStanding::Open
        }))
    }
}

/// Everybody who may open the document `$1`, with what decides their role.
macro_rules! document_roles {
    () => {
        "select members.user_id, members.role, documents.draft_of, proposals.status, proposals.author
         from plans documents
         join members on members.plan_id = coalesce(documents.draft_of, documents.id)
         left join plans parents on parents.id = documents.draft_of
         left join proposals on proposals.id = documents.id
         where documents.id = $1
           and documents.deleted_at is null
           and parents.deleted_at is null"
    };
}

#[derive(FromRow)]
struct Access {
    live: i64,
    user_id: Option<Uuid>,
    role: Option<String>,
    draft_of: Option<Uuid>,
    status: Option<String>,
    author: Option<Uuid>,
}

impl Access {
    fn role(self) -> Option<DocumentRole> {
        Some(DocumentRole {
            user_id: self.user_id?,
            role: self.role?,
            draft_of: self.draft_of,
            status: self.status,
            author: self.author,
        })
    }
}

impl Storage {
    /// The role of `user` in `document`: of a draft what its role in the plan is worth there. None when the
    /// document is not there, is no draft of that plan, or `user` is no member of the plan.
    pub async fn find_document_role(
        &self,
        document: DocumentId,
        user: UserId,
    ) -> Result<Option<Role>, StorageError> {
        let row: Option<DocumentRole> = read!(self, db => {
            sqlx::query_as(concat!(document_roles!(), " and members.user_id = $2"))
                .bind(document.row().as_uuid())
                .bind(user.as_uuid())
                .fetch_optional(db)
                .await?
        });
        row.map_or(Ok(None), |row| row.of(document))
    }

    /// Everybody's role in the document of the room `row`, a plan or a draft; empty when it is gone.
    pub async fn roles_in_document(
        &self,
        row: PlanId,
    ) -> Result<HashMap<UserId, Role>, StorageError> {
        let rows: Vec<DocumentRole> = read!(self, db => {
            sqlx::query_as(document_roles!())
                .bind(row.as_uuid())
                .fetch_all(db)
                .await?
        });
        rows.into_iter()
            .map(|row| Ok((UserId::from_uuid(row.user_id), row.role()?)))
            .collect()
    }

    /// Whether the principal's sign-in still counts, and its role in `document` as
    /// [`Self::find_document_role`] says: in one question, since everybody who opens a document asks both.
    pub async fn find_access(
        &self,
        principal: &Principal,
        document: DocumentId,
    ) -> Result<(bool, Option<Role>), StorageError> {
        let now = self.now();
        let access: Access = read!(self, db => {
            sqlx::query_as(concat!(
                "select
                     (select count(*)
                      from families
                      join users on users.id = families.user_id
                      where families.id = $3
                        and families.revoked_at is null
                        and families.expires_at > $4
                        and users.disabled_at is null) as live,
                     roles.user_id, roles.role, roles.draft_of, roles.status, roles.author
                 from (select 1 as one) one
                 left join (",
                document_roles!(),
                " and members.user_id = $2) roles on 1 = 1"
            ))
            .bind(document.row().as_uuid())
            .bind(principal.user.as_uuid())
            .bind(principal.family.as_uuid())
            .bind(now.as_micros())
            .fetch_one(db)
            .await?
        });
        let is_live = access.live > 0;
        let role = access.role().map_or(Ok(None), |row| row.of(document))?;
        Ok((is_live, role))
    }
}
