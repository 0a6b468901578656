-- The tables of version 2 of the journal in PostgreSQL, as the program of that version made them, with some entries.
create schema rongcloud_callback;
set search_path = rongcloud_callback;
create table version (version integer not null);
insert into version values (2);
create sequence entry_id;
create table entry (
    id bigint primary key,       -- in order of acceptance, never used twice
    queue smallint not null,     -- 0 inbox, 1 outbox
    state smallint not null,     -- 0 pending, 1 done, 2 dead
    attempts integer not null,
    due_at bigint not null,      -- this and all times: milliseconds since 1970
    accepted_at bigint not null,
    settled_at bigint,
    key_digest bytea not null,
    line bytea not null,         -- the conversation's digest
    conversation bytea not null,
    key bytea not null,
    reason bytea,
    body bytea not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
create unique index entry_key on entry (queue, key_digest);
-- These two hold the backlog and the dead letters only, however long the history is.
create index entry_pending on entry (queue, line, id) where state = 0;
create index entry_dead on entry (id) where state = 2;

-- One row for each conversation that has pending entries: what is locked and leased.
create sequence fence;
create table conversation (
    queue smallint not null,
    line bytea not null,
    head bigint,                 -- its first pending entry; null while only its lease is left
    due_at bigint,               -- when that is due
    held bigint,                 -- the entry that is leased
    holder bigint,               -- to which replica
    fence bigint not null default 0,
    lease_until bigint,
    ready_at bigint generated always as (greatest(due_at, lease_until)) stored,
    primary key (queue, line)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0);
create index conversation_ready on conversation (queue, ready_at, head);
create index conversation_head on conversation (queue, head);

-- How much there is: one row for each connection that writes, and queue, so that they do not wait for each other.
-- Only the sums mean something; shard 0 is everybody's.
create table tally (
    shard bigint not null,
    queue smallint not null,
    pending bigint not null,
    done bigint not null,
    dead bigint not null,
    primary key (shard, queue)
) with (fillfactor = 10, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

create sequence replica_id;
create table replica (
    id bigint primary key,
    alive_until timestamptz not null
) with (fillfactor = 10);

-- Signatures and the one body that each may come with; worth no more than minutes, so not written ahead.
create unlogged table seal (
    signature bytea primary key,
    body bytea not null,
    until bigint not null
);
create index seal_until on seal (until);
-- Journal time: milliseconds that servers are known to have run on this journal. No step of a clock changes it.
alter table version
    add column elapsed bigint not null default 0,
    add column wall bigint,                            -- the database's clock when a server last looked
    add column stepped bigint not null default 0,      -- by how much it has been set, as far as was noticed
    add column copying boolean not null default false, -- only a part of another journal is in it
    add column moved_to text;                          -- where all of it was copied to
alter table version set (fillfactor = 10, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
-- What was there before counts from now on: it is kept rather too long than too short.
alter table entry
    add column accepted_elapsed bigint not null default 0,
    add column settled_elapsed bigint not null default 0;
alter table replica drop column alive_until, add column beats bigint not null default 0;
-- These are in journal time from now on.
update seal set until = greatest(until - (extract(epoch from clock_timestamp()) * 1000)::bigint, 0);

insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, key_digest, line, conversation, key,
    reason, body)
select nextval('entry_id'), 0, state, 1, 1699999990000, 1699999990000, case state when 0 then null else 1699999995000 end,
    substring(sha256(key) for 16), substring(sha256(conversation) for 16), conversation, key, reason, key
from (values (1::smallint, '1'::bytea, 'a'::bytea, null::bytea), (0, '2', 'a', null), (0, '3', 'a', null),
    (2, '4', 'b', 'no')) v (state, key, conversation, reason);
-- A message with a key as they are, done, and its reply, pending.
insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, key_digest, line, conversation, key,
    reason, body)
select nextval('entry_id'), queue, state, 1, 1699999990000, 1699999990000, case state when 0 then null else 1699999995000 end,
    substring(sha256(key) for 16), substring(sha256('a') for 16), 'a', key, null, 'body'
from (values (0::smallint, 1::smallint, convert_to(concat_ws(chr(31), 'id', 'BAE6-3KQ2', 'app', 'a', 'u'), 'UTF8')), (1, 0, '5.0')) v (queue, state, key);
insert into conversation (queue, line, head, due_at) values (1, substring(sha256('a') for 16), 6, 1699999990000);
insert into conversation (queue, line, head, due_at) values (0, substring(sha256('a') for 16), 2, 1699999990000);
insert into tally values (9, 0, 2, 2, 1), (9, 1, 1, 0, 0);
insert into seal values (decode(repeat('07', 20), 'hex'), substring(sha256('2') for 16), 600000);
set search_path = rongcloud_callback, public;
