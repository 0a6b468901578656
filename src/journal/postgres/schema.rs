//! The tables and their versions, in a schema of their own.

use tokio_postgres::Error;

use super::{
    client::Client,
    error::{open_error, unavailable_error},
    migrations::MIGRATIONS,
    reason_groups,
    retry::{BEGIN, retry_collisions, with_timeout},
};
use crate::journal::{JournalError, driver::access::Access};

/// The version that this program makes and uses.
pub(super) const VERSION: i32 = 7;
/// The first version in which dead letters have groups.
const VERSION_OF_GROUPS: i32 = 6;
const _: () = assert!(VERSION as usize == MIGRATIONS.len());
/// The advisory lock of a migration: `RCcb` in ASCII.
const LOCK: i64 = 0x5243_6362;
/// The name of the schema that holds the tables.
pub(super) const SCHEMA: &str = "rongcloud_callback";

/// Makes sure that the tables are there in this program's version; a server or a copy's target makes them.
pub(super) async fn prepare(client: &Client, access: Access) -> Result<(), JournalError> {
    match with_timeout(client, || state(client)).await? {
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

/// The state of the schema in the database.
enum State {
    /// There is no schema.
    Missing,
    /// There is an empty schema that belongs to the user of the journal: somebody has made it who may make schemas.
    Empty,
    /// There is an empty schema that belongs to another user.
    NotOurs { owner: String, user: String },
    /// There is a schema with tables of another program.
    Foreign,
    /// There is a journal of this version.
    Version(i32),
}

/// Looks at the schema.
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

/// Makes the tables under a lock: of several servers that come at once, the first one migrates, and the others find it
/// done.
///
/// The lock comes before the transaction, which would not notice what was made while it waited.
async fn migrate(client: &Client) -> Result<(), Error> {
    let timeout: String =
        client.query_one("select current_setting('statement_timeout')", &[]).await?.try_get(0)?;
    // Long tables take long, here or in the server that has the lock.
    client.batch_execute("set statement_timeout = 0").await?;
    client.batch_execute(&format!("select pg_advisory_lock({LOCK})")).await?;
    retry_collisions(client, || make(client)).await?;
    client.batch_execute(&format!("select pg_advisory_unlock({LOCK})")).await?;
    client.batch_execute(&format!("set statement_timeout = '{timeout}'")).await
}

/// Makes the tables in one transaction, so that they are of one version or of another.
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
    if (1..VERSION).contains(&version) {
        tracing::info!(from = version, to = VERSION, "migrating the journal's entries");
    }
    for step in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
        client.batch_execute(step).await?;
    }
    if version < VERSION_OF_GROUPS {
        reason_groups::fill(client).await?;
    }
    client.batch_execute(&format!("update version set version = {VERSION}")).await?;
    client.batch_execute("commit").await
}
