//! Searches: bounded looks at entries, page by page.

use tokio::try_join;
use tokio_postgres::{Error, Row};

use super::{
    client::Client,
    conversation_index,
    filter::{Conditions, bound, order_by},
    id_range::narrow,
    records::{RECORD, count, record},
    retry::READ,
};
use crate::journal::{
    EntryId, Filter, Order, Page, PageEnd, Queue, Record, State, driver::numbers::queue_number,
    filter::EntriesOf,
};

/// The most pending entries that are put in order for a page: no index has them in order of their numbers, for every append
/// would have to pay for it. Where more are pending, they are looked for among all entries.
const MAX_ORDERED: u64 = 100_000;
/// How many entries a step of a count looks at.
const COUNT_STEP: usize = 50_000;

/// The entries that a search looks at one by one, in order of their numbers.
pub(super) struct Candidates {
    /// A statement that selects them, with their numbers as `place`.
    select: String,
    /// How many of the values belong to that statement.
    parameters: usize,
    /// The order, which is that of an index.
    order: String,
    scan: usize,
    /// The end of a page that has room left, where it is known beforehand.
    end: Option<PageEnd>,
}

impl Candidates {
    /// The candidates that `select` selects with the values of `conditions`, of which a page looks at `scan`.
    pub(super) fn new(select: String, conditions: &Conditions, order: String, scan: usize) -> Self {
        Self { select, parameters: conditions.count(), order, scan, end: None }
    }

    /// The first `scan` candidates of a filter in an order: those of its conversation or user, or else those that its indexed
    /// conditions leave.
    async fn first(
        client: &Client,
        filter: &Filter,
        order: Order,
        scan: usize,
        conditions: &mut Conditions,
    ) -> Result<Self, Error> {
        match filter.entries_of() {
            Some(of) => Self::by_index(client, filter, of, (order, scan), conditions).await,
            None => Ok(Self::indexed(filter, order, scan, conditions)),
        }
    }

    /// The candidates that a filter's indexed conditions leave.
    fn indexed(filter: &Filter, order: Order, scan: usize, conditions: &mut Conditions) -> Self {
        let column = conditions.add_indexed(filter);
        let select = format!("select *, id as place from entry where true{}", conditions.take_text());
        Self::new(select, conditions, order_by(column, "place", order), scan)
    }

    /// The entries of a conversation or a user, of which the index gives the numbers.
    async fn by_index(
        client: &Client,
        filter: &Filter,
        of: EntriesOf<'_>,
        (order, scan): (Order, usize),
        conditions: &mut Conditions,
    ) -> Result<Self, Error> {
        let range = (filter.after.unwrap_or_default(), filter.before.unwrap_or(EntryId(i64::MAX)));
        let limit = scan.saturating_add(1);
        let ids = conversation_index::entries(client, of, range, order, limit).await?;
        let (looked_at, rest) = ids.split_at(scan.min(ids.len()));
        let cut_at = looked_at.last().filter(|_| !rest.is_empty());
        conditions.add("id = any($::bigint[])", looked_at.iter().map(|id| id.0).collect::<Vec<_>>());
        let select = format!("select *, id as place from entry where true{}", conditions.take_text());
        let end = Some(cut_at.map_or(PageEnd::Complete, |last| PageEnd::Scanned(*last)));
        if let Some(group) = filter.reason_group {
            conditions.add("reason_group = $", group.0);
        }
        Ok(Self { end, ..Self::new(select, conditions, order_by(None, "place", order), scan) })
    }

    /// The pending entries, which are put in order first.
    fn pending(filter: &Filter, conditions: &mut Conditions) -> Self {
        if let Some(queue) = filter.queue {
            conditions.add("queue = $", queue_number(queue));
        }
        conditions.add_range(filter);
        let text = conditions.take_text();
        let (order, scan) = (order_by(None, "place", filter.order), bound(filter.scan));
        // The sum is in no index, so that the index of all numbers is not read for its order.
        let select = format!(
            "select entry.*, place
            from (select id + 0 as place from entry where state = 0{text} {order} limit {scan}) pending
            join entry on id = place"
        );
        Self::new(select, conditions, order, filter.scan)
    }

    /// The source of a statement behind `select … from`: the candidates that a page looks at.
    fn source(&self) -> String {
        let Self { select, order, scan, .. } = self;
        format!("({select} {order} limit {}) entry", bound(*scan))
    }

    /// The rest of a statement behind `select … from`: at most `limit` of the candidates that meet further conditions.
    pub(super) fn clauses(&self, further: &str, limit: usize) -> String {
        format!("{} where true{further} {} limit {}", self.source(), self.order, bound(limit))
    }

    /// A statement that looks at all candidates at once: the `wanted` aggregate of them, whether they are `cut` off by the
    /// bound on them, and the `last` of them.
    fn summary(&self, wanted: &str, order: Order) -> String {
        let (scan, source) = (bound(self.scan), self.source());
        let last = match order {
            Order::NewestFirst => "min",
            Order::OldestFirst => "max",
        };
        format!(
            "select {wanted} as wanted, count(*) >= {scan} as cut, {last}(place) as last from {source}"
        )
    }

    /// The end of a page that has room for all candidates, by a row with the columns of [`summary`](Self::summary).
    fn seen(&self, row: &Row) -> Result<PageEnd, Error> {
        let last = row.try_get::<_, Option<i64>>("last")?.filter(|_| row.get("cut"));
        let seen = last.map_or(PageEnd::Complete, |last| PageEnd::Scanned(EntryId(last)));
        Ok(self.end.unwrap_or(seen))
    }

    /// The end of a page that has room left, where it is not known beforehand: the last candidate that it looked at, if it
    /// looked at as many as it may.
    pub(super) async fn end(&self, client: &Client, conditions: &Conditions) -> Result<PageEnd, Error> {
        let Self { select, parameters, order, scan, .. } = self;
        if *scan == usize::MAX {
            return Ok(PageEnd::Complete);
        }
        let offset = bound(scan.saturating_sub(1));
        let sql = format!("select place from ({select}) entry {order} offset {offset} limit 1");
        Ok(match client.query_opt(&sql, &conditions.parameters()[..*parameters]).await? {
            Some(row) => PageEnd::Scanned(EntryId(row.try_get(0)?)),
            None => PageEnd::Complete,
        })
    }
}

/// The page of entries that a filter admits, all of it as of one moment.
pub(super) async fn search(client: &Client, filter: &Filter) -> Result<Page, Error> {
    let filter = &narrowed(client, filter).await?;
    let has_room = filter.limit >= filter.scan && filter.scan < usize::MAX;
    if has_room && !is_pending(filter) && filter.entries_of().is_none() {
        return look_at_all(client, filter).await;
    }
    in_transaction(client, filter).await
}

/// All entries that a filter of a conversation or a user admits, up to its limit.
pub(super) async fn list_by_index(client: &Client, filter: &Filter) -> Result<Vec<Record>, Error> {
    let filter = Filter { scan: usize::MAX, ..filter.clone() };
    Ok(in_transaction(client, &filter).await?.records)
}

async fn in_transaction(client: &Client, filter: &Filter) -> Result<Page, Error> {
    // Each is sent without waiting for the answer to the one before.
    let ((), page) = try_join!(client.batch_execute(READ), page(client, filter))?;
    Ok(page)
}

/// The page of a filter whose page has room for all entries that it looks at, by one statement: a page that may be full before
/// it has looked at all of them needs another one for its end.
async fn look_at_all(client: &Client, filter: &Filter) -> Result<Page, Error> {
    let mut conditions = Conditions::default();
    let candidates = Candidates::indexed(filter, filter.order, filter.scan, &mut conditions);
    conditions.add_unindexed(filter);
    let wanted = format!("array_agg(place) filter (where true{})", conditions.take_text());
    let (summary, order) =
        (candidates.summary(&wanted, filter.order), order_by(None, "id", filter.order));
    let sql = format!(
        "select {RECORD}, cut, last from ({summary}) looked_at left join entry on id = any(wanted) {order}"
    );
    let rows = client.query(&sql, &conditions.parameters()).await?;
    let end = rows.first().map_or(Ok(PageEnd::Complete), |row| candidates.seen(row))?;
    // With no entry there is a row without one.
    let is_entry = |row: &&Row| row.get::<_, Option<i64>>(0).is_some();
    page_of(rows.iter().filter(is_entry), filter.limit, end)
}

/// The page of a filter whose page may be full before all entries were looked at, in a transaction that it ends.
async fn page(client: &Client, filter: &Filter) -> Result<Page, Error> {
    let mut conditions = Conditions::default();
    let candidates = if are_ordered(client, filter).await? {
        Candidates::pending(filter, &mut conditions)
    } else {
        Candidates::first(client, filter, filter.order, filter.scan, &mut conditions).await?
    };
    conditions.add_unindexed(filter);
    let clauses = candidates.clauses(&conditions.take_text(), filter.limit);
    let (sql, parameters) = (format!("select {RECORD} from {clauses}"), conditions.parameters());
    let (rows, commit) = (client.query(&sql, &parameters), client.batch_execute("commit"));
    if let Some(end) = candidates.end {
        let (rows, ()) = try_join!(rows, commit)?;
        return page_of(rows.iter(), filter.limit, end);
    }
    let rows = rows.await?;
    let has_room = rows.len() < filter.limit;
    let end = if has_room { candidates.end(client, &conditions).await? } else { PageEnd::Complete };
    commit.await?;
    page_of(rows.iter(), filter.limit, end)
}

/// A page of at most `limit` entries, which ends so if it has room left.
fn page_of<'a>(rows: impl Iterator<Item = &'a Row>, limit: usize, end: PageEnd) -> Result<Page, Error> {
    let records: Vec<_> = rows.map(record).collect::<Result<_, _>>()?;
    let full = records.last().filter(|_| records.len() >= limit);
    let end = full.map_or(end, |last| PageEnd::Full(last.id));
    Ok(Page { records, end })
}

/// A filter whose times are a range of numbers as well.
pub(super) async fn narrowed(client: &Client, filter: &Filter) -> Result<Filter, Error> {
    let mut filter = filter.clone();
    narrow(client, &mut filter).await?;
    Ok(filter)
}

/// One step of a count: how many of the next entries a filter admits, and the entry behind which the next step begins.
pub(super) async fn count_step(
    client: &Client,
    filter: &Filter,
) -> Result<(u64, Option<EntryId>), Error> {
    let mut conditions = Conditions::default();
    if is_pending(filter) {
        // The index of the pending entries is not in order of their numbers; they are not many.
        conditions.add_range(filter);
        conditions.add_unindexed(filter);
        let sql = format!("select count(*) from entry where true{}", conditions.take_text());
        let row = client.query_one(&sql, &conditions.parameters()).await?;
        return Ok((count(row.try_get(0)?), None));
    }
    client.batch_execute(READ).await?;
    let order = Order::OldestFirst;
    let candidates = Candidates::first(client, filter, order, COUNT_STEP, &mut conditions).await?;
    conditions.add_unindexed(filter);
    let counted = format!("count(*) filter (where true{})", conditions.take_text());
    let sql = candidates.summary(&counted, order);
    let row = client.query_one(&sql, &conditions.parameters()).await?;
    client.batch_execute("commit").await?;
    Ok((count(row.try_get("wanted")?), candidates.seen(&row)?.next()))
}

/// Whether a filter asks for pending entries, and for no group, conversation or user, which have indexes of their own.
fn is_pending(filter: &Filter) -> bool {
    let is_indexed = filter.reason_group.is_some() || filter.entries_of().is_some();
    !is_indexed && filter.state == Some(State::Pending)
}

/// Whether a search puts the pending entries in order, which are few enough.
async fn are_ordered(client: &Client, filter: &Filter) -> Result<bool, Error> {
    if !is_pending(filter) {
        return Ok(false);
    }
    let queues = filter.queue.map_or(Queue::ALL.to_vec(), |queue| vec![queue]);
    let numbers: Vec<_> = queues.into_iter().map(queue_number).collect();
    let sql = "select coalesce(sum(pending), 0)::bigint from tally where queue = any($1)";
    Ok(count(client.query_one(sql, &[&numbers]).await?.try_get(0)?) <= MAX_ORDERED)
}
