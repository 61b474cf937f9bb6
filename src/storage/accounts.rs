//! Accounts and invitations to register.

use std::collections::HashMap;

use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::chain::Chain;
use super::audit::{Act, Verb, record};
use super::database::{Database, Storage, read, read_tx, write_tx};
use super::error::StorageError;
use crate::auth::principal::PrincipalKind;
use crate::clock::Timestamp;
use crate::ids::{InviteId, UserId};

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Trimmed and lower-cased.
    pub email: String,
    /// What other peers see.
    pub name: String,
    /// The whole argon2id string.
    pub password_hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is locked.
    pub disabled_at: Option<Timestamp>,
    /// What it is: an agent has an account too, and no password.
    pub kind: PrincipalKind,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// As typed; it is stored by [`canonical_email`].
    pub email: String,
    /// What other peers see.
    pub name: String,
    /// The whole argon2id string.
    pub password_hash: String,
}

/// An invitation to be made.
#[derive(Debug, Clone)]
pub struct NewInvite {
    /// Its id.
    pub id: InviteId,
    /// SHA-256 of the code.
    pub code_hash: [u8; 32],
    /// The only address it is good for, if it is for one.
    pub email: Option<String>,
    /// When it stops counting.
    pub expires_at: Timestamp,
}

/// What became of a registration with an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvitedUser {
    /// The account is made and the invitation used.
    Inserted(User),
    /// Another account has the address; the invitation stays good.
    EmailTaken,
    /// The invitation is unknown, used, too old, or for another address.
    InviteUnusable,
}

/// The one spelling of an address under which an account is found.
pub fn canonical_email(email: &str) -> String {
    email.trim().to_lowercase()
}

#[derive(FromRow)]
struct UserRow {
    id: Uuid,
    email: String,
    name: String,
    password_hash: String,
    created_at: i64,
    disabled_at: Option<i64>,
    kind: String,
}

impl UserRow {
    fn read(self) -> Result<User, StorageError> {
        Ok(User {
            id: UserId::from_uuid(self.id),
            email: self.email,
            name: self.name,
            password_hash: self.password_hash,
            created_at: Timestamp::from_micros(self.created_at),
            disabled_at: self.disabled_at.map(Timestamp::from_micros),
            kind: self.kind.parse().map_err(StorageError::corrupt)?,
        })
    }
}

/// The account with the canonical address `$email`, or none if another account has it.
macro_rules! insert_user {
    ($tx:expr, $user:expr, $email:expr, $now:expr) => {
        sqlx::query_as::<_, UserRow>(
            "insert into users (id, email, name, password_hash, created_at)
             values ($1, $2, $3, $4, $5)
             on conflict (email) do nothing
             returning id, email, name, password_hash, created_at, disabled_at, kind",
        )
        .bind($user.id.as_uuid())
        .bind($email)
        .bind(&$user.name)
        .bind(&$user.password_hash)
        .bind($now.as_micros())
        .fetch_optional(&mut *$tx)
        .await?
        .map(UserRow::read)
        .transpose()?
    };
}

fn registered(user: UserId) -> Act {
    about_account(Some(user), Verb::AccountRegistered, user)
}

fn about_account(actor: Option<UserId>, verb: Verb, user: UserId) -> Act {
    Act {
        actor,
        verb,
        detail: json!({"user": user.to_string()}),
    }
}

impl Storage {
    /// Makes an account. None when another account has the address.
    pub async fn insert_user(&self, user: &NewUser) -> Result<Option<User>, StorageError> {
        let (email, now) = (canonical_email(&user.email), self.now());
        let inserted = write_tx!(self, tx => {
            let inserted = insert_user!(tx, user, &email, now);
            if inserted.is_some() {
                record!(tx, Chain::Server, &registered(user.id), now);
            }
            inserted
        });
        Ok(inserted)
    }

    /// Makes an account with the invitation whose code hashes to `code_hash`, which is then used.
    pub async fn insert_invited_user(
        &self,
        user: &NewUser,
        code_hash: &[u8; 32],
    ) -> Result<InvitedUser, StorageError> {
        let (email, now) = (canonical_email(&user.email), self.now());
        let inserted = write_tx!(self, tx => {
            let invitation: Option<(Uuid,)> = sqlx::query_as(
                "update invites
                 set used_at = $1
                 where code_hash = $2
                   and used_at is null
                   and expires_at > $1
                   and (email is null or email = $3)
                 returning id",
            )
            .bind(now.as_micros())
            .bind(code_hash.as_slice())
            .bind(&email)
            .fetch_optional(&mut *tx)
            .await?;
            if invitation.is_none() {
                return Ok(InvitedUser::InviteUnusable);
            }
            match insert_user!(tx, user, &email, now) {
                Some(inserted) => {
                    record!(tx, Chain::Server, &registered(user.id), now);
                    InvitedUser::Inserted(inserted)
                }
                None => return Ok(InvitedUser::EmailTaken),
            }
        });
        Ok(inserted)
    }

    /// The account with this address, however it is spelled.
    pub async fn find_user_by_email(&self, email: &str) -> Result<Option<User>, StorageError> {
        let email = canonical_email(email);
        if email.contains('\0') {
            // PostgreSQL has no such texts and would call the question itself a mistake.
            return Ok(None);
        }
        let row: Option<UserRow> = read!(self, db => {
            sqlx::query_as(
                "select id, email, name, password_hash, created_at, disabled_at, kind
                 from users
                 where email = $1",
            )
            .bind(&email)
            .fetch_optional(db)
            .await?
        });
        row.map(UserRow::read).transpose()
    }

    /// The account with this id.
    pub async fn find_user(&self, user: UserId) -> Result<Option<User>, StorageError> {
        let row: Option<UserRow> = read!(self, db => {
            sqlx::query_as(
                "select id, email, name, password_hash, created_at, disabled_at, kind
                 from users
                 where id = $1",
            )
            .bind(user.as_uuid())
            .fetch_optional(db)
            .await?
        });
        row.map(UserRow::read).transpose()
    }

    /// Whether there is any account, locked or not.
    pub async fn has_users(&self) -> Result<bool, StorageError> {
        let (found,): (bool,) = read!(self, db => {
            sqlx::query_as("select exists (select 1 from users)").fetch_one(db).await?
        });
        Ok(found)
    }

    /// The names of accounts, as far as they are there.
    pub async fn names_of(
        &self,
        users: &[UserId],
    ) -> Result<HashMap<UserId, String>, StorageError> {
        let rows: Vec<(Uuid, String)> = match &self.database {
            Database::Sqlite { .. } => read_tx!(self, tx => {
                let mut rows = Vec::with_capacity(users.len());
                for user in users {
                    let row = sqlx::query_as("select id, name from users where id = $1")
                        .bind(user.as_uuid())
                        .fetch_optional(&mut *tx)
                        .await?;
                    rows.extend(row);
                }
                rows
            }),
            Database::Postgres(pool) => {
                let ids: Vec<Uuid> = users.iter().map(|user| user.as_uuid()).collect();
                sqlx::query_as("select id, name from users where id = any($1)")
                    .bind(ids)
                    .fetch_all(pool)
                    .await?
            }
        };
        let rows = rows.into_iter();
        Ok(rows
            .map(|(user, name)| (UserId::from_uuid(user), name))
            .collect())
    }

    /// Sets another password and revokes every sign-in of the account. False when there is no such
    /// account, or it is an agent's.
    pub async fn replace_password(
        &self,
        user: UserId,
        password_hash: &str,
    ) -> Result<bool, StorageError> {
        let now = self.now();
        write_tx!(self, tx => {
            sqlx::query("update families set revoked_at = $1 where user_id = $2 and revoked_at is null")
                .bind(now.as_micros())
                .bind(user.as_uuid())
                .execute(&mut *tx)
                .await?;
            let replaced = sqlx::query(
                "update users set password_hash = $1 where id = $2 and kind = 'person'",
            )
            .bind(password_hash)
            .bind(user.as_uuid())
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if replaced == 0 {
                return Ok(false);
            }
            let act = about_account(None, Verb::PasswordReset, user);
            record!(tx, Chain::Server, &act, now);
        });
        Ok(true)
    }

    /// Keeps a password's hash made anew with today's parameters; sign-ins stay. Nothing happens
    /// when the password was changed since `old_hash` was read.
    pub async fn rehash_password(
        &self,
        user: UserId,
        old_hash: &str,
        new_hash: &str,
    ) -> Result<(), StorageError> {
        write_tx!(self, tx => {
            sqlx::query("update users set password_hash = $1 where id = $2 and password_hash = $3")
                .bind(new_hash)
                .bind(user.as_uuid())
                .bind(old_hash)
                .execute(&mut *tx)
                .await?;
        });
        Ok(())
    }

    /// Keeps an invitation.
    pub async fn insert_invite(&self, invite: &NewInvite) -> Result<(), StorageError> {
        let now = self.now();
        let email = invite.email.as_deref().map(canonical_email);
        write_tx!(self, tx => {
            sqlx::query(
                "insert into invites (id, code_hash, email, created_at, expires_at)
                 values ($1, $2, $3, $4, $5)",
            )
            .bind(invite.id.as_uuid())
            .bind(invite.code_hash.as_slice())
            .bind(email.as_deref())
            .bind(now.as_micros())
            .bind(invite.expires_at.as_micros())
            .execute(&mut *tx)
            .await?;
            let act = Act {
                actor: None,
                verb: Verb::InviteMade,
                // Whose address it is good for is nobody's business who reads the audit.
                detail: json!({"for_one_address": email.is_some()}),
            };
            record!(tx, Chain::Server, &act, now);
        });
        Ok(())
    }
}
