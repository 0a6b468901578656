//! The file's tables, and their versions.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, functions::FunctionFlags};

use super::{error::open_error, marks::Mark};
use crate::journal::{EntryKey, JournalError, ReasonGroup, driver::access::Access};

/// The migrations, each from the version that is its index to the next; `user_version` counts them.
const MIGRATIONS: [&str; 6] = ["
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
    -- Holds the backlog only, so that it stays in a few pages however long the history is.
    create index unsettled on entry (state) where state <> 1;
    -- Numbers that could otherwise only be had by reading the whole table.
    create table tally (
        queue integer primary key,
        done integer not null,       -- how many entries are done
        purged_to integer not null   -- the highest id that was ever removed
    ) strict;
    insert into tally (queue, done, purged_to) values (0, 0, 0), (1, 0, 0);
", "
    -- Attempts that were marked when they began, since the last one that ended: their process died, or is still at it.
    alter table entry add column open_attempts integer not null default 0;
    -- When it was accepted and settled, in the journal's own time. What was settled before this was recorded is kept
    -- as if it had been settled when the recording began.
    alter table entry add column accepted_elapsed integer not null default 0;
    alter table entry add column settled_elapsed integer;
    create table journal_time (
        elapsed integer not null,    -- for how many milliseconds servers have run on this journal
        seen_at integer not null     -- what the wall clock showed when this was noted
    ) strict;
    insert into journal_time (elapsed, seen_at)
        select 0, coalesce(max(accepted_at), 0) from entry where state = 0 and state <> 1;
", "
    -- A key of 22 bytes stands for the text that was the key, and a reply names the message that it answers.
    create table new_entry (
        id integer primary key,
        queue integer not null,
        state integer not null,
        attempts integer not null,
        open_attempts integer not null default 0,
        due_at integer not null,
        accepted_at integer not null,
        accepted_elapsed integer not null,
        settled_at integer,
        settled_elapsed integer,
        answers integer,
        key any not null,            -- the 22 bytes of a key, or a text that somebody has put in by hand
        conversation text not null,
        reason text,
        body blob not null
    ) strict;
    insert into new_entry
        select id, queue, state, attempts, open_attempts, due_at, accepted_at, accepted_elapsed, settled_at,
            settled_elapsed, iif(queue = 1, nullif(cast(key as integer), 0), null), entry_key(key), conversation,
            reason, body
        from entry order by id;
    drop table entry;
    alter table new_entry rename to entry;
    create unique index entry_key on entry (queue, key);
    create index unsettled on entry (state) where state <> 1;
", "
    -- What a conversation remembers between two of its messages.
    create table conversation_state (
        conversation text primary key,
        revision integer not null,   -- the entry whose finish has written it, or a negative number for an operator's change
        dialogue text not null,
        version integer not null,
        expires_at integer not null,
        is_expiring integer not null, -- whether an entry of the Inbox says that it has expired
        body blob not null
    ) strict, without rowid;
    create index conversation_state_expiry on conversation_state (expires_at) where is_expiring = 0;
    -- Entries that are appended when they are due.
    create table scheduled (
        id integer primary key,
        queue integer not null,
        key any not null,
        conversation text not null,
        answers integer,             -- the entry whose finish has scheduled it
        is_bound integer not null,   -- whether it is dropped once the state with the revision `answers` has changed
        due_at integer not null,
        body blob not null
    ) strict;
    create index scheduled_due on scheduled (due_at);
", "
    -- How it ended, in a form that the journal does not know.
    alter table entry add column ending text;
    -- The group of a dead letter, by its reason.
    alter table entry add column reason_group integer;
    -- The step that it made from one state of its conversation to the next: the revision of the state before, and the
    -- state after. All of them are null if it made none.
    alter table entry add column state_before integer;
    alter table entry add column state_dialogue text;
    alter table entry add column state_version integer;
    alter table entry add column state_body blob;
    update entry set reason_group = group_of_reason(queue, coalesce(reason, '')) where state = 2 and state <> 1;
    -- With the queue, so that the dead letters of a queue are counted without a look at each of them.
    create index dead_group on entry (reason_group, id, queue) where state = 2;
    -- Entries by conversation, in segments of many entries; the newest entries are in none yet.
    create table conversation_index (
        bucket integer not null,     -- by the segment's length, and by the hashes of the conversations
        first_id integer not null,   -- the segment is about the entries from this one
        last_id integer not null,    -- to this one
        items blob not null,         -- of each entry 4 bytes of hash and 4 bytes of id - first_id, big-endian, in order
        primary key (bucket, first_id)
    ) strict, without rowid;
    -- The newest failed attempts at each entry.
    create table attempt (
        entry integer not null,
        position integer not null,   -- grows with each attempt at the entry that failed
        number integer not null,     -- the number of the attempt since the entry was appended or revived
        ended_at integer not null,
        took integer not null,       -- in milliseconds
        reason text not null,
        replica text not null,
        primary key (entry, position)
    ) strict, without rowid;
    create table job (
        id integer primary key,
        key blob not null unique,    -- the key of the request
        action text not null,        -- revive or discard
        filter text not null,
        total integer not null,      -- how many entries were counted beforehand
        rate integer not null,       -- the most entries a second
        until_entry integer not null,
        requested_by text not null,
        done integer not null,
        skipped integer not null,
        after_entry integer not null, -- the entry up to which the job has come
        state text not null,         -- running, done or cancelled
        created_at integer not null,
        ended_at integer
    ) strict;
    create table audit (
        id integer primary key,
        at integer not null,
        who text not null,
        action text not null,
        target text not null,
        count integer not null
    ) strict;
    -- Accounts to which nothing is sent.
    create table pause (
        account text primary key,
        paused_by text not null,
        since integer not null
    ) strict, without rowid;
    create table activity (
        id integer primary key,
        at integer not null,         -- the time at which the span begins
        replica text not null,
        body blob not null,
        unique (at, replica)
    ) strict;
", "
    -- Segments by users, who may have several conversations. They are made anew.
    delete from conversation_index;
"];

const VERSION: i64 = 6;

/// The SQL function `entry_key(text)`: the key of an entry whose key was a text.
fn add_entry_key_function(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("entry_key", 1, flags, |context| {
        Ok(EntryKey::of(context.get_raw(0).as_str()?))
    })
}

/// The SQL function `group_of_reason(queue, reason)`: the group of a dead letter.
fn add_reason_group_function(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("group_of_reason", 2, flags, |context| {
        Ok(ReasonGroup::new(context.get(0)?, context.get_raw(1).as_str()?))
    })
}

/// The file's version, after migrating it if that was asked for, and its mark.
pub(super) fn version(
    connection: &mut Connection,
    access: Access,
    migrate: bool,
) -> rusqlite::Result<(Version, Mark)> {
    let behavior = if migrate { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
    let transaction = Transaction::new(connection, behavior)?;
    let read = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (version, application) = (read("user_version")?, read("application_id")?);
    let tables: i64 =
        transaction.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    let mark = match Mark::read(&transaction, application)? {
        Some(mark) => mark,
        None if tables > 0 => return Ok((Version::Foreign, Mark::None)),
        None => Mark::None,
    };
    let missing = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..));
    let version = match missing {
        None => Version::Newer(version),
        Some([]) => Version::Ours,
        Some(_) if !migrate => Version::Older(version),
        Some(missing) => {
            if version > 0 {
                tracing::info!(from = version, to = VERSION, "migrating the journal's entries");
            }
            add_entry_key_function(&transaction)?;
            add_reason_group_function(&transaction)?;
            missing.iter().try_for_each(|step| transaction.execute_batch(step))?;
            if version == 0 {
                // A new target is never, not even for a moment, an empty journal that a server would take.
                if access == Access::Target { Mark::BeingCopiedTo } else { Mark::None }
                    .write(&transaction)?;
            }
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
            Version::Ours
        }
    };
    Ok((version, mark))
}

/// The version of a file, compared with this program's.
#[derive(Debug, Clone, Copy)]
pub(super) enum Version {
    Ours,
    Older(i64),
    Newer(i64),
    Foreign,
}

/// Refuses a file of another version.
pub(super) fn check_version(version: Version, path: &Path) -> Result<(), JournalError> {
    let ours = VERSION;
    let problem = match version {
        Version::Ours => return Ok(()),
        Version::Older(theirs) => {
            format!(
                "is of version {theirs}, this program's is {ours}: start the server once, it migrates it"
            )
        }
        Version::Newer(theirs) => format!(
            "is of version {theirs}, and this program knows {ours} at most: run the newer program that wrote it"
        ),
        Version::Foreign => "is another program's database: change [journal] url".to_owned(),
    };
    Err(open_error(&format!("the journal {} {problem}", path.display())))
}
