//! Conversations by their newest entries.

use tokio_postgres::{Client, Error, Row};

use super::{
    filter::{Conditions, order_by},
    records::text,
    retry::READ,
    search::Candidates,
};
use crate::journal::{ConversationFilter, ConversationPage, EntryId, Order, PageEnd};

/// The most entries that are looked at for a page, whatever the caller allows: each of them costs a look for a newer one.
const MAX_SCAN: usize = 20_000;

/// The condition that an entry is the newest one of its conversation.
const IS_NEWEST: &str = "not exists (
    select from entry newer where newer.conversation_hash = entry.conversation_hash and newer.id > entry.place)";

/// The conversations that a filter admits, those with the newest entries first, as of one moment.
pub(super) async fn conversations(
    client: &Client,
    filter: &ConversationFilter,
) -> Result<ConversationPage, Error> {
    let ConversationFilter { pattern, before, scan, limit } = filter;
    let mut conditions = Conditions::default();
    if let Some(before) = before {
        conditions.add("id < $", before.0);
    }
    let select = "select id as place, conversation, conversation_hash from entry where true";
    let select = format!("{select}{}", conditions.take_text());
    let order = order_by(None, "place", Order::NewestFirst);
    let candidates = Candidates::new(select, &conditions, order, MAX_SCAN.min(*scan));
    conditions.add_pattern(pattern);
    conditions.add_text(IS_NEWEST);
    let clauses = candidates.clauses(&conditions.take_text(), *limit);
    client.batch_execute(READ).await?;
    let sql = format!("select conversation, place from {clauses}");
    let rows = client.query(&sql, &conditions.parameters()).await?;
    let conversations: Vec<_> = rows.iter().map(conversation).collect::<Result<_, _>>()?;
    let end = match conversations.last() {
        Some((_, last)) if conversations.len() >= *limit => PageEnd::Full(*last),
        _ => candidates.end(client, &conditions).await?,
    };
    client.batch_execute("commit").await?;
    Ok(ConversationPage { conversations, end })
}

fn conversation(row: &Row) -> Result<(String, EntryId), Error> {
    Ok((text(row.try_get(0)?), EntryId(row.try_get(1)?)))
}
