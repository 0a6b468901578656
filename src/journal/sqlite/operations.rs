//! Operations beside the writer thread, each on a connection of its own, and the statements of those that read or copy.

use std::{fs, path::Path};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::{
    connection::connect,
    error::unavailable_error,
    file_lock::wal_of,
    records::{RECORD, record},
    time::operator_moment,
};
use crate::journal::{
    EntryId, EntryKey, JournalError, Options, Pending, Queue, Record, Revision, driver::access::Access,
    time::Moment,
};

pub(super) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
) -> Pending<'static, T> {
    Box::pin(async {
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|panic| Err(JournalError::Unavailable(panic.to_string().into())))
    })
}

/// One transaction on a connection of its own; a server notices it.
pub(super) fn write<T: Send + 'static>(
    path: &Path,
    options: &Options,
    access: Access,
    work: impl FnOnce(&Connection, Moment, &Options) -> rusqlite::Result<T> + Send + 'static,
) -> Pending<'static, T> {
    let (path, options) = (path.to_owned(), options.clone());
    blocking(move || {
        let mut connection = connect(&path, access)?;
        let write = |connection: &mut Connection| {
            let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
            let moment = operator_moment(&transaction, &options.clock)?;
            let result = work(&transaction, moment, &options)?;
            transaction.commit()?;
            Ok(result)
        };
        write(&mut connection).map_err(unavailable_error)
    })
}

/// The size of the file at `path` and of its WAL, in bytes.
pub(super) fn size(path: &Path) -> Pending<'static, u64> {
    let paths = [path.to_owned(), wal_of(path)];
    blocking(move || {
        let [file, wal] = paths.map(|path| fs::metadata(path).map(|metadata| metadata.len()));
        let file = file.map_err(|error| JournalError::Unavailable(error.to_string().into()))?;
        // No process has the journal open where there is no WAL.
        Ok(file + wal.unwrap_or(0))
    })
}

/// The entries of a queue that have one of these keys, in order of acceptance.
pub(super) fn find(
    connection: &Connection,
    queue: Queue,
    keys: &[EntryKey],
) -> rusqlite::Result<Vec<Record>> {
    let mut statement =
        connection.prepare(&format!("select {RECORD} from entry where queue = ?1 and key = ?2"))?;
    let one = |key| statement.query_row(params![queue, key], record).optional().transpose();
    let mut found = keys.iter().filter_map(one).collect::<rusqlite::Result<Vec<_>>>()?;
    found.sort_unstable_by_key(|record| record.id);
    Ok(found)
}

/// Entries after `after`, oldest first.
pub(super) fn page(
    connection: &Connection,
    after: EntryId,
    limit: usize,
) -> rusqlite::Result<Vec<Record>> {
    let mut statement =
        connection.prepare(&format!("select {RECORD} from entry where id > ?1 order by id limit ?2"))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    statement.query_map(params![after, limit], record)?.collect()
}

/// Puts in an entry of another journal as it was; a settled entry is kept as if it had been settled just now.
pub(super) fn restore(connection: &Connection, record: &Record) -> rusqlite::Result<()> {
    let Record { id, queue, state, attempts, due_at, accepted_at, settled_at, answers, .. } = record;
    let (conversation, key, reason, body) =
        (&record.conversation, &record.key, &record.reason, &record.body[..]);
    let before = record.state_step.as_ref().and_then(|step| step.before).map(|Revision(before)| before);
    let after = record.state_step.as_ref().and_then(|step| step.after.as_ref());
    let mut statement = connection.prepare_cached(&format!(
        "insert into entry ({RECORD}, accepted_elapsed, settled_elapsed)
         select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, elapsed,
             iif(?3 = 0, null, elapsed) from journal_time"
    ))?;
    statement
        .execute(params![
            id,
            queue,
            state,
            attempts,
            due_at,
            accepted_at,
            settled_at,
            conversation,
            key,
            reason,
            body,
            answers,
            record.ending,
            record.reason_group(),
            before,
            after.map(|state| &state.dialogue),
            after.map(|state| state.version),
            after.map(|state| &state.body[..])
        ])
        .map(drop)
}

/// One entry.
pub(super) fn show(connection: &Connection, id: EntryId) -> rusqlite::Result<Option<Record>> {
    let sql = format!("select {RECORD} from entry where id = ?1");
    connection.prepare_cached(&sql)?.query_row([id], record).optional()
}
