-- What version 2 of the journal has made of a new file, and some entries.
create table entry (
    id integer primary key,      -- in order of acceptance, given by the server, never used twice
    queue integer not null,      -- 0 inbox, 1 outbox
    state integer not null,      -- 0 pending, 1 done, 2 dead
    attempts integer not null,
    due_at integer not null,
    accepted_at integer not null,
    settled_at integer,
    conversation text not null,
    key text not null,
    reason text,
    body blob not null,
    unique (queue, key)
) strict;
create index unsettled on entry (state) where state <> 1;
create table tally (
    queue integer primary key,
    done integer not null,       -- how many entries are done
    purged_to integer not null   -- the highest id that was ever removed
) strict;
alter table entry add column open_attempts integer not null default 0;
alter table entry add column accepted_elapsed integer not null default 0;
alter table entry add column settled_elapsed integer;
create table journal_time (
    elapsed integer not null,    -- for how many milliseconds servers have run on this journal
    seen_at integer not null     -- what the wall clock showed when this was noted
) strict;
insert into entry (id, queue, state, attempts, open_attempts, due_at, accepted_at, settled_at, settled_elapsed,
    conversation, key, reason, body) values
    (1, 0, 1, 1, 0, 1699999990000, 1699999990000, 1699999995000, 5000, 'a', '1', null, x'31'),
    (2, 0, 0, 1, 1, 1699999990000, 1699999990000, null, null, 'a', '2', null, x'32'),
    (3, 0, 2, 1, 0, 1699999990000, 1699999990000, 1699999995000, 5000, 'b', '3', 'no', x'33'),
    (5, 0, 1, 1, 0, 1699999990000, 1699999990000, 1699999995000, 5000, 'a',
        'id' || char(31) || 'BAE6-3KQ2' || char(31) || 'app' || char(31) || 'a' || char(31) || 'u', null, x'00'),
    (6, 1, 0, 0, 0, 1699999990000, 1699999990000, null, null, 'a', '5.0', null, x'00');
insert into tally (queue, done, purged_to) values (0, 2, 4), (1, 0, 0);
insert into journal_time (elapsed, seen_at) values (10000, 1700000000000);
pragma application_id = 0x52436362;
pragma user_version = 2;
