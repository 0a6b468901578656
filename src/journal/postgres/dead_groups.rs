//! Dead letters by the groups of their reasons.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;
use tokio_postgres::{Error, Row};

use super::{
    client::Client,
    operations_pool::OperationsPool,
    records::{RECORD, count, record},
    retry::READ,
};
use crate::journal::{DeadGroup, EntryId, JournalError, ReasonGroup, Record};

/// The most groups that are listed.
const MAX_GROUPS: usize = 1000;
/// The number of dead letters beyond which a count serves for a while.
const MANY: u64 = 100_000;
/// For how many times its own duration a count of many serves.
const SERVES: u32 = 20;

/// The statement that counts the dead letters of each group, the largest groups first. The index on the groups has all that
/// it reads.
const COUNT: &str = "
    select reason_group, count(*) as letters from entry
    where state = 2 and reason_group is not null
    group by reason_group order by letters desc, reason_group limit $1::bigint";

/// The statement that finds the first and the last dead letter of each of the groups `$1`. Why it is written like this is
/// said at [`add_indexed`](super::filter::Conditions::add_indexed).
const ENDS: &str = "
    select g.reason_group, oldest.id, newest.id
    from unnest($1::bigint[]) with ordinality g (reason_group, place)
    join lateral (
        select id from entry e
        where e.state = 2 and e.reason_group between g.reason_group and g.reason_group
        order by e.reason_group, e.id limit 1
    ) oldest on true
    join lateral (
        select id from entry e
        where e.state = 2 and e.reason_group between g.reason_group and g.reason_group
        order by e.reason_group desc, e.id desc limit 1
    ) newest on true
    order by g.place";

/// The groups of dead letters, of which a count serves for a while where there are many.
#[derive(Debug, Default)]
pub(super) struct DeadGroups(Mutex<Option<Counted>>);

/// The dead letters of each group as they were counted.
#[derive(Debug, Clone)]
struct Counted {
    groups: Vec<(i64, u64)>,
    at: Instant,
    took: Duration,
}

impl DeadGroups {
    /// The dead letters by group, the largest groups first.
    pub(super) async fn list(
        &self,
        pool: &OperationsPool,
        limit: usize,
    ) -> Result<Vec<DeadGroup>, JournalError> {
        let counted = self.count(pool).await?;
        let groups = &counted.groups[..counted.groups.len().min(limit)];
        pool.with(|client| async move { list(&client, groups).await }).await
    }

    /// Counts the dead letters of each group, or takes the latest count where that took long. Others wait for the count
    /// that is under way.
    async fn count(&self, pool: &OperationsPool) -> Result<Counted, JournalError> {
        let mut latest = self.0.lock().await;
        if let Some(counted) = latest.as_ref().filter(|counted| counted.serves()) {
            return Ok(counted.clone());
        }
        let begun = Instant::now();
        let groups = pool.with(|client: Arc<Client>| async move { count_groups(&client).await }).await?;
        let counted = Counted { groups, at: Instant::now(), took: begun.elapsed() };
        *latest = Some(counted.clone());
        Ok(counted)
    }
}

impl Counted {
    fn serves(&self) -> bool {
        let letters: u64 = self.groups.iter().map(|(_, letters)| letters).sum();
        letters > MANY && self.at.elapsed() < self.took * SERVES
    }
}

async fn count_groups(client: &Client) -> Result<Vec<(i64, u64)>, Error> {
    let limit = i64::try_from(MAX_GROUPS).unwrap_or(i64::MAX);
    let rows = client.query(COUNT, &[&limit]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, count(row.try_get(1)?)))).collect()
}

/// The groups with their first and their last dead letters, without those that have none any more.
async fn list(client: &Client, groups: &[(i64, u64)]) -> Result<Vec<DeadGroup>, Error> {
    let (numbers, counts): (Vec<i64>, Vec<u64>) = groups.iter().copied().unzip();
    let counts: HashMap<_, _> = numbers.iter().copied().zip(counts).collect();
    client.batch_execute(READ).await?;
    let ends = client.query(ENDS, &[&numbers]).await?;
    let mut ids = Vec::with_capacity(ends.len() * 2);
    for row in &ends {
        ids.extend([row.try_get::<_, i64>(1)?, row.try_get(2)?]);
    }
    let rows = client.query(&format!("select {RECORD} from entry where id = any($1)"), &[&ids]).await?;
    client.batch_execute("commit").await?;
    let records = rows.iter().map(|row| record(row).map(|record| (record.id, record)));
    let records: HashMap<_, _> = records.collect::<Result<_, Error>>()?;
    let groups = ends.iter().map(|row| dead_group(row, &counts, &records));
    Ok(groups.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn dead_group(
    row: &Row,
    counts: &HashMap<i64, u64>,
    records: &HashMap<EntryId, Record>,
) -> Result<Option<DeadGroup>, Error> {
    let (group, oldest): (i64, _) = (row.try_get(0)?, EntryId(row.try_get(1)?));
    let (Some(first), Some(newest)) = (records.get(&oldest), records.get(&EntryId(row.try_get(2)?)))
    else {
        return Ok(None);
    };
    Ok(Some(DeadGroup {
        group: ReasonGroup(group),
        queue: newest.queue,
        count: counts.get(&group).copied().unwrap_or_default(),
        oldest,
        oldest_at: first.accepted_at,
        newest: newest.clone(),
    }))
}
