//! The story of an entry: attempts, replies, and the state of its conversation before and after.

use serde_json::Value;

use super::{
    api::{AttemptRow, EntryRow, PastState, Reply, Story, millis},
    body::body_view,
    conversation_id,
    facts::Facts,
    rows::{rows, single},
    texts::Texts,
};
use crate::journal::{
    self, Administration, EntryId, FailedAttempt, JournalError, Queue, Record, Revision, StateStep,
};

/// How many replies are looked for at once.
const REPLIES: usize = 32;

/// Everything that is known of the entry `id`, with its texts, for a program that has the journal before it; `None` if there
/// is no such entry. `max_pending` is the journal's own bound, by which a full Outbox is known.
///
/// # Errors
///
/// The journal cannot be read.
pub async fn tell_story(
    journal: &dyn Administration,
    max_pending: u64,
    id: EntryId,
) -> Result<Option<Story>, JournalError> {
    let Some(record) = journal.show(id).await? else { return Ok(None) };
    tell(Facts { journal, max_pending }, &record, Texts::WithBodies).await.map(Some)
}

/// Everything that is known of an entry.
pub(super) async fn tell(
    facts: Facts<'_>,
    record: &Record,
    texts: Texts,
) -> Result<Story, JournalError> {
    let entry = single(facts, record, texts).await?;
    let (before, after) = match &record.state_step {
        Some(step) => {
            let after = step.after.as_ref().map(|after| past_state(after, texts));
            (state_before(facts, step, texts).await?, after)
        }
        None => (None, None),
    };
    Ok(Story {
        why: entry.why.clone(),
        entry,
        body: body_view(record, texts),
        conversation: conversation_id::of(&record.conversation),
        attempts: attempts(facts, record.id).await?,
        replies: replies(facts, record, texts).await?,
        answers: answered(facts, record, texts).await?,
        state_before: before,
        state_after: after,
        state_changed: record.state_step.is_some(),
    })
}

/// How many entries the texts of a story are from.
pub(super) fn entries_of(story: &Story) -> usize {
    1 + story.replies.len() + usize::from(story.answers.is_some())
}

async fn attempts(facts: Facts<'_>, id: EntryId) -> Result<Vec<AttemptRow>, JournalError> {
    let attempts = facts.journal.attempts(id).await?;
    Ok(attempts.into_iter().map(AttemptRow::from).collect())
}

impl From<FailedAttempt> for AttemptRow {
    fn from(attempt: FailedAttempt) -> Self {
        let FailedAttempt { number, ended_at, took, reason, replica } = attempt;
        Self { number, ended_at, took: millis(took), reason, replica }
    }
}

/// The replies to a message, in order. Their keys follow from the message's number; some may not be kept any more.
async fn replies(facts: Facts<'_>, record: &Record, texts: Texts) -> Result<Vec<Reply>, JournalError> {
    let mut replies = Vec::new();
    if record.queue != Queue::Inbox {
        return Ok(replies);
    }
    for first in (0..).step_by(REPLIES) {
        let keys = (first..first + REPLIES).map(|index| record.id.reply_key(index)).collect();
        let found = facts.journal.find(Queue::Outbox, keys).await?;
        if found.is_empty() {
            break;
        }
        for (entry, reply) in rows(facts, &found, texts).await?.into_iter().zip(found) {
            replies.push(Reply { entry, attempts: attempts(facts, reply.id).await? });
        }
    }
    Ok(replies)
}

/// The entry from which this one follows, if it is still kept.
async fn answered(
    facts: Facts<'_>,
    record: &Record,
    texts: Texts,
) -> Result<Option<EntryRow>, JournalError> {
    let Some(id) = record.answers.filter(|EntryId(id)| *id > 0) else { return Ok(None) };
    match facts.journal.show(id).await? {
        Some(answered) => single(facts, &answered, texts).await.map(Some),
        None => Ok(None),
    }
}

/// The state before a step, which is kept with the entry that wrote it.
async fn state_before(
    facts: Facts<'_>,
    step: &StateStep,
    texts: Texts,
) -> Result<Option<PastState>, JournalError> {
    let Some(Revision(id)) = step.before else { return Ok(None) };
    let unknown = Ok(Some(PastState::Unknown { unknown: true }));
    if id <= 0 {
        return unknown;
    }
    let writer = facts.journal.show(EntryId(id)).await?;
    match writer.and_then(|writer| writer.state_step).and_then(|step| step.after) {
        Some(before) => Ok(Some(past_state(&before, texts))),
        None => unknown,
    }
}

fn past_state(state: &journal::PastState, texts: Texts) -> PastState {
    PastState::Known {
        dialogue: state.dialogue.clone(),
        version: state.version,
        body: texts.show(|| state_body(&state.body)),
        hidden: !texts.are_shown(),
    }
}

/// The stored state as JSON, or as text where it is none.
pub(super) fn state_body(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(body)))
}
