//! The right to be at a journal, which servers share and a copy has alone; and what a copy says of what it leaves behind.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, Error};

use super::{
    error::{open_error, unavailable_error},
    schema::SCHEMA,
};
use crate::journal::{JournalError, driver::access::Access};

/// Shared by servers, and held by a copy alone, on each of their connections: `RCcb` in ASCII, and two more than the
/// migrations' lock.
const LOCK: i64 = 0x5243_6364;
/// The connections of a process that has just ended may be there for so long.
const LINGER: Duration = Duration::from_secs(2);
/// How often the lock is tried meanwhile: who waited in line for it would hold up the servers' next connections.
const TRY_EVERY: Duration = Duration::from_millis(50);

/// Makes sure that nobody is at the journal beside whom `access` must not be, for as long as the connection lasts; and
/// that a server finds all of the journal, and in its place.
pub(super) async fn enter(client: &Client, access: Access) -> Result<(), JournalError> {
    match access {
        Access::Operator => return Ok(()),
        Access::Server if !try_lock(client, "pg_try_advisory_lock_shared").await? => {
            return Err(open_error(
                "the journal in the database is being copied: wait until `journal copy` has come to its end, then \
                 start the server on the journal that it names",
            ));
        }
        Access::Source | Access::Target if !try_lock(client, "pg_try_advisory_lock").await? => {
            return Err(open_error(
                "the journal in the database is in use by a server, or by another copy: stop it; one whose machine \
                 was lost counts for half a minute more",
            ));
        }
        Access::Server | Access::Source | Access::Target => {}
    }
    let marks = "select copying, moved_to from version";
    let row = client.query_one(marks, &[]).await.map_err(|error| unavailable_error(&error))?;
    let (is_copying, moved_to): (bool, Option<String>) = (row.get(0), row.get(1));
    if is_copying {
        return Err(open_error(&format!(
            "the journal in the database is half a copy: a `journal copy` to it did not come to its end. Remove it \
             (drop schema {SCHEMA} cascade), and copy again"
        )));
    }
    match moved_to {
        // Who copies it once more has reasons.
        Some(target) if access != Access::Source => Err(open_error(&format!(
            "the journal in the database was copied to {target}, and is worked off there: change [journal] url to \
             that. To use this one again all the same, whose pending messages would then be handled here as well, \
             say in the database: update {SCHEMA}.version set moved_to = null"
        ))),
        _ => Ok(()),
    }
}

async fn try_lock(client: &Client, function: &str) -> Result<bool, JournalError> {
    let sql = format!("select {function}($1)");
    let since = Instant::now();
    loop {
        let row = client.query_one(&sql, &[&LOCK]).await.map_err(|error| unavailable_error(&error))?;
        if row.get(0) {
            return Ok(true);
        }
        if since.elapsed() >= LINGER {
            return Ok(false);
        }
        sleep(TRY_EVERY).await;
    }
}

/// From now on only a part of another journal is in it.
pub(super) async fn begin_copy(client: &Client) -> Result<(), Error> {
    client.execute("update version set copying = true", &[]).await.map(drop)
}

/// All of the other journal is in it.
pub(super) async fn end_copy(client: &Client) -> Result<(), Error> {
    client.execute("update version set copying = false", &[]).await.map(drop)
}

/// All of it was copied to `target`; or it is copied once more, and so has not been moved yet.
pub(super) async fn mark_moved(client: &Client, target: Option<&str>) -> Result<(), Error> {
    client
        .execute("update version set moved_to = $1 where moved_to is distinct from $1", &[&target])
        .await
        .map(drop)
}
