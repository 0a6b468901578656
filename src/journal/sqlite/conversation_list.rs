//! The statements on conversations as a list, and on groups of dead letters.

use std::collections::HashSet;

use rusqlite::{Connection, Result, params};

use super::records::{RECORD, count, record};
use crate::journal::{ConversationFilter, ConversationPage, DeadGroup, EntryId, PageEnd, ReasonGroup};

/// The most entries that are looked through for conversations that earlier pages had: a page behind more of them may have
/// one of them again.
const EARLIER: i64 = 100_000;

/// Conversations by their newest entries, newest first.
pub(super) fn conversations(
    connection: &Connection,
    filter: &ConversationFilter,
) -> Result<ConversationPage> {
    let ConversationFilter { pattern, before, scan, limit } = filter;
    let mut look = connection.prepare(
        "select id, conversation from entry not indexed where id < ?1 order by id desc limit ?2",
    )?;
    let before = before.unwrap_or(EntryId(i64::MAX));
    let most = i64::try_from(*scan).unwrap_or(i64::MAX);
    let mut rows = look.query(params![before, most])?;
    let mut conversations = Vec::new();
    let (mut seen, mut looked_at, mut last) = (of_earlier_pages(connection, before)?, 0, before);
    while conversations.len() < *limit {
        let Some(row) = rows.next()? else {
            let end = if looked_at < *scan { PageEnd::Complete } else { PageEnd::Scanned(last) };
            return Ok(ConversationPage { conversations, end });
        };
        (looked_at, last) = (looked_at + 1, row.get(0)?);
        let conversation = row.get_ref(1)?.as_str()?;
        if pattern.matches(conversation) && seen.insert(conversation.to_owned()) {
            conversations.push((conversation.to_owned(), last));
        }
    }
    Ok(ConversationPage { conversations, end: PageEnd::Full(last) })
}

/// The conversations that have an entry with this number or a higher one.
fn of_earlier_pages(connection: &Connection, from: EntryId) -> Result<HashSet<String>> {
    let mut look = connection
        .prepare("select conversation from entry not indexed where id >= ?1 order by id limit ?2")?;
    look.query_map(params![from, EARLIER], |row| row.get(0))?.collect()
}

/// The dead letters by reason, the largest groups first.
pub(super) fn dead_groups(connection: &Connection, limit: usize) -> Result<Vec<DeadGroup>> {
    // Counted alone, since SQLite takes twice the time for each further number of a group.
    let mut counts = connection.prepare(
        "select reason_group, count(*) from entry indexed by dead_group
         where state = 2 and reason_group is not null group by reason_group order by 2 desc, 1 limit ?1",
    )?;
    let groups = counts.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
        Ok((row.get::<_, ReasonGroup>(0)?, count(row, 1)?))
    })?;
    let end = |columns: &str, order: &str| {
        connection.prepare(&format!(
            "select {columns} from entry indexed by dead_group
             where state = 2 and reason_group = ?1 order by id {order} limit 1"
        ))
    };
    let (mut first, mut last) = (end("id, accepted_at", "asc")?, end(RECORD, "desc")?);
    let mut found = Vec::new();
    for group in groups {
        let (group, count) = group?;
        let (oldest, oldest_at) = first.query_row([group], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let newest = last.query_row([group], record)?;
        found.push(DeadGroup { group, queue: newest.queue, count, oldest, oldest_at, newest });
    }
    Ok(found)
}
