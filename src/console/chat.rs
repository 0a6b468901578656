//! Conversations as pages show them: sides, unread messages, states and persons.

use std::collections::HashMap;

use futures_util::future::try_join_all;

use super::{
    access::Who,
    api::{ConversationState, ConversationSummary, Person},
    conversation_id,
    reading::{Names, Reading},
    rows::row,
    state::Console,
    story::state_body,
    texts::Texts,
    why::{Reasons, person_of, reasons, state_of},
};
use crate::{
    clock::UnixMillis,
    desk::is_answer,
    journal::{self, EntryId, Filter, JournalError, Order, Queue, Record},
};

/// The most entries of a conversation among which unread messages are counted.
const MAX_UNREAD: usize = 200;

/// A conversation's key with its state, if that is known.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) key: String,
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

/// The first entry that was accepted at this time or later; behind all entries if there is none.
pub(super) async fn first_since(console: &Console, since: UnixMillis) -> Result<EntryId, JournalError> {
    let filter = Filter { since: Some(since), order: Order::OldestFirst, limit: 1, ..Filter::default() };
    let first = console.journal.search(filter).await?.records.pop();
    Ok(first.map_or(EntryId(i64::MAX), |first| first.id))
}

/// How many messages of the user have no answer of a person yet, among the newest entries of a conversation since it was
/// handed over. None of them is before the entry `first`.
pub(super) async fn unread(
    console: &Console,
    key: &str,
    since: UnixMillis,
    first: EntryId,
) -> Result<u64, JournalError> {
    let filter = Filter {
        of_conversation: Some(key.to_owned()),
        after: Some(EntryId(first.0 - 1)),
        limit: MAX_UNREAD,
        ..Filter::default()
    };
    let records = console.journal.search(filter).await?.records;
    let open = records
        .iter()
        .filter(|record| record.accepted_at >= since)
        .take_while(|record| side(record) != "person" && record.accepted_at > since)
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

/// Conversations in one line each, whose newest entries are read with the texts that `who` may see.
pub(super) async fn summaries(
    console: &Console,
    known: Vec<Known>,
    who: &Who,
) -> Result<Vec<ConversationSummary>, JournalError> {
    let mut newest = newest_of(console, known.iter().map(|known| known.key.clone())).await?;
    let latest = known.into_iter().map(|known| {
        let newest = newest.remove(&known.key);
        Latest::find(console, known, newest)
    });
    let latest = try_join_all(latest).await?;
    let newest: Vec<_> = latest.iter().filter_map(|latest| latest.newest.as_ref()).collect();
    let reasons = reasons(console.facts(), &newest).await?;
    Ok(latest.into_iter().map(|latest| latest.summary(&reasons, who)).collect())
}

/// A conversation in one line.
pub(super) async fn summary(
    console: &Console,
    known: Known,
    who: &Who,
) -> Result<ConversationSummary, JournalError> {
    let newest = newest_of(console, [known.key.clone()].into_iter()).await?.remove(&known.key);
    let latest = Latest::find(console, known, newest).await?;
    let reasons = reasons(console.facts(), latest.newest.as_ref().as_slice()).await?;
    Ok(latest.summary(&reasons, who))
}

/// A conversation with its newest entry and its state.
#[derive(Debug)]
struct Latest {
    key: String,
    newest: Option<Record>,
    state: Option<journal::ConversationState>,
    with_state: bool,
}

impl Latest {
    /// Looks for the state, if that is not known yet.
    async fn find(
        console: &Console,
        known: Known,
        newest: Option<Record>,
    ) -> Result<Self, JournalError> {
        let Known { key, state, with_state } = known;
        let state = match state {
            Some(state) => Some(state),
            None => state_of(&*console.journal, &key).await?,
        };
        Ok(Self { key, newest, state, with_state })
    }

    fn summary(self, reasons: &Reasons, who: &Who) -> ConversationSummary {
        let Self { key, newest, state, with_state } = self;
        let person = state.as_ref().and_then(person);
        let texts = Texts::shown_if(who.may_see_texts(person.is_some()));
        let Names { app, account, user } = Names::of(&key);
        ConversationSummary {
            id: conversation_id::of(&key),
            app,
            account,
            user,
            newest: newest.map(|newest| row(&newest, &Reading::of(&newest), texts, reasons)),
            state: state.map(|state| shown_state(&state, with_state.then_some(texts))),
            person,
        }
    }
}

/// The newest entries of conversations, by the conversations' keys.
pub(super) async fn newest_of(
    console: &Console,
    keys: impl Iterator<Item = String>,
) -> Result<HashMap<String, Record>, JournalError> {
    let newest = console.journal.newest(keys.collect()).await?;
    Ok(newest.into_iter().map(|record| (record.conversation.clone(), record)).collect())
}
