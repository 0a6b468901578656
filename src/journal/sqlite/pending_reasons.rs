//! The statements that tell why pending entries are not done yet.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Result};

use super::records::pending_entry;
use crate::{
    clock::UnixMillis,
    journal::{EntryId, PendingReason, PerQueue, queue_state::PendingEntry},
};

/// The entries that are pending among these.
pub(super) fn pending(connection: &Connection, ids: &[EntryId]) -> Result<Vec<PendingEntry>> {
    let mut read = connection.prepare(
        "select id, queue, conversation, due_at, accepted_at from entry where id = ?1 and state = 0",
    )?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(read.query_row([id], pending_entry).optional()?);
    }
    Ok(found)
}

/// Why entries are pending, as far as the file knows: it knows no leases.
pub(super) fn reasons(
    connection: &Connection,
    ids: &[EntryId],
    now: UnixMillis,
) -> Result<Vec<(EntryId, PendingReason)>> {
    let entries = pending(connection, ids)?;
    let heads = heads(connection, &entries)?;
    let reason = |entry: &PendingEntry| match heads[entry.queue].get(&*entry.conversation) {
        Some(Some(head)) if *head < entry.id => PendingReason::Behind(*head),
        _ if entry.times.due_at > now => PendingReason::Due(entry.times.due_at),
        _ => PendingReason::Unknown,
    };
    Ok(entries.iter().map(|entry| (entry.id, reason(entry))).collect())
}

/// The first pending entry of each conversation that these entries belong to.
///
/// One look at the backlog, which is bounded, and only up to the last of these entries.
fn heads<'a>(
    connection: &Connection,
    entries: &'a [PendingEntry],
) -> Result<PerQueue<HashMap<&'a str, Option<EntryId>>>> {
    let mut heads = PerQueue::new(|queue| -> HashMap<_, _> {
        let entries = entries.iter().filter(|entry| entry.queue == queue);
        entries.map(|entry| (&*entry.conversation, None)).collect()
    });
    let mut missing: usize = heads.iter().map(|(_, heads)| heads.len()).sum();
    let last = entries.iter().map(|entry| entry.id).max().unwrap_or(EntryId(0));
    let mut look = connection.prepare(
        "select id, queue, conversation from entry indexed by unsettled
         where state = 0 and state <> 1 and id <= ?1 order by id",
    )?;
    let mut rows = look.query([last])?;
    while missing > 0 {
        let Some(row) = rows.next()? else { break };
        let conversation = row.get_ref(2)?.as_str()?;
        if let Some(head @ None) = heads[row.get(1)?].get_mut(conversation) {
            *head = Some(row.get(0)?);
            missing -= 1;
        }
    }
    Ok(heads)
}
