//! Why pending entries are not done yet.

use std::sync::LazyLock;

use tokio_postgres::{Error, Row};

use super::{client::Client, fragments::NOW, records::text};
use crate::{
    clock::UnixMillis,
    journal::{EntryId, PendingReason},
};

/// The statement that reads what each of the pending entries `$2` waits for, the times by the clock as it is set now.
static REASONS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select e.id, c.head, e.due_at + s.steps, c.leased_entry, c.lease_until + s.steps, {NOW} + s.steps, r.name
        from unnest($2::bigint[]) with ordinality i (id, place)
        join entry e on e.id = i.id and e.state = 0
        cross join (select clock_steps as steps from version) s
        left join conversation c on c.queue = e.queue and c.conversation_hash = e.conversation_hash
        left join replica r on r.id = c.leased_by
        order by i.place"
    )
});

/// Why the entries are not done yet, as far as they are pending.
pub(super) async fn reasons(
    client: &Client,
    ids: &[EntryId],
    now: Option<i64>,
) -> Result<Vec<(EntryId, PendingReason)>, Error> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    client.query(REASONS.as_str(), &[&now, &ids]).await?.iter().map(reason).collect()
}

fn reason(row: &Row) -> Result<(EntryId, PendingReason), Error> {
    let id: i64 = row.try_get(0)?;
    let (head, due_at): (Option<i64>, i64) = (row.try_get(1)?, row.try_get(2)?);
    let (leased, lease_until): (Option<i64>, Option<i64>) = (row.try_get(3)?, row.try_get(4)?);
    let now: i64 = row.try_get(5)?;
    let lease_until = lease_until.filter(|until| *until > now);
    let reason = match (lease_until, head) {
        (Some(until), _) if leased == Some(id) => {
            let name = row.try_get::<_, Option<Vec<u8>>>(6)?.map(text);
            let by = name.filter(|name| !name.is_empty());
            PendingReason::Leased { by, until: UnixMillis(until) }
        }
        (_, Some(head)) if head != id => PendingReason::Behind(EntryId(head)),
        (until, _) if due_at > now && until.is_none_or(|until| due_at >= until) => {
            PendingReason::Due(UnixMillis(due_at))
        }
        (Some(until), _) => PendingReason::Blocked(UnixMillis(until)),
        (None, _) => PendingReason::Ready,
    };
    Ok((EntryId(id), reason))
}
