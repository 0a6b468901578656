//! The statement on conversations by their newest entries.

use std::collections::HashSet;

use rusqlite::{Connection, Result, params};

use crate::journal::{ConversationFilter, ConversationPage, EntryId, PageEnd};

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
