-- What is kept of plans beside their documents: the audit, named versions, releases, the outbox,
-- dismissed findings and invitations. The same tables as in migrations/sqlite.

-- Set instead of removing the plan from its members: it is left out of lists until it is brought back.
alter table plans add column archived_at bigint;
-- The row that holds everything before it: the whole journal is read from there on. Moved by squashing.
alter table plans add column base_seq bigint not null default 0;

-- Append-only, one chain for each plan and one for the server: every entry's hash covers the hash of the
-- entry before, so that nothing can be changed or taken out unnoticed.
create table audit (
    -- The plan; all zero for what is about the server.
    chain_id   uuid    not null,
    -- Position in the chain, from 1, without holes.
    seq        bigint not null,
    created_at bigint not null,
    -- The account; none for the operator and for the server itself. No foreign key: the chain is whole
    -- without any other table.
    actor      uuid,
    -- What was done, for example member.set_role.
    verb       text    not null,
    -- JSON: to what, and the values before and after.
    detail     text    not null,
    -- SHA-256 of this entry and the hash before, see src/storage/audit/chain.rs.
    hash       bytea   not null,
    constraint audit_pk primary key (chain_id, seq)
);

-- The end of every chain: entries that are cut off at the end are missed too.
create table audit_heads (
    chain_id uuid    not null constraint audit_heads_pk primary key,
    seq      bigint not null,
    hash     bytea   not null
);

-- Points in a plan's history that somebody gave a name.
create table versions (
    plan_id    uuid    not null constraint versions_plan_exists references plans (id),
    -- Everything up to this row.
    seq        bigint not null,
    name       text    not null,
    named_by   uuid    not null constraint versions_user_exists references users (id),
    created_at bigint not null,
    -- One name a point; naming it again renames it.
    constraint versions_pk primary key (plan_id, seq)
);

-- Published versions: frozen for good.
create table releases (
    plan_id      uuid    not null constraint releases_plan_exists references plans (id),
    -- From 1, without holes.
    number       bigint not null,
    name         text    not null,
    -- What the publisher says of it; may be empty.
    note         text    not null,
    -- Everything up to this row is in it, maybe more.
    seq          bigint not null,
    -- Canonical plan.json.
    content      text    not null,
    -- JSON: what is different from the release before, for the public.
    changelog    text    not null,
    published_by uuid    not null constraint releases_user_exists references users (id),
    created_at   bigint not null,
    constraint releases_pk primary key (plan_id, number)
);

-- Drafts of what would leave the building. The server sends nothing: somebody does, and marks it.
create table outbox (
    id         uuid    not null constraint outbox_pk primary key,
    plan_id    uuid    not null constraint outbox_plan_exists references plans (id),
    -- Why there is one, for example schedule.changed.
    kind       text    not null,
    -- JSON: whom it is for, and what it is about.
    recipient  text    not null,
    subject    text    not null,
    body       text    not null,
    created_at bigint not null,
    sent_at    bigint,
    sent_by    uuid    constraint outbox_user_exists references users (id)
);
create index outbox_of_plan on outbox (plan_id, created_at);

-- Findings that somebody has looked at and put aside.
create table dismissals (
    plan_id      uuid    not null constraint dismissals_plan_exists references plans (id),
    -- The finding's key.
    key          text    not null,
    reason       text    not null,
    -- Counts again from then on; none for good.
    until        bigint,
    dismissed_by uuid    not null constraint dismissals_user_exists references users (id),
    created_at   bigint not null,
    constraint dismissals_pk primary key (plan_id, key)
);

-- Invitations into plans.
create table plan_invites (
    id         uuid    not null constraint plan_invites_pk primary key,
    plan_id    uuid    not null constraint plan_invites_plan_exists references plans (id),
    -- SHA-256 of the code: who reads the database cannot join with it.
    code_hash  bytea   not null constraint plan_invites_code_unique unique,
    role       text    not null constraint plan_invites_role_known
               check (role in ('owner', 'approver', 'editor', 'suggester', 'viewer')),
    -- When set, the invitation is good for this account's address only.
    email      text,
    invited_by uuid    not null constraint plan_invites_user_exists references users (id),
    created_at bigint not null,
    expires_at bigint not null,
    -- An invitation is good once.
    used_at    bigint,
    used_by    uuid    constraint plan_invites_used_by_exists references users (id)
);
create index plan_invites_of_plan on plan_invites (plan_id);
