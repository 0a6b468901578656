//! Times as numbers of entries: the entries of a span of time are found without a look at others.

use tokio_postgres::Error;

use super::client::Client;
use crate::journal::{EntryId, Filter};

/// By how many milliseconds the times of two entries may be in the other order than their numbers.
const DISORDER: i64 = 10_000;

/// The statement that returns the lowest number from which on entries were accepted at `$1` or later, by a binary search.
const FIRST_SINCE: &str = "
    with recursive range (low, high) as (
        select coalesce(min(id), 0), coalesce(max(id), 0) + 1 from entry
        union all
        select case when coalesce(e.accepted_at >= $1::bigint, true) then low else e.id + 1 end,
            case when coalesce(e.accepted_at >= $1::bigint, true) then (low + high) / 2 else high end
        from range left join lateral (
            select id, accepted_at from entry where id >= (low + high) / 2 order by id limit 1
        ) e on true
        where low < high
    )
    select low from range where low >= high";

/// Narrows a filter's range of numbers to the entries that its times can admit. The times themselves are still to be
/// compared.
pub(super) async fn narrow(client: &Client, filter: &mut Filter) -> Result<(), Error> {
    if let Some(since) = filter.since {
        let first = first_since(client, since.0.saturating_sub(DISORDER)).await?;
        let after = EntryId(first.saturating_sub(1));
        filter.after = Some(filter.after.map_or(after, |it| it.max(after)));
    }
    if let Some(until) = filter.until {
        let before = EntryId(first_since(client, until.0.saturating_add(DISORDER)).await?);
        filter.before = Some(filter.before.map_or(before, |it| it.min(before)));
    }
    Ok(())
}

async fn first_since(client: &Client, time: i64) -> Result<i64, Error> {
    client.query_one(FIRST_SINCE, &[&time]).await?.try_get(0)
}
