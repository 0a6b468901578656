//! The statements on the audit list.

use rusqlite::{Connection, Result, Row, params};

use super::records::count;
use crate::{
    clock::UnixMillis,
    journal::{AuditFilter, AuditRecord, KEPT_AUDIT, NewAuditRecord},
};

const AUDIT: &str = "id, at, who, action, target, count";

/// Adds a record, and takes out those that are too many.
pub(super) fn add(connection: &Connection, record: &NewAuditRecord, now: UnixMillis) -> Result<()> {
    let NewAuditRecord { who, action, target, count } = record;
    let mut insert = connection.prepare_cached(
        "insert into audit (at, who, action, target, count) values (?1, ?2, ?3, ?4, ?5)",
    )?;
    insert.execute(params![now, who, action, target, count.cast_signed()])?;
    // Numbers have no gaps: each is the next one after the newest, and the oldest go.
    let kept = i64::try_from(KEPT_AUDIT).unwrap_or(i64::MAX);
    let mut delete =
        connection.prepare_cached("delete from audit where id <= (select max(id) from audit) - ?1")?;
    delete.execute([kept]).map(drop)
}

/// Records that a filter admits, newest first. The list is bounded, and so is this look at it.
pub(super) fn list(connection: &Connection, filter: &AuditFilter) -> Result<Vec<AuditRecord>> {
    let AuditFilter { who, action, before, limit } = filter;
    let mut list = connection.prepare(&format!(
        "select {AUDIT} from audit
         where id < ?1 and (?2 is null or who = ?2) and (?3 is null or action = ?3) order by id desc limit ?4"
    ))?;
    let limit = i64::try_from(*limit).unwrap_or(i64::MAX);
    list.query_map(params![before.unwrap_or(i64::MAX), who, action, limit], record)?.collect()
}

/// Records after a number, oldest first.
pub(super) fn page(connection: &Connection, after: i64, limit: usize) -> Result<Vec<AuditRecord>> {
    let sql = format!("select {AUDIT} from audit where id > ?1 order by id limit ?2");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection.prepare(&sql)?.query_map(params![after, limit], record)?.collect()
}

/// Puts in a record of another journal as it was.
pub(super) fn restore(connection: &Connection, record: &AuditRecord) -> Result<()> {
    let AuditRecord { id, at, who, action, target, count } = record;
    let mut insert = connection
        .prepare_cached(&format!("insert into audit ({AUDIT}) values (?1, ?2, ?3, ?4, ?5, ?6)"))?;
    insert.execute(params![id, at, who, action, target, count.cast_signed()]).map(drop)
}

fn record(row: &Row<'_>) -> Result<AuditRecord> {
    Ok(AuditRecord {
        id: row.get(0)?,
        at: row.get(1)?,
        who: row.get(2)?,
        action: row.get(3)?,
        target: row.get(4)?,
        count: count(row, 5)?,
    })
}
