//! The tables and their versions, in a schema of their own.

use tokio_postgres::{Client, Error};

use super::{address::open_error, session::unavailable};
use crate::journal::{Access, JournalError};

/// Each brings the tables from the version of its index to the next.
///
/// Keys and conversations are looked up by 128 bits of their SHA-256, so that an index row has one size
/// whatever the platform sends. All that it sends is `bytea`: no text of it is refused, whatever is in it.
const MIGRATIONS: [&str; 1] = ["
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
        head bigint,                 -- its first pending entry
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
"];

pub(super) const VERSION: i32 = 1;
/// Held while somebody migrates: `RCcb` in ASCII.
const LOCK: i64 = 0x5243_6362;
/// The schema that everything is in.
pub(super) const SCHEMA: &str = "rongcloud_callback";

/// Makes sure that the tables are there in our version.
pub(super) async fn prepare(client: &Client, access: Access) -> Result<(), JournalError> {
    match state(client).await.map_err(|error| unavailable(&error))? {
        State::Version(VERSION) => Ok(()),
        State::Version(version) if version > VERSION => Err(open_error(&format!(
            "the journal in this database is of version {version}, and this program knows {VERSION} at most: run \
             the newer program that wrote it"
        ))),
        State::Foreign => Err(open_error(&format!(
            "the database has a schema {SCHEMA} that is another program's: change [journal] url"
        ))),
        State::Missing | State::Version(_) if matches!(access, Access::Operator | Access::Source) => {
            Err(open_error(&format!(
                "there is no journal of version {VERSION} in this database: start the server once, it makes it, or \
                 change [journal] url"
            )))
        }
        State::Missing | State::Version(_) => {
            migrate(client).await.map_err(|error| match error.as_db_error() {
                Some(refused) => open_error(&format!(
                    "cannot make the journal's tables: {}: the user in [journal] url must be allowed to create a \
                     schema in the database",
                    refused.message()
                )),
                None => unavailable(&error),
            })
        }
    }
}

enum State {
    Missing,
    Foreign,
    Version(i32),
}

async fn state(client: &Client) -> Result<State, Error> {
    let found = client
        .query_one(
            "select to_regnamespace($1) is not null, to_regclass($1 || '.version') is not null",
            &[&SCHEMA],
        )
        .await?;
    Ok(match (found.get(0), found.get(1)) {
        (false, _) => State::Missing,
        (true, false) => State::Foreign,
        (true, true) => {
            let sql = format!("select version from {SCHEMA}.version");
            State::Version(client.query_one(&sql, &[]).await?.get(0))
        }
    })
}

/// One transaction under a lock: of several that come at once, the first migrates and the others find it done.
///
/// The lock comes before the transaction, which would not notice what was made while it waited.
async fn migrate(client: &Client) -> Result<(), Error> {
    client.batch_execute(&format!("select pg_advisory_lock({LOCK})")).await?;
    client.batch_execute("begin").await?;
    let version = match state(client).await? {
        State::Version(version) => version,
        State::Missing | State::Foreign => 0,
    };
    if version == 0 {
        let create = format!(
            "create schema {SCHEMA}; set local search_path = {SCHEMA};
             create table version (version integer not null); insert into version values (0)"
        );
        client.batch_execute(&create).await?;
    }
    for step in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
        client.batch_execute(&format!("set local search_path = {SCHEMA}; {step}")).await?;
    }
    client.batch_execute(&format!("update {SCHEMA}.version set version = {VERSION}")).await?;
    client.batch_execute("commit").await?;
    client.batch_execute(&format!("select pg_advisory_unlock({LOCK})")).await
}
