-- Agents, and what anybody proposes: drafts, their revisions change by change, decisions and gates. The
-- same tables as in migrations/postgres.

-- An agent has an account like a person, but no password; it only ever proposes.
alter table users add column kind text not null default 'person'
    constraint users_kind_known check (kind in ('person', 'agent'));
-- The plan that this document is a draft of. A draft has no members of its own. Checked at the end of a
-- transaction: a backup is read in no order.
alter table plans add column draft_of blob constraint plans_draft_of_exists references plans (id)
    deferrable initially deferred;
create index plans_by_draft on plans (draft_of) where draft_of is not null;
-- Goes up with everything that happens to the plan's proposals and gates: who follows them compares it.
alter table plans add column proposals_version integer not null default 0;

-- What an agent may do, and by which token it is known.
create table agents (
    -- Its account.
    id         blob    not null constraint agents_pk primary key
               constraint agents_user_exists references users (id),
    -- The only plan it has to do with.
    plan_id    blob    not null constraint agents_plan_exists references plans (id),
    -- SHA-256 of the token: who reads the database cannot act as the agent.
    token_hash blob    not null constraint agents_token_unique unique,
    -- Its sign-in: revoking that ends its sockets on every node.
    family_id  blob    not null constraint agents_family_exists references families (id),
    -- JSON: the beginnings of the paths it may propose changes at; empty for all.
    paths      text    not null,
    -- How many proposals of it may be open at a time.
    open_max   integer not null,
    -- The owner who made it, on whose behalf it acts.
    made_by    blob    not null constraint agents_maker_exists references users (id),
    created_at integer not null,
    expires_at integer not null,
    revoked_at integer
) strict;
create index agents_of_plan on agents (plan_id);

-- One row per proposal; its draft is the document with the same id.
create table proposals (
    id           blob    not null constraint proposals_pk primary key
                 constraint proposals_draft_exists references plans (id),
    plan_id      blob    not null constraint proposals_plan_exists references plans (id),
    author       blob    not null constraint proposals_author_exists references users (id),
    -- For whom an agent acts.
    on_behalf_of blob    constraint proposals_principal_exists references users (id),
    title        text    not null,
    rationale    text    not null,
    -- JSON: risk, confidence, citations, what it read, which finding it answers.
    about        text    not null,
    -- The finding it answers: one open proposal each.
    finding      text,
    status       text    not null constraint proposals_status_known
                 check (status in ('drafting', 'submitted', 'changes_requested', 'approved',
                     'partly_approved', 'rejected', 'withdrawn', 'superseded', 'expired', 'undone')),
    -- The last submitted one, from 1; 0 before.
    revision     integer not null default 0,
    -- Goes up with every change of this row or of what hangs on it: two who decide at once do not both.
    version      integer not null default 1,
    -- The draft's last row when it was submitted: a later one makes what was submitted stale.
    draft_seq    integer not null default 0,
    -- Up to which row of the plan the draft's beginning is.
    base_seq     integer not null,
    base_epoch   integer not null,
    -- The plan as it was there, as plan.json.
    base         text    not null,
    -- SHA-256 over the changes of the last revision and what they rely on: what was rejected is known again.
    fingerprint  text,
    -- What was last said to the author.
    reason       text,
    supersedes   blob,
    -- The plan's proposals_version when this last changed.
    touched      integer not null,
    -- Who is deciding right now, and until when nobody else may begin.
    deciding_by    blob,
    deciding_until integer,
    created_at   integer not null,
    updated_at   integer not null,
    expires_at   integer not null
) strict;
create index proposals_of_plan on proposals (plan_id, touched);
create index proposals_by_end on proposals (expires_at)
    where status in ('drafting', 'submitted', 'changes_requested');

-- The changes of every submitted revision.
create table proposal_changes (
    proposal_id blob    not null constraint proposal_changes_proposal_exists
                references proposals (id),
    revision    integer not null,
    -- From 1.
    no          integer not null,
    -- JSON: operation, path, before, after, what it depends on.
    change      text    not null,
    state       text    not null constraint proposal_changes_state_known
                check (state in ('open', 'accepted', 'rejected', 'undone')),
    -- Who wrote it, if that was not the author.
    edited_by   blob,
    -- JSON: what really changed when it was accepted, for undoing it.
    took        text,
    settled_by  blob,
    settled_at  integer,
    -- The row of the plan that it became.
    settled_seq integer,
    constraint proposal_changes_pk primary key (proposal_id, revision, no)
) strict;

-- Every decision there was; append-only.
create table decisions (
    proposal_id blob    not null constraint decisions_proposal_exists references proposals (id),
    -- From 1, without holes.
    seq         integer not null,
    revision    integer not null,
    -- JSON: the numbers of the changes it is about, each with the hash of what was shown.
    changes     text    not null,
    decided_by  blob    not null constraint decisions_user_exists references users (id),
    verdict     text    not null constraint decisions_verdict_known
                check (verdict in ('approve', 'reject', 'request_changes', 'undo')),
    reason      text    not null,
    -- The row of the plan that it became, if it became one.
    plan_seq    integer,
    created_at  integer not null,
    constraint decisions_pk primary key (proposal_id, seq)
) strict;

-- What needs more than one editor's word: about a change of a proposal, about a value that the plan claims,
-- or about publishing.
create table gates (
    id           blob    not null constraint gates_pk primary key,
    plan_id      blob    not null constraint gates_plan_exists references plans (id),
    kind         text    not null,
    -- What it is about, one open gate each: a path, or a proposal's change.
    subject      text    not null,
    say          text    not null,
    -- JSON: paths and the values that are approved at them.
    frozen       text    not null,
    needs        integer not null,
    -- How many of those who approve must be owners.
    needs_owners integer not null,
    proposal_id  blob,
    change_no    integer,
    status       text    not null constraint gates_status_known
                 check (status in ('pending', 'approved', 'rejected', 'void')),
    requested_by blob    not null constraint gates_user_exists references users (id),
    -- The plan's proposals_version when this last changed.
    touched      integer not null,
    created_at   integer not null,
    updated_at   integer not null
) strict;
create index gates_of_plan on gates (plan_id, status);

-- Who approved what was shown, or rejected it; an approval counts for what it was given for only.
create table gate_approvals (
    gate_id    blob    not null constraint gate_approvals_gate_exists references gates (id),
    given_by   blob    not null constraint gate_approvals_user_exists references users (id),
    verdict    text    not null constraint gate_approvals_verdict_known
               check (verdict in ('approve', 'reject')),
    -- SHA-256 over what was shown.
    shown_hash text    not null,
    reason     text    not null,
    created_at integer not null,
    constraint gate_approvals_pk primary key (gate_id, given_by)
) strict;
