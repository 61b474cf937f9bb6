-- Full-text search: what people wrote in plans, a row a thing, and the index over it. The same tables as
-- in migrations/sqlite, but for the index, which each engine has in its own way. All of it is made from
-- the journal and made again where it is missing, so a backup leaves it out.

-- How far the index of a plan goes. A plan without a row was never indexed.
create table search_state (
    plan_id  uuid   not null constraint search_state_pk primary key
             constraint search_state_plan_exists references plans (id),
    -- Goes up with everything that is written for the plan: who wants to write what they worked out from
    -- another revision begins again.
    revision bigint not null,
    -- Every row up to this one of this line of history is in the index; 0 while it was never whole.
    epoch    bigint not null,
    seq      bigint not null,
    -- In which form the entries are: a newer program that makes them in another way indexes again.
    form     bigint not null
);

-- What can be found: a row for each thing in which people write.
create table search_entries (
    -- Not the plan itself, whose row is locked by every edit.
    plan_id      uuid    not null constraint search_entries_plan_indexed
                 references search_state (plan_id),
    root         text    not null,
    -- Empty where the root holds one thing.
    entity_id    text    not null,
    -- As people wrote it, for excerpts.
    title        text    not null,
    body         text    not null,
    archived     boolean not null,
    -- SHA-256 of the three above: an entry that is the same is not written again.
    content_hash bytea   not null,
    -- The folded words with their places: those of the title have weight A, those of the body D.
    words        tsvector not null,
    constraint search_entries_pk primary key (plan_id, root, entity_id)
);
create index search_entries_by_word on search_entries using gin (words);
