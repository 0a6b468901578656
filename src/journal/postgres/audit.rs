//! The audit list.

use std::sync::LazyLock;

use tokio_postgres::{Error, Row, types::ToSql};

use super::{
    client::Client,
    filter::{Conditions, bound},
    fragments::WALL_CLOCK,
    records::{count, text},
};
use crate::{
    clock::UnixMillis,
    journal::{AuditFilter, AuditRecord, KEPT_AUDIT, NewAuditRecord},
};

/// The columns of a record.
const RECORD: &str = "id, at, who, action, target, count";

/// The statement that adds a record, in place of the oldest one where there are many.
static ADD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with added as (
            insert into audit (id, at, count, who, action, target)
            values (nextval('audit_id'), {WALL_CLOCK}, $2::bigint, $3::bytea, $4::bytea, $5::bytea)
            returning id
        )
        delete from audit a using added where a.id <= added.id - {KEPT_AUDIT}"
    )
});

/// The statement that puts in records as they were. No new record gets the number of one of them.
const RESTORE: &str = "
    with added as (
        insert into audit (id, at, count, who, action, target)
        select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[])
    )
    select setval('audit_id', greatest(nextval('audit_id'), $7::bigint))";

/// Adds a record.
pub(super) async fn add(
    client: &Client,
    record: &NewAuditRecord,
    now: Option<i64>,
) -> Result<(), Error> {
    let NewAuditRecord { who, action, target, count } = record;
    let texts = [who, action, target].map(String::as_bytes);
    let values: [&(dyn ToSql + Sync); 5] = [&now, &count.cast_signed(), &texts[0], &texts[1], &texts[2]];
    client.execute(ADD.as_str(), &values).await.map(drop)
}

/// The records that a filter admits, newest first. The whole list is short enough to look for names in it.
pub(super) async fn list(client: &Client, filter: &AuditFilter) -> Result<Vec<AuditRecord>, Error> {
    let AuditFilter { who, action, before, limit } = filter;
    let mut conditions = Conditions::default();
    if let Some(who) = who {
        conditions.add("who = $", who.clone().into_bytes());
    }
    if let Some(action) = action {
        conditions.add("action = $", action.clone().into_bytes());
    }
    if let Some(before) = before {
        conditions.add("id < $", *before);
    }
    let (text, limit) = (conditions.take_text(), bound(*limit));
    let sql = format!("select {RECORD} from audit where true{text} order by id desc limit {limit}");
    client.query(&sql, &conditions.parameters()).await?.iter().map(record).collect()
}

/// Records after a number, oldest first.
pub(super) async fn page(client: &Client, after: i64, limit: usize) -> Result<Vec<AuditRecord>, Error> {
    let sql = format!("select {RECORD} from audit where id > $1 order by id limit $2");
    client.query(&sql, &[&after, &bound(limit)]).await?.iter().map(record).collect()
}

/// Puts in records of another journal's list, all or none.
pub(super) async fn restore(client: &Client, records: &[AuditRecord]) -> Result<(), Error> {
    let all = |of: fn(&AuditRecord) -> i64| records.iter().map(of).collect::<Vec<_>>();
    let bytes = |of: fn(&AuditRecord) -> &[u8]| records.iter().map(of).collect::<Vec<_>>();
    let ids = all(|it| it.id);
    let last = ids.iter().copied().max().unwrap_or(0);
    let values: [&(dyn ToSql + Sync); 7] = [
        &ids,
        &all(|it| it.at.0),
        &all(|it| it.count.cast_signed()),
        &bytes(|it| it.who.as_bytes()),
        &bytes(|it| it.action.as_bytes()),
        &bytes(|it| it.target.as_bytes()),
        &last,
    ];
    client.execute(RESTORE, &values).await.map(drop)
}

fn record(row: &Row) -> Result<AuditRecord, Error> {
    Ok(AuditRecord {
        id: row.try_get(0)?,
        at: UnixMillis(row.try_get(1)?),
        who: text(row.try_get(2)?),
        action: text(row.try_get(3)?),
        target: text(row.try_get(4)?),
        count: count(row.try_get(5)?),
    })
}
