//! The statements on pauses of accounts.

use rusqlite::{Connection, Result, params};

use super::failure::Failure;
use crate::{
    clock::UnixMillis,
    journal::{Pause, error::not_paused_error},
};

/// All pauses, in the order of the accounts.
pub(super) fn list(connection: &Connection) -> Result<Vec<Pause>> {
    let mut list = connection.prepare("select account, paused_by, since from pause order by account")?;
    list.query_map([], |row| Ok(Pause { account: row.get(0)?, by: row.get(1)?, since: row.get(2)? }))?
        .collect()
}

/// Adds a pause; one that is there already stays as it is.
pub(super) fn add(connection: &Connection, account: &str, by: &str, since: UnixMillis) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "insert into pause (account, paused_by, since) values (?1, ?2, ?3) on conflict do nothing",
    )?;
    insert.execute(params![account, by, since]).map(drop)
}

/// Removes a pause.
pub(super) fn remove(connection: &Connection, account: &str) -> Result<(), Failure> {
    let removed = connection.execute("delete from pause where account = ?1", [account])?;
    if removed == 0 { Err(not_paused_error().into()) } else { Ok(()) }
}
