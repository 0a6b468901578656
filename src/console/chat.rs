//! Conversations as pages show them: sides, unread messages, states and persons.

use futures_util::future::try_join_all;

use super::{
    api::{ConversationState, ConversationSummary, Person},
    conversation_id,
    reading::Names,
    rows::single,
    state::Console,
    story::state_body,
    texts::Texts,
    why::{person_of, state_of},
};
use crate::{
    desk::is_answer,
    journal::{self, EntryId, Filter, JournalError, Queue, Record},
};

/// The most entries of a conversation among which unread messages are counted.
const MAX_UNREAD: usize = 200;

/// A conversation's key with its newest entry, if that is known, and its state, if that is known.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) key: String,
    pub(super) newest: Option<EntryId>,
    pub(super) state: Option<journal::ConversationState>,
    /// Whether the body of its state is shown.
    pub(super) with_state: bool,
}

/// The side that has written an entry: `user`, `bot`, `person` or `system`.
pub(super) fn side(record: &Record) -> &'static str {
    match (record.queue, record.answers) {
        (Queue::Inbox, None) => "user",
        (Queue::Outbox, Some(_)) => "bot",
        (Queue::Outbox, None) if is_answer(record) => "person",
        (Queue::Outbox, None) | (Queue::Inbox, Some(_)) => "system",
    }
}

/// How many messages of the user have no answer of a person yet, since the conversation was handed over.
pub(super) async fn unread(console: &Console, key: &str, person: &Person) -> Result<u64, JournalError> {
    let filter = Filter {
        of_conversation: Some(key.to_owned()),
        since: Some(person.since),
        limit: MAX_UNREAD,
        scan: MAX_UNREAD,
        ..Filter::default()
    };
    let records = console.journal.search(filter).await?.records;
    let open = records
        .iter()
        .take_while(|record| side(record) != "person" && record.accepted_at > person.since)
        .filter(|record| side(record) == "user");
    Ok(open.count() as u64)
}

/// The person who has a conversation with this state, or for whom it waits.
pub(super) fn person(state: &journal::ConversationState) -> Option<Person> {
    let person = person_of(state)?;
    Some(Person { since: person.since, by: person.by, until: state.expires_at })
}

/// A state in an answer, with its body if that is asked for.
pub(super) fn shown_state(
    state: &journal::ConversationState,
    texts: Option<Texts>,
) -> ConversationState {
    ConversationState {
        dialogue: state.dialogue.clone(),
        version: state.version,
        expires_at: state.expires_at,
        revision: state.revision.0,
        body: texts.and_then(|texts| texts.show(|| state_body(&state.body))),
        hidden: texts == Some(Texts::Hidden),
    }
}

/// Conversations in one line each.
pub(super) async fn summaries(
    console: &Console,
    known: Vec<Known>,
    may_see: impl Fn(bool) -> bool,
) -> Result<Vec<ConversationSummary>, JournalError> {
    let summaries = known.into_iter().map(|known| summary(console, known, &may_see));
    try_join_all(summaries).await
}

/// A conversation in one line, whose newest entry is read with the texts that `may_see` allows.
pub(super) async fn summary(
    console: &Console,
    known: Known,
    may_see: impl Fn(bool) -> bool,
) -> Result<ConversationSummary, JournalError> {
    let Known { key, newest, state, with_state } = known;
    let newest = match newest {
        Some(newest) => console.journal.show(newest).await?,
        None => newest_of(console, &key).await?,
    };
    let state = match state {
        Some(state) => Some(state),
        None => state_of(&*console.journal, &key).await?,
    };
    let person = state.as_ref().and_then(person);
    let texts = Texts::shown_if(may_see(person.is_some()));
    let newest = match newest {
        Some(newest) => Some(single(console.facts(), &newest, texts).await?),
        None => None,
    };
    let Names { app, account, user } = Names::of(&key);
    Ok(ConversationSummary {
        id: conversation_id::of(&key),
        app,
        account,
        user,
        newest,
        state: state.map(|state| shown_state(&state, with_state.then_some(texts))),
        person,
    })
}

/// The newest entry of a conversation.
async fn newest_of(console: &Console, key: &str) -> Result<Option<Record>, JournalError> {
    let filter =
        Filter { of_conversation: Some(key.to_owned()), limit: 1, scan: 1, ..Filter::default() };
    Ok(console.journal.search(filter).await?.records.into_iter().next())
}
