-- Full-text search: what people wrote in plans, a row a thing, and the index over it. The same tables as
-- in migrations/postgres, but for the index, which each engine has in its own way. All of it is made from
-- the journal and made again where it is missing, so a backup leaves it out.

-- How far the index of a plan goes. A plan without a row was never indexed.
create table search_state (
    plan_id  blob    not null constraint search_state_pk primary key
             constraint search_state_plan_exists references plans (id),
    -- Goes up with everything that is written for the plan: who wants to write what they worked out from
    -- another revision begins again.
    revision integer not null,
    -- Every row up to this one of this line of history is in the index; 0 while it was never whole.
    epoch    integer not null,
    seq      integer not null,
    -- In which form the entries are: a newer program that makes them in another way indexes again.
    form     integer not null
) strict;

-- What can be found: a row for each thing in which people write.
create table search_entries (
    -- The row of search_words.
    id           integer not null constraint search_entries_pk primary key,
    -- Not the plan itself, as on the other engine.
    plan_id      blob    not null constraint search_entries_plan_indexed
                 references search_state (plan_id),
    root         text    not null,
    -- Empty where the root holds one thing.
    entity_id    text    not null,
    -- As people wrote it, for excerpts.
    title        text    not null,
    body         text    not null,
    archived     integer not null,
    -- SHA-256 of the three above: an entry that is the same is not written again.
    content_hash blob    not null,
    constraint search_entries_once unique (plan_id, root, entity_id)
) strict;

-- The folded words of each entry: only the index over them, the texts are above. They come with blanks
-- between them, and whatever is not ASCII is part of a word. The plan's id is a word too, in lower-case
-- hex, so that a query need not look at the entries of other plans.
create virtual table search_words using fts5 (
    plan, title, body, content = '', contentless_delete = 1, tokenize = 'ascii'
);
