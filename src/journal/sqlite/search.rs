//! Searches: the entries that a filter admits, found among those that an index gives in the order of their numbers.
//!
//! A row that a search looks at is read without its body, unless the filter looks for something in bodies. Only the
//! entries that are admitted are read as a whole.

use std::collections::HashMap;

use rusqlite::{Connection, Result, Row, Statement, params_from_iter, types::Value};

use super::{
    conversation_index,
    id_range::{IdRange, id_range},
    records::{RECORD, count as number, record},
};
use crate::journal::{
    EntryId, Filter, Order, Page, PageEnd, Record, State,
    driver::numbers::queue_number,
    filter::{Candidate, EntriesOf},
};

/// A page of the entries that a filter admits.
pub(super) fn search(connection: &Connection, filter: &Filter) -> Result<Page> {
    page(connection, filter, id_range(connection, filter)?)
}

/// All entries that a filter admits, up to its limit.
///
/// Nothing is concluded from the numbers of the entries to their times: a list is exact even if the clock was set back by
/// hours.
pub(super) fn list(connection: &Connection, filter: &Filter) -> Result<Vec<Record>> {
    let filter = Filter { scan: usize::MAX, ..filter.clone() };
    Ok(page(connection, &filter, IdRange::of(&filter))?.records)
}

/// How many entries a filter admits.
pub(super) fn count(connection: &Connection, filter: &Filter) -> Result<u64> {
    let range = id_range(connection, filter)?;
    let filter = &Filter { scan: usize::MAX, ..filter.clone() };
    let by_index_alone = Source::of_count(connection, filter, range)?;
    let is_by_index_alone = by_index_alone.is_some();
    let Source { table, conditions, mut values, .. } = match by_index_alone {
        Some(source) => source,
        None => Source::of(connection, filter, range)?,
    };
    values.extend([range.after.into(), range.before.into()]);
    if is_by_index_alone {
        let sql = format!("select count(*) from {table} where {conditions} and id > ? and id < ?");
        return connection.query_row(&sql, params_from_iter(values), |row| number(row, 0));
    }
    let columns = columns(filter);
    let sql = format!("select {columns} from {table} where {conditions} and id > ? and id < ?");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += u64::from(admits(filter, row)?);
    }
    Ok(count)
}

/// The rows that a search looks at, in the order of their numbers.
struct Source {
    /// The table, with the index that finds the rows.
    table: &'static str,
    conditions: &'static str,
    values: Vec<Value>,
    /// The last of the rows, if the filter's bound has left out those behind it.
    cut_at: Option<EntryId>,
}

impl Source {
    /// The rows that are fewest for sure. Without a name SQLite would choose the index, and with no statistics of the
    /// table it chooses badly.
    fn of(connection: &Connection, filter: &Filter, range: IdRange) -> Result<Self> {
        if let Some(of) = filter.entries_of() {
            return Self::by_index(connection, filter, range, of);
        }
        let (table, conditions) = match (filter.reason_group, filter.state) {
            (Some(_), _) => ("entry indexed by dead_group", "state = 2 and reason_group = ?"),
            // With the condition of the index, without which SQLite does not use it.
            (None, Some(State::Pending)) => ("entry indexed by unsettled", "state = 0 and state <> 1"),
            (None, Some(State::Dead)) => ("entry indexed by unsettled", "state = 2 and state <> 1"),
            (None, Some(State::Done) | None) => ("entry not indexed", "true"),
        };
        let values = filter.reason_group.map(|group| group.0.into()).into_iter().collect();
        Ok(Self { table, conditions, values, cut_at: None })
    }

    /// The rows that the filter admits, where an index alone tells how many there are in a range of numbers.
    fn of_count(connection: &Connection, filter: &Filter, range: IdRange) -> Result<Option<Self>> {
        match (filter.queue, filter.state, filter.reason_group) {
            (None, ..) => {
                is_all_indexed(filter).then(|| Self::of(connection, filter, range)).transpose()
            }
            (Some(queue), Some(State::Dead), None) => {
                let of_any_queue = Filter { queue: None, ..filter.clone() };
                Ok(is_all_indexed(&of_any_queue).then(|| Self {
                    table: "entry indexed by dead_group",
                    conditions: "state = 2 and queue = ?",
                    values: vec![i64::from(queue_number(queue)).into()],
                    cut_at: None,
                }))
            }
            _ => Ok(None),
        }
    }

    /// The entries of a conversation or a user, of which the index gives the numbers.
    fn by_index(
        connection: &Connection,
        filter: &Filter,
        range: IdRange,
        of: EntriesOf<'_>,
    ) -> Result<Self> {
        let range = (EntryId(range.after), EntryId(range.before));
        let (order, limit) = (filter.order, filter.scan.saturating_add(1));
        let mut ids = conversation_index::entries(connection, of, range, order, limit)?;
        let is_cut = ids.len() > filter.scan;
        ids.truncate(filter.scan);
        let cut_at = ids.last().copied().filter(|_| is_cut);
        let ids = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let mut values = vec![format!("[{ids}]").into()];
        let conditions = match of {
            EntriesOf::Conversation(conversation) => {
                values.push(conversation.to_owned().into());
                "id in (select value from json_each(?)) and conversation = ?"
            }
            // The user is part of the filter's pattern.
            EntriesOf::User(_) => "id in (select value from json_each(?))",
        };
        Ok(Self { table: "entry not indexed", conditions, values, cut_at })
    }
}

/// Whether the filter admits all rows of its source in a range of numbers.
fn is_all_indexed(filter: &Filter) -> bool {
    let Filter { queue, state, conversation, of_conversation, reason_group, .. } = filter;
    let by_state = match state {
        None => true,
        Some(State::Dead) => of_conversation.is_none(),
        Some(State::Pending) => of_conversation.is_none() && reason_group.is_none(),
        Some(State::Done) => false,
    };
    by_state
        && (of_conversation.is_none() || reason_group.is_none())
        && queue.is_none()
        && conversation.is_empty()
        && filter.reason.is_none()
        && filter.body.is_empty()
        && filter.since.is_none()
        && filter.until.is_none()
        && filter.settled_since.is_none()
}

/// The columns of a row that is looked at, without those of which the filter asks nothing.
fn columns(filter: &Filter) -> String {
    let conversation = if filter.conversation.is_empty() { "''" } else { "conversation" };
    let reason = if filter.reason.is_none() { "null" } else { "reason" };
    let body = if filter.body.is_empty() { "x''" } else { "body" };
    let group = if filter.reason_group.is_none() { "null" } else { "reason_group" };
    format!("id, queue, state, accepted_at, settled_at, {conversation}, {reason}, {body}, {group}")
}

/// Whether the filter admits the entry of a row with [`columns`].
fn admits(filter: &Filter, row: &Row<'_>) -> Result<bool> {
    let candidate = Candidate {
        queue: row.get(1)?,
        state: row.get(2)?,
        accepted_at: row.get(3)?,
        settled_at: row.get(4)?,
        conversation: row.get_ref(5)?.as_str()?,
        reason: row.get_ref(6)?.as_str_or_null()?,
        body: row.get_ref(7)?.as_blob()?,
    };
    // The index is that of the conversation if the filter names both.
    let is_in_group =
        filter.reason_group.is_none() || row.get(8).map(|group| filter.reason_group == group)?;
    Ok(is_in_group && filter.admits(&candidate))
}

fn page(connection: &Connection, filter: &Filter, range: IdRange) -> Result<Page> {
    let Filter { scan, limit, order, .. } = filter;
    let Source { table, conditions, mut values, cut_at } = Source::of(connection, filter, range)?;
    let order = match order {
        Order::NewestFirst => "order by id desc",
        Order::OldestFirst => "order by id",
    };
    let columns = columns(filter);
    let sql = format!(
        "select {columns} from {table} where {conditions} and id > ? and id < ? {order} limit ?"
    );
    let most = i64::try_from(*scan).unwrap_or(i64::MAX);
    values.extend([range.after.into(), range.before.into(), most.into()]);
    let mut look = connection.prepare_cached(&sql)?;
    let mut read = connection.prepare_cached(&format!("select {RECORD} from entry where id = ?1"))?;
    let mut rows = look.query(params_from_iter(values))?;
    let (mut records, mut looked_at, mut last) = (Vec::new(), 0, EntryId(0));
    while records.len() < *limit {
        let Some(row) = rows.next()? else {
            // Some of the rows may be gone, so that there are fewer of them than the bound though it has cut them off.
            let end = match cut_at {
                Some(last) => PageEnd::Scanned(last),
                None if looked_at < *scan => PageEnd::Complete,
                None => PageEnd::Scanned(last),
            };
            return Ok(Page { records, end });
        };
        (looked_at, last) = (looked_at + 1, row.get(0)?);
        if admits(filter, row)? {
            records.push(read_one(&mut read, last)?);
        }
    }
    Ok(Page { records, end: PageEnd::Full(last) })
}

/// The newest entry of each of these conversations that has one. The entries that are in no index are looked through once for
/// all of them.
pub(super) fn newest(connection: &Connection, conversations: &[String]) -> Result<Vec<Record>> {
    let indexed = conversation_index::last_indexed(connection)?;
    let mut look = connection
        .prepare_cached("select id, conversation from entry not indexed where id > ?1 order by id")?;
    let mut rows = look.query([indexed])?;
    let mut newest: HashMap<_, _> = conversations.iter().map(|key| (key.as_str(), None)).collect();
    while let Some(row) = rows.next()? {
        if let Some(newest) = newest.get_mut(row.get_ref(1)?.as_str()?) {
            *newest = Some(row.get(0)?);
        }
    }
    let mut read = connection.prepare_cached(&format!("select {RECORD} from entry where id = ?1"))?;
    let mut records = Vec::new();
    for (conversation, newest) in newest {
        match newest {
            Some(newest) => records.push(read_one(&mut read, newest)?),
            None => records.extend(newest_before(connection, conversation, EntryId(indexed.0 + 1))?),
        }
    }
    Ok(records)
}

/// The newest entry of a conversation before another entry.
fn newest_before(
    connection: &Connection,
    conversation: &str,
    before: EntryId,
) -> Result<Option<Record>> {
    /// How many times as many entries are looked at after a look that has found none.
    const MORE: usize = 16;
    let of_conversation = Some(conversation.to_owned());
    // The index may name entries that are gone, or other conversations'.
    let mut filter =
        Filter { of_conversation, before: Some(before), limit: 1, scan: 1, ..Filter::default() };
    loop {
        let page = search(connection, &filter)?;
        match page.end {
            PageEnd::Scanned(last) => {
                filter.before = Some(last);
                filter.scan *= MORE;
            }
            PageEnd::Complete | PageEnd::Full(_) => return Ok(page.records.into_iter().next()),
        }
    }
}

fn read_one(read: &mut Statement<'_>, id: EntryId) -> Result<Record> {
    read.query_row([id], record)
}
