//! Searches: bounded looks at entries, page by page.

use tokio_postgres::{Client, Error};

use super::{
    filter::{Conditions, bound, direction},
    id_range::narrow,
    records::{RECORD, count, record},
    retry::READ,
};
use crate::journal::{
    EntryId, Filter, Order, Page, PageEnd, Queue, State, driver::numbers::queue_number,
};

/// The most pending entries that are put in order for a page: no index has them in order of their numbers, for every append
/// would have to pay for it. Where more are pending, they are looked for among all entries.
const MAX_ORDERED: u64 = 100_000;

/// The entries that a search looks at one by one, in order of their numbers.
pub(super) struct Candidates {
    /// A statement that selects them, with their numbers as `place`.
    select: String,
    /// How many of the values belong to that statement.
    parameters: usize,
    direction: &'static str,
    scan: usize,
}

impl Candidates {
    /// The candidates that `select` selects with the values of `conditions`, of which a page looks at `scan`.
    pub(super) fn new(select: String, conditions: &Conditions, order: Order, scan: usize) -> Self {
        let parameters = conditions.count();
        Self { select, parameters, direction: direction(order), scan }
    }

    /// The rest of a statement behind `select … from`: at most `limit` of the candidates that meet further conditions.
    pub(super) fn clauses(&self, further: &str, limit: usize) -> String {
        let Self { select, direction, scan, .. } = self;
        let (scan, limit) = (bound(*scan), bound(limit));
        format!(
            "({select} order by place {direction} limit {scan}) entry
            where true{further} order by place {direction} limit {limit}"
        )
    }

    /// The end of a page that has room left: the last candidate that it looked at, if it looked at as many as it may.
    pub(super) async fn end(&self, client: &Client, conditions: &Conditions) -> Result<PageEnd, Error> {
        let Self { select, parameters, direction, scan } = self;
        if *scan == usize::MAX {
            return Ok(PageEnd::Complete);
        }
        let offset = bound(scan.saturating_sub(1));
        let sql = format!(
            "select place from ({select}) entry order by place {direction} offset {offset} limit 1"
        );
        Ok(match client.query_opt(&sql, &conditions.parameters()[..*parameters]).await? {
            Some(row) => PageEnd::Scanned(EntryId(row.try_get(0)?)),
            None => PageEnd::Complete,
        })
    }
}

/// The page of entries that a filter admits, all of it as of one moment.
pub(super) async fn search(client: &Client, filter: &Filter) -> Result<Page, Error> {
    let mut filter = filter.clone();
    client.batch_execute(READ).await?;
    narrow(client, &mut filter).await?;
    let mut conditions = Conditions::default();
    let select = if are_ordered(client, &filter).await? {
        select_pending(&filter, &mut conditions)
    } else {
        conditions.add_indexed(&filter);
        format!("select *, id as place from entry where true{}", conditions.take_text())
    };
    let candidates = Candidates::new(select, &conditions, filter.order, filter.scan);
    conditions.add_unindexed(&filter);
    let clauses = candidates.clauses(&conditions.take_text(), filter.limit);
    let sql = format!("select {RECORD} from {clauses}");
    let rows = client.query(&sql, &conditions.parameters()).await?;
    let records: Vec<_> = rows.iter().map(record).collect::<Result<_, _>>()?;
    let end = match records.last() {
        Some(last) if records.len() >= filter.limit => PageEnd::Full(last.id),
        _ => candidates.end(client, &conditions).await?,
    };
    client.batch_execute("commit").await?;
    Ok(Page { records, end })
}

/// How many entries a filter admits.
pub(super) async fn count_entries(client: &Client, filter: &Filter) -> Result<u64, Error> {
    let mut filter = filter.clone();
    client.batch_execute(READ).await?;
    narrow(client, &mut filter).await?;
    let mut conditions = Conditions::default();
    conditions.add_indexed(&filter);
    conditions.add_unindexed(&filter);
    let sql = format!("select count(*) from entry where true{}", conditions.take_text());
    let row = client.query_one(&sql, &conditions.parameters()).await?;
    client.batch_execute("commit").await?;
    Ok(count(row.try_get(0)?))
}

/// Whether a search puts the pending entries in order, which are few enough.
async fn are_ordered(client: &Client, filter: &Filter) -> Result<bool, Error> {
    let is_indexed = filter.reason_group.is_some() || filter.of_conversation.is_some();
    if is_indexed || filter.state != Some(State::Pending) {
        return Ok(false);
    }
    let queues = filter.queue.map_or(Queue::ALL.to_vec(), |queue| vec![queue]);
    let numbers: Vec<_> = queues.into_iter().map(queue_number).collect();
    let sql = "select coalesce(sum(pending), 0)::bigint from tally where queue = any($1)";
    Ok(count(client.query_one(sql, &[&numbers]).await?.try_get(0)?) <= MAX_ORDERED)
}

/// The statement that selects the pending entries, which are put in order first.
fn select_pending(filter: &Filter, conditions: &mut Conditions) -> String {
    if let Some(queue) = filter.queue {
        conditions.add("queue = $", queue_number(queue));
    }
    conditions.add_range(filter);
    let (text, direction, scan) = (conditions.take_text(), direction(filter.order), bound(filter.scan));
    // The sum is in no index, so that the index of all numbers is not read for its order.
    format!(
        "select entry.*, place
        from (select id + 0 as place from entry where state = 0{text} order by place {direction} limit {scan}) pending
        join entry on id = place"
    )
}
