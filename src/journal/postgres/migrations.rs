//! The steps that bring the tables from one version to the next. A step that was published is never changed.

/// Each step brings the tables from the version of its index to the next.
///
/// Entries are looked up by their keys, and conversations by 128 bits of their SHA-256, so that an index row has one size
/// whatever the platform sends. All that it sends is `bytea`: no text of it is refused, whatever is in it.
pub(super) const MIGRATIONS: [&str; 7] = ["
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
", "
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
", "
    -- Names that say what they are.
    alter table seal rename to signature_binding;
    alter index seal_pkey rename to signature_binding_pkey;
    alter index seal_until rename to signature_binding_until;
    alter table entry rename column key_digest to key_hash;
    alter table entry rename column line to conversation_hash;
    alter table conversation rename column line to conversation_hash;
    alter table conversation rename column held to leased_entry;
    alter table conversation rename column holder to leased_by;
    alter table replica rename column beats to heartbeats;
    alter table version rename column wall to wall_clock;
    alter table version rename column stepped to clock_steps;
", r"
    -- A key of 22 bytes stands for the text that was the key: the beginning of the text or, where 1f divides it, of its
    -- second part, and a part of its SHA-256. What was the key's column names the message that a reply answers.
    alter table entry
        alter column key_hash type bytea using
            substring(substring(key from position('\x1f'::bytea in key) + 1 for 12) || '\x000000000000000000000000'::bytea from 1 for 12)
            || substring(sha256(key) from 1 for 10),
        alter column key drop not null,
        alter column key type bigint using
            case when queue = 1 and encode(key, 'escape') ~ '^[0-9]{1,18}\.' then split_part(encode(key, 'escape'), '.', 1)::bigint end;
    alter table entry rename column key to answers;
    alter table entry rename column key_hash to key;
", "
    -- What a conversation remembers: read with the lease of an entry, changed by its finish.
    create table conversation_state (
        conversation_hash bytea primary key,
        revision bigint not null,    -- the entry whose finish has written the state, or an operator's negative number
        expires_at bigint not null,
        version bigint not null,
        is_expiring boolean not null default false,        -- an entry of the Inbox says that the state has expired
        conversation bytea not null,
        dialogue bytea not null,
        body bytea not null
    ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
    create index conversation_state_expires on conversation_state (expires_at) where not is_expiring;
    -- The beginning is enough for the order of a list, and an index row has its bounds whatever the platform sends.
    create index conversation_state_name on conversation_state (substring(conversation from 1 for 64));

    -- Entries that are to be appended later.
    create sequence scheduled_id;
    create table scheduled (
        id bigint primary key,       -- in the order in which they were scheduled
        due_at bigint not null,
        answers bigint,              -- the entry whose finish has scheduled this one
        queue smallint not null,
        is_bound boolean not null,   -- dropped once the state is not that of the entry which it answers
        key bytea not null,
        conversation_hash bytea not null,
        conversation bytea not null,
        body bytea not null
    ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
    create index scheduled_due on scheduled (queue, due_at, id);
", "
    -- What became of an entry, for operators.
    alter table entry
        add column reason_group bigint,                    -- of a dead letter: a number for all reasons of its kind
        add column ending bytea,                           -- how it ended: who handled it
        add column state_dialogue bytea,                   -- the state that it gave its conversation; empty: none
        add column state_version bigint,
        add column state_body bytea,
        add column state_before bigint;                    -- the revision of the state before
    create index entry_group on entry (reason_group, id) where state = 2;

    -- Entries by conversation, in segments of many entries; the newest entries are in none yet.
    create table conversation_index (
        bucket integer not null,     -- by the segment's length, and by the hashes of the conversations
        first_id bigint not null,    -- the segment is about the entries from this one
        last_id bigint not null,     -- to this one
        items bytea not null,        -- of each entry 4 bytes of hash and 4 bytes of id - first_id, big-endian, in order
        primary key (bucket, first_id)
    ) with (toast_tuple_target = 8160);

    -- The newest failed attempts at each entry.
    create sequence attempt_id;
    create table attempt (
        entry bigint not null,
        id bigint not null,          -- in the order in which they failed
        number integer not null,     -- of those since the entry was appended or revived
        ended_at bigint not null,
        took bigint not null,
        replica bytea not null,      -- the name of the replica
        reason bytea not null,
        primary key (entry, id)
    ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

    -- A replica's name among people, and how many entries it has leased.
    alter table replica
        add column name bytea not null default '',
        add column leased bigint not null default 0;

    -- Many entries that are revived or discarded.
    create table job (
        id bigint generated always as identity primary key,
        state smallint not null,     -- 0 running, 1 done, 2 cancelled
        action smallint not null,    -- 0 revive, 1 discard
        rate bigint not null,        -- entries a second
        total bigint not null,       -- as counted beforehand
        done bigint not null,
        skipped bigint not null,
        after bigint not null,       -- the entry up to which it has come
        until bigint not null,       -- the last entry that it looks at
        created_at bigint not null,
        ended_at bigint,
        key bytea not null,
        filter bytea not null,
        requested_by bytea not null
    );
    create unique index job_key on job (key);
    create unique index job_running on job (state) where state = 0;

    -- Who did what by hand.
    create sequence audit_id;
    create table audit (
        id bigint primary key,
        at bigint not null,
        count bigint not null,       -- of how many entries
        who bytea not null,
        action bytea not null,
        target bytea not null
    );

    -- Accounts to which nothing is sent.
    create table pause (
        account_hash bytea primary key,
        since bigint not null,
        account bytea not null,
        paused_by bytea not null
    );

    -- What each replica did in each span of time.
    create table activity (
        id bigint generated always as identity primary key,
        at bigint not null,
        replica bytea not null,
        body bytea not null
    );
    create unique index activity_at on activity (at, replica);
", "
    -- Segments by users, who may have several conversations. They are made anew.
    truncate conversation_index;
"];
