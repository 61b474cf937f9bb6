BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO "_sqlx_migrations" VALUES(20260101000000,'foundation','2026-11-26 04:00:52',1,X'DC5D655B1B09E47D967871C26D6D52A31719026FEEA2657236957FAE5DD0E6E234D7B1A7C76FE61421E6123FA88485E6',1316882);
CREATE TABLE answers (
    user_id    blob   not null constraint answers_user_exists references users (id),
    method     text   not null,
    -- Chosen by the client.
    key        text   not null,
    -- JSON, as it was sent.
    answer     text   not null,
    created_at integer not null,
    constraint answers_pk primary key (user_id, method, key)
) strict;
CREATE TABLE client_ids (
    plan_id   blob   not null constraint client_ids_plan_exists references plans (id),
    -- Below 2^53, as JavaScript counts.
    client_id integer not null,
    user_id   blob   not null constraint client_ids_user_exists references users (id),
    constraint client_ids_pk primary key (plan_id, client_id)
) strict;
INSERT INTO "client_ids" VALUES(X'01A21603708974A2960F06E394D5F32A',3604300988,X'01A21603705276A5955A6E392911A79A');
CREATE TABLE families (
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
INSERT INTO "families" VALUES(X'01A21603706B7F4DAE44135B7CA4212E',X'01A21603705276A5955A6E392911A79A',1795665653867649,1800849653867645,NULL,1795665653867649,'node','127.0.0.1');
CREATE TABLE invites (
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
CREATE TABLE journal (
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
INSERT INTO "journal" VALUES(X'01A21603708974A2960F06E394D5F32A',1,1,X'01A2160370987FFE80687C5422AC0F2F',X'011CBC89D5B60D002801046D657461046E616D6501770E4F6C6420636F6E666572656E6365270105726F6F6D7304726F5F31012800BC89D5B60D0108617263686976656401792700BC89D5B60D01086665617475726573012800BC89D5B60D01026964017704726F5F312800BC89D5B60D01046E616D650177094D61696E2068616C6C2800BC89D5B60D010472616E6B01770156270108737065616B6572730473705F31012800BC89D5B60D0708617263686976656401792700BC89D5B60D070362696F020400BC89D5B60D0907436F756E74732E2800BC89D5B60D0702696401770473705F312800BC89D5B60D07046B696E640177036366702800BC89D5B60D07046E616D650177034164612800BC89D5B60D070472616E6B017701562800BC89D5B60D0706737461747573017709636F6E6669726D656427010873657373696F6E730473655F31012700BC89D5B60D16086162737472616374022800BC89D5B60D1608617263686976656401792800BC89D5B60D1602696401770473655F312800BC89D5B60D16046B696E6401770474616C6B2800BC89D5B60D16076D696E75746573017D1E2700BC89D5B60D16056E65656473012700BC89D5B60D160670656F706C65012800BC89D5B60D1D0473705F3101760104726F6C657707737065616B65722800BC89D5B60D160472616E6B017701562800BC89D5B60D1605737461746501770564726166742800BC89D5B60D16057469746C650177054B61666B6100',X'01A21603705276A5955A6E392911A79A','control',NULL,1795665653911706);
INSERT INTO "journal" VALUES(X'01A21603708974A2960F06E394D5F32A',2,1,X'01A21603709B7676B44CFEF51DB5B219',X'0101BC89D5B60D22A8BC89D5B60D1B017D1F01BC89D5B60D011B01',X'01A21603705276A5955A6E392911A79A','control',NULL,1795665653915624);
INSERT INTO "journal" VALUES(X'01A21603708974A2960F06E394D5F32A',3,1,X'01A21603709D7E4D8AA95EE92F546FD1',X'0101BC89D5B60D23A8BC89D5B60D22017D2001BC89D5B60D012201',X'01A21603705276A5955A6E392911A79A','control',NULL,1795665653917008);
INSERT INTO "journal" VALUES(X'01A21603708974A2960F06E394D5F32A',4,1,X'01A21603709E7CD2BE0EC5E345DA0EE2',X'0101BC89D5B60D24A8BC89D5B60D23017D2101BC89D5B60D012301',X'01A21603705276A5955A6E392911A79A','control',NULL,1795665653918371);
CREATE TABLE members (
    plan_id  blob   not null constraint members_plan_exists references plans (id),
    user_id  blob   not null constraint members_user_exists references users (id),
    role     text   not null constraint members_role_known
             check (role in ('owner', 'approver', 'editor', 'suggester', 'viewer')),
    added_at integer not null,
    constraint members_pk primary key (plan_id, user_id)
) strict;
INSERT INTO "members" VALUES(X'01A21603708974A2960F06E394D5F32A',X'01A21603705276A5955A6E392911A79A','owner',1795665653897481);
CREATE TABLE plans (
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
INSERT INTO "plans" VALUES(X'01A21603708974A2960F06E394D5F32A','From before',X'01A21603705276A5955A6E392911A79A',1795665653897481,1795665653918432,NULL,4,1,1,0);
CREATE TABLE quarantine (
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
CREATE TABLE refresh_tokens (
    -- SHA-256 of the token: who reads the database cannot sign in with it.
    token_hash  blob   not null constraint refresh_tokens_pk primary key,
    family_id   blob   not null constraint refresh_tokens_family_exists
                references families (id) on delete cascade,
    -- Set once; a token without it is the one that may be shown next.
    used_at     integer,
    -- The token issued in its place: tells the immediately preceding token from older ones.
    replaced_by blob
) strict;
INSERT INTO "refresh_tokens" VALUES(X'587FCFA6549199554969EC87B92C1291E4E34E09D608E7AB40639F1566DE621D',X'01A21603706B7F4DAE44135B7CA4212E',NULL,NULL);
CREATE TABLE snapshots (
    plan_id     blob   not null constraint snapshots_pk primary key
                constraint snapshots_plan_exists references plans (id),
    -- Includes every row up to this one.
    seq         integer not null,
    epoch       integer not null,
    -- A full update in Yjs's first encoding.
    state_bytes blob   not null,
    created_at  integer not null
) strict;
CREATE TABLE users (
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
INSERT INTO "users" VALUES(X'01A21603705276A5955A6E392911A79A','olga@example.org','Olga','$argon2id$v=19$m=19456,t=2,p=1$kgfpcmtiE3GVWO+hnVsJ5A$oncFsSaLWNcpn1ojXK1t3xSmM71/B1hsqwfGdmuGMXU',1795665653866335,NULL);
CREATE INDEX families_of_user on families (user_id);
CREATE INDEX families_by_end on families (expires_at);
CREATE INDEX refresh_tokens_of_family on refresh_tokens (family_id);
CREATE INDEX members_of_user on members (user_id);
CREATE UNIQUE INDEX journal_of_append on journal (append_id, seq);
CREATE INDEX answers_by_age on answers (created_at);
DELETE FROM "sqlite_sequence";
COMMIT;
