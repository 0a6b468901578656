//! The lock and the marks that keep servers and copies apart: servers share a journal, and a copy has it alone.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::Error;

use super::{
    client::Client,
    error::{open_error, unavailable_error},
    schema::SCHEMA,
};
use crate::journal::{JournalError, driver::access::Access};

/// The advisory lock that servers share, and that a copy holds alone, on each of their connections. The number is `RCcb` in
/// ASCII, and two more than the migrations' lock.
const LOCK: i64 = 0x5243_6364;
/// How long the lock is waited for: the connections of a process that has just ended may be there for so long.
const LINGER: Duration = Duration::from_secs(2);
/// The time between two attempts at the lock. Waiting in the database's own queue for it would hold up the servers' next
/// connections.
const TRY_EVERY: Duration = Duration::from_millis(50);

/// Takes the lock that `access` needs, for as long as the connection lasts, and refuses a journal that is an incomplete
/// copy or was moved.
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
        // A journal that was moved may be copied once more.
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

/// Marks the journal as an incomplete copy of another journal.
pub(super) async fn begin_copy(client: &Client) -> Result<(), Error> {
    client.execute("update version set copying = true", &[]).await.map(drop)
}

/// Takes the mark of an incomplete copy off.
pub(super) async fn end_copy(client: &Client) -> Result<(), Error> {
    client.execute("update version set copying = false", &[]).await.map(drop)
}

/// Marks the journal as moved to `target`, or takes that mark off.
pub(super) async fn mark_moved(client: &Client, target: Option<&str>) -> Result<(), Error> {
    client
        .execute("update version set moved_to = $1 where moved_to is distinct from $1", &[&target])
        .await
        .map(drop)
}
