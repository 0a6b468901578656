//! Conversations by their newest entries.

use tokio_postgres::{Error, Row};

use super::{
    client::Client,
    filter::{Conditions, bound, order_by},
    records::text,
    retry::READ,
    search::Candidates,
};
use crate::journal::{ConversationFilter, ConversationPage, EntryId, Order, PageEnd};

/// The most entries that are looked at for a page, whatever the caller allows.
const MAX_SCAN: usize = 20_000;
/// The most entries that are looked through for conversations that earlier pages had: a page behind more of them may have
/// one of them again.
const EARLIER: usize = 100_000;

/// The conversations that a filter admits, those with the newest entries first, as of one moment.
pub(super) async fn conversations(
    client: &Client,
    filter: &ConversationFilter,
) -> Result<ConversationPage, Error> {
    let ConversationFilter { pattern, before, scan, limit } = filter;
    let mut conditions = Conditions::default();
    let before = before.unwrap_or(EntryId(i64::MAX));
    conditions.add("id < $", before.0);
    let select =
        format!("select id as place, conversation from entry where true{}", conditions.take_text());
    let order = order_by(None, "place", Order::NewestFirst);
    let candidates = Candidates::new(select, &conditions, order, MAX_SCAN.min(*scan));
    conditions.add_pattern(pattern);
    let source = candidates.clauses(&conditions.take_text(), usize::MAX);
    client.batch_execute(READ).await?;
    // An entry of an earlier page makes its conversation one of that page.
    let sql = format!(
        "select conversation, max(place) as place from (
            (select conversation, place from {source})
            union all
            (select conversation, id from entry where id >= $1 order by id limit {EARLIER})
        ) entry
        group by conversation having max(place) < $1 order by place desc limit {}",
        bound(*limit)
    );
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
