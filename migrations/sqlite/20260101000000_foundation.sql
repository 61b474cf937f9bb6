-- Accounts, sign-ins, plans and the journal. The same tables as in migrations/postgres, in the types
-- of this engine. Migrations only go forward. Every time is in microseconds since 1970 (UTC):
-- integers compare and sort alike on both engines, texts of times do not.

-- One row per person who may sign in.
create table users (
    id            blob   not null constraint users_pk primary key,
    -- Trimmed and lower-cased, so that one mailbox is one account.
    email         text   not null constraint users_email_unique unique,
    -- Shown to other peers.
    name          text   not null,
    -- The whole argon2id string with its parameters, so that they can be raised later.
    password_hash text   not null,
    created_at    integer not null,
    -- Set when an operator locks the account; its sign-ins then no longer count.
    disabled_at   integer
) strict;

-- Invitations to register, for servers that are not open to everybody.
create table invites (
    id         blob   not null constraint invites_pk primary key,
    -- SHA-256 of the code: who reads the database cannot register with it.
    code_hash  blob   not null constraint invites_code_unique unique,
    -- When set, the invitation is good for this address only.
    email      text,
    created_at integer not null,
    expires_at integer not null,
    -- An invitation is good once.
    used_at    integer
) strict;

-- One row per sign-in: the family of refresh tokens that descend from one login.
create table families (
    id           blob   not null constraint families_pk primary key,
    user_id      blob   not null constraint families_user_exists references users (id),
    created_at   integer not null,
    -- Absolute: refreshing never moves it.
    expires_at   integer not null,
    -- Set by logging out, by a changed password, or when a used token is shown again.
    revoked_at   integer,
    -- When a token of the family was last shown; for the list of one's sign-ins.
    last_used_at integer not null,
    -- What the browser called itself and where it came from; for the list of one's sign-ins.
    user_agent   text,
    address      text
) strict;
create index families_of_user on families (user_id);
create index families_by_end on families (expires_at);

-- Every refresh token ever issued in a family that still counts: a used one that is shown again
-- tells of a theft.
create table refresh_tokens (
    -- SHA-256 of the token: who reads the database cannot sign in with it.
    token_hash  blob   not null constraint refresh_tokens_pk primary key,
    family_id   blob   not null constraint refresh_tokens_family_exists
                references families (id) on delete cascade,
    -- Set once; a token without it is the one that may be shown next.
    used_at     integer,
    -- The token issued in its place: tells the immediately preceding token from older ones.
    replaced_by blob
) strict;
create index refresh_tokens_of_family on refresh_tokens (family_id);

-- One row per plan: one document with members.
create table plans (
    id             blob   not null constraint plans_pk primary key,
    name           text   not null,
    created_by     blob   not null constraint plans_creator_exists references users (id),
    created_at     integer not null,
    -- Last change of the document, the name or the members; the list of plans sorts by it.
    updated_at     integer not null,
    -- Set instead of removing the row: the history of a deleted plan stays.
    deleted_at     integer,
    -- Sequence number of the last journal row; bumped in the transaction that inserts the rows, so
    -- that a plan's sequence has no holes and becomes visible in order.
    head           integer not null default 0,
    -- Which line of history this is: an append meant for another one is refused.
    epoch          integer not null default 1,
    -- Bumped whenever a role changes: nodes compare it to find sessions whose rights have changed.
    access_version integer not null default 1,
    -- Up to which row the stored snapshot reaches: an older snapshot never replaces a newer one.
    snapshot_seq   integer not null default 0
) strict;

-- Who may do what in which plan.
create table members (
    plan_id  blob   not null constraint members_plan_exists references plans (id),
    user_id  blob   not null constraint members_user_exists references users (id),
    role     text   not null constraint members_role_known
             check (role in ('owner', 'approver', 'editor', 'suggester', 'viewer')),
    added_at integer not null,
    constraint members_pk primary key (plan_id, user_id)
) strict;
create index members_of_user on members (user_id);

-- Every update of every plan, in order. Rows are never changed and never trimmed.
create table journal (
    plan_id       blob   not null constraint journal_plan_exists references plans (id),
    -- Position in the plan, from 1, without holes.
    seq           integer not null,
    -- The line of history it was written in.
    epoch         integer not null,
    -- Which append wrote it: looked up when the outcome of a commit is unknown.
    append_id     blob   not null,
    -- An update in Yjs's first encoding, as the document library of this server emitted it.
    update_bytes  blob   not null,
    -- Who made it; none for what the server itself wrote.
    author        blob   constraint journal_author_exists references users (id),
    -- Where it came from: session, import, restore or epoch.
    origin        text   not null,
    -- Which one, for example the id of the session.
    origin_detail text,
    -- When the server took it.
    created_at    integer not null,
    constraint journal_pk primary key (plan_id, seq)
) strict;
create unique index journal_of_append on journal (append_id, seq);

-- A client id belongs to one user of a plan for good: two users behind one client id would make
-- replicas differ for ever with nobody noticing.
create table client_ids (
    plan_id   blob   not null constraint client_ids_plan_exists references plans (id),
    -- Below 2^53, as JavaScript counts.
    client_id integer not null,
    user_id   blob   not null constraint client_ids_user_exists references users (id),
    constraint client_ids_pk primary key (plan_id, client_id)
) strict;

-- The merged state of a plan up to a row, so that loading need not read the whole journal.
create table snapshots (
    plan_id     blob   not null constraint snapshots_pk primary key
                constraint snapshots_plan_exists references plans (id),
    -- Includes every row up to this one.
    seq         integer not null,
    epoch       integer not null,
    -- A full update in Yjs's first encoding.
    state_bytes blob   not null,
    created_at  integer not null
) strict;

-- Updates that broke a replica, kept for those who find out why.
create table quarantine (
    id            integer not null constraint quarantine_pk primary key autoincrement,
    plan_id       blob   not null constraint quarantine_plan_exists references plans (id),
    epoch         integer not null,
    -- The journal row, when it had become one.
    seq           integer,
    update_bytes  blob   not null,
    author        blob,
    origin        text   not null,
    origin_detail text,
    -- What happened, for the operator.
    reason        text   not null,
    created_at    integer not null,
    -- A row that breaks every load is reported once.
    constraint quarantine_row_once unique (plan_id, seq)
) strict;

-- Answers to changing requests, so that a repeated request is answered and not done again.
create table answers (
    user_id    blob   not null constraint answers_user_exists references users (id),
    method     text   not null,
    -- Chosen by the client.
    key        text   not null,
    -- JSON, as it was sent.
    answer     text   not null,
    created_at integer not null,
    constraint answers_pk primary key (user_id, method, key)
) strict;
create index answers_by_age on answers (created_at);
