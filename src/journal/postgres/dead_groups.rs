//! Dead letters by the groups of their reasons.

use std::collections::HashMap;

use tokio_postgres::{Client, Error, Row};

use super::{
    filter::bound,
    records::{RECORD, count, record},
    retry::READ,
};
use crate::journal::{DeadGroup, EntryId, ReasonGroup, Record};

/// The statement that counts the dead letters of each group, the largest groups first; the index on the groups has all that
/// it reads.
const GROUPS: &str = "
    select reason_group, count(*) as letters, min(id), max(id) from entry
    where state = 2 and reason_group is not null
    group by reason_group order by letters desc, reason_group limit $1";

/// The dead letters by group, the largest groups first, as of one moment.
pub(super) async fn dead_groups(client: &Client, limit: usize) -> Result<Vec<DeadGroup>, Error> {
    client.batch_execute(READ).await?;
    let groups = client.query(GROUPS, &[&bound(limit)]).await?;
    let mut ids = Vec::with_capacity(groups.len() * 2);
    for row in &groups {
        ids.extend([row.try_get::<_, i64>(2)?, row.try_get(3)?]);
    }
    let rows = client.query(&format!("select {RECORD} from entry where id = any($1)"), &[&ids]).await?;
    client.batch_execute("commit").await?;
    let records = rows.iter().map(|row| record(row).map(|record| (record.id, record)));
    let records: HashMap<_, _> = records.collect::<Result<_, Error>>()?;
    let groups = groups.iter().map(|row| dead_group(row, &records));
    Ok(groups.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn dead_group(row: &Row, records: &HashMap<EntryId, Record>) -> Result<Option<DeadGroup>, Error> {
    let (oldest, newest) = (EntryId(row.try_get(2)?), EntryId(row.try_get(3)?));
    let (Some(first), Some(last)) = (records.get(&oldest), records.get(&newest)) else {
        return Ok(None);
    };
    Ok(Some(DeadGroup {
        group: ReasonGroup(row.try_get(0)?),
        queue: last.queue,
        count: count(row.try_get(1)?),
        oldest,
        oldest_at: first.accepted_at,
        newest: last.clone(),
    }))
}
