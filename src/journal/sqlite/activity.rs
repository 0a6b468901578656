//! The statements on the activity of replicas.

use rusqlite::{Connection, Result, params};

use crate::{
    clock::UnixMillis,
    journal::{Activity, KEPT_ACTIVITY},
};

/// Adds the activity of a span, in place of that with the same time and replica, and takes out what is too much.
pub(super) fn add(connection: &Connection, activity: &Activity) -> Result<()> {
    let Activity { at, replica, body } = activity;
    let mut insert = connection.prepare_cached(
        "insert into activity (at, replica, body) values (?1, ?2, ?3)
         on conflict (at, replica) do update set body = excluded.body",
    )?;
    insert.execute(params![at, replica, &body[..]])?;
    // Numbers have no gaps: each is the next one after the newest, and the oldest go.
    let kept = i64::try_from(KEPT_ACTIVITY).unwrap_or(i64::MAX);
    let mut delete = connection
        .prepare_cached("delete from activity where id <= (select max(id) from activity) - ?1")?;
    delete.execute([kept]).map(drop)
}

/// The activity since a time, oldest first.
pub(super) fn since(connection: &Connection, since: UnixMillis) -> Result<Vec<Activity>> {
    let mut list = connection
        .prepare("select at, replica, body from activity where at >= ?1 order by at, replica")?;
    let activity = |row: &rusqlite::Row<'_>| {
        let body: Vec<u8> = row.get(2)?;
        Ok(Activity { at: row.get(0)?, replica: row.get(1)?, body: body.into() })
    };
    list.query_map([since], activity)?.collect()
}
