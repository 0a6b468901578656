//! Entries as rows of an answer.

use super::{
    api::{Ending, EntryRow},
    body::body_view,
    facts::Facts,
    reading::Reading,
    texts::Texts,
    why::{Reasons, reasons},
};
use crate::{
    journal::{EntryId, JournalError, Record},
    worker,
};

/// The longest text of a row, in characters.
const TEXT: usize = 200;

/// The rows of entries, each with why it is not done yet.
pub(super) async fn rows(
    facts: Facts<'_>,
    records: &[Record],
    texts: Texts,
) -> Result<Vec<EntryRow>, JournalError> {
    let reasons = reasons(facts, &records.iter().collect::<Vec<_>>()).await?;
    Ok(records.iter().map(|record| row(record, &Reading::of(record), texts, &reasons)).collect())
}

/// The row of one entry.
pub(super) async fn single(
    facts: Facts<'_>,
    record: &Record,
    texts: Texts,
) -> Result<EntryRow, JournalError> {
    let reasons = reasons(facts, &[record]).await?;
    Ok(row(record, &Reading::of(record), texts, &reasons))
}

/// The row of an entry that was read, with why it is not done yet if that is among the `reasons`.
pub(super) fn row(record: &Record, reading: &Reading, texts: Texts, reasons: &Reasons) -> EntryRow {
    let names = reading.names.clone();
    EntryRow {
        id: record.id.0,
        queue: record.queue.as_str().to_owned(),
        state: record.state.as_str().to_owned(),
        kind: reading.kind.to_owned(),
        app: names.app,
        account: names.account,
        user: names.user,
        text: texts.show(|| reading.text().chars().take(TEXT).collect()),
        hidden: !texts.are_shown(),
        message_id: reading.message_id.clone(),
        attempts: record.attempts,
        accepted_at: record.accepted_at,
        due_at: record.due_at,
        settled_at: record.settled_at,
        reason: record.reason.clone(),
        ending: record.ending.as_deref().map(ending),
        // The number of an operator's change is negative, and no entry's.
        answers: record.answers.map(|EntryId(id)| id).filter(|id| *id > 0),
        discarded: record.is_discarded(),
        why: reasons.get(&record.id).cloned(),
        body: (texts == Texts::WithBodies).then(|| body_view(record, texts)),
    }
}

/// The row of an entry with its bytes, as a program reads it that has the journal before it.
impl From<&Record> for EntryRow {
    fn from(record: &Record) -> Self {
        row(record, &Reading::of(record), Texts::WithBodies, &Reasons::new())
    }
}

/// An ending as the worker has written it; a word of another version of this program is shown as it is.
fn ending(text: &str) -> Ending {
    match worker::Ending::parse(text) {
        Some(ending) => ending.into(),
        None => Ending { way: text.to_owned(), by: None },
    }
}

impl From<worker::Ending> for Ending {
    fn from(ending: worker::Ending) -> Self {
        Self { way: ending.word().to_owned(), by: ending.by().map(str::to_owned) }
    }
}
