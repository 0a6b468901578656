//! The tables and their versions, in a schema of their own.

use tokio_postgres::{Client, Error};

use super::{
    error::{open_error, unavailable_error},
    retry::{BEGIN, retry_collisions},
};
use crate::journal::{Access, JournalError};

/// Each brings the tables from the version of its index to the next.
///
/// Keys and conversations are looked up by 128 bits of their SHA-256, so that an index row has one size
/// whatever the platform sends. All that it sends is `bytea`: no text of it is refused, whatever is in it.
const MIGRATIONS: [&str; 2] = ["
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
"];

pub(super) const VERSION: i32 = 2;
/// Held while somebody migrates: `RCcb` in ASCII.
const LOCK: i64 = 0x5243_6362;
/// The schema that everything is in.
pub(super) const SCHEMA: &str = "rongcloud_callback";

/// Makes sure that the tables are there in our version.
pub(super) async fn prepare(client: &Client, access: Access) -> Result<(), JournalError> {
    match state(client).await.map_err(|error| unavailable_error(&error))? {
        State::Version(VERSION) => Ok(()),
        State::Version(version) if version > VERSION => Err(open_error(&format!(
            "the journal in this database is of version {version}, and this program knows {VERSION} at most: run \
             the newer program that wrote it"
        ))),
        State::Foreign => Err(open_error(&format!(
            "the database has a schema {SCHEMA} that is another program's: change [journal] url"
        ))),
        State::NotOurs { owner, user } => Err(open_error(&format!(
            "the database has an empty schema {SCHEMA} that belongs to {owner}: give it to the user of the journal \
             (alter schema {SCHEMA} owner to {user}), or change [journal] url"
        ))),
        State::Missing | State::Empty | State::Version(_)
            if matches!(access, Access::Operator | Access::Source) =>
        {
            Err(open_error(&format!(
                "there is no journal of version {VERSION} in this database: start the server once, it makes it, or \
                 change [journal] url"
            )))
        }
        State::Missing | State::Empty | State::Version(_) => {
            migrate(client).await.map_err(|error| match error.as_db_error() {
                Some(refused) => open_error(&format!(
                    "cannot make the journal's tables: {}: the user in [journal] url must be allowed to create a \
                     schema in the database, or own an empty schema {SCHEMA} in it",
                    refused.message()
                )),
                None => unavailable_error(&error),
            })
        }
    }
}

enum State {
    Missing,
    /// There is a schema with nothing in it, and it belongs to us: somebody made it for us who may make schemas.
    Empty,
    /// There is a schema with nothing in it that belongs to somebody else.
    NotOurs {
        owner: String,
        user: String,
    },
    Foreign,
    Version(i32),
}

async fn state(client: &Client) -> Result<State, Error> {
    let found = client
        .query_opt(
            "select exists (select from pg_class where relnamespace = n.oid and relname = 'version'),
                exists (
                    select from pg_depend
                    where refclassid = 'pg_namespace'::regclass and refobjid = n.oid
                        and classid <> 'pg_default_acl'::regclass
                ),
                pg_get_userbyid(nspowner)::text, current_user::text
            from pg_namespace n where nspname = $1::text::name",
            &[&SCHEMA],
        )
        .await?;
    let Some(row) = found else { return Ok(State::Missing) };
    let (owner, user): (String, String) = (row.get(2), row.get(3));
    Ok(match (row.get(0), row.get(1)) {
        (false, true) => State::Foreign,
        (false, false) if owner == user => State::Empty,
        (false, false) => State::NotOurs { owner, user },
        (true, _) => {
            let sql = format!("select version from {SCHEMA}.version");
            State::Version(client.query_one(&sql, &[]).await?.get(0))
        }
    })
}

/// Makes the tables under a lock: if several come at once, the first migrates and the others find it done.
///
/// The lock comes before the transaction, which would not notice what was made while it waited.
async fn migrate(client: &Client) -> Result<(), Error> {
    client.batch_execute(&format!("select pg_advisory_lock({LOCK})")).await?;
    retry_collisions(client, || make(client)).await?;
    client.batch_execute(&format!("select pg_advisory_unlock({LOCK})")).await
}

/// Makes them in one transaction: the tables are of one version or of another.
async fn make(client: &Client) -> Result<(), Error> {
    client.batch_execute(BEGIN).await?;
    let found = state(client).await?;
    if let State::Missing = found {
        client.batch_execute(&format!("create schema {SCHEMA}")).await?;
    }
    let version = if let State::Version(version) = found { version } else { 0 };
    client.batch_execute(&format!("set local search_path = {SCHEMA}")).await?;
    if version == 0 {
        let create = "create table version (version integer not null); insert into version values (0)";
        client.batch_execute(create).await?;
    }
    for step in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
        client.batch_execute(step).await?;
    }
    client.batch_execute(&format!("update version set version = {VERSION}")).await?;
    client.batch_execute("commit").await
}
