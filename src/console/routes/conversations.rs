//! Conversations: lists, and one of them with its entries.

use super::{
    super::{
        api::{
            ChatEntry, ConversationPage, ConversationQuery, ConversationSummary, ConversationView,
            ConversationsQuery, NextPage, Person, Scanned,
        },
        chat::{Known, first_since, person, shown_state, side, summaries, unread},
        conversation_id,
        error::ApiError,
        reading::{Names, Reading},
        rows::row,
        search::{MAX_SCAN, scanned},
        selection::{known, pattern},
        texts::Texts,
        why::{reasons, state_of},
    },
    call::{Call, limit},
};
use crate::{
    journal::{ConversationFilter, EntryId, Filter, KeyPattern, Record, StateFilter},
    server::admin::Right,
};

/// The name for every dialogue.
const ANY: &str = "*";

/// Lists conversations by their newest entries, or those in one dialogue.
pub(super) async fn list(call: Call, query: ConversationsQuery) -> Result<ConversationPage, ApiError> {
    let limit = limit(query.limit)?;
    let pattern = pattern(query.app.as_deref(), query.account.as_deref(), query.user.as_deref())
        .map_err(ApiError::bad_request)?;
    let with_state = query.bodies == Some(true);
    if with_state {
        call.who.demand(Right::Bodies)?;
    }
    let page = match known(query.dialogue.as_deref()) {
        Some(dialogue) if query.before.is_none() => {
            let filter = StateFilter {
                dialogue: Some(dialogue.to_owned()).filter(|dialogue| dialogue != ANY),
                after: after(query.after.as_deref())?,
                limit,
                ..StateFilter::default()
            };
            in_dialogue(&call, filter, &pattern, with_state).await?
        }
        Some(_) => return Err(ApiError::bad_request("before: write `after` where `dialogue` is given")),
        None if query.after.is_none() => {
            let before = query.before.map(EntryId);
            let filter = ConversationFilter { pattern, before, scan: MAX_SCAN, limit };
            by_activity(&call, filter, with_state).await?
        }
        None => return Err(ApiError::bad_request("after: write `before` where no `dialogue` is given")),
    };
    call.look(texts_in(&page.conversations)).await?;
    Ok(page)
}

async fn by_activity(
    call: &Call,
    filter: ConversationFilter,
    with_state: bool,
) -> Result<ConversationPage, ApiError> {
    let page = call.journal.conversations(filter).await?;
    let known =
        page.conversations.into_iter().map(|(key, _)| Known { key, state: None, with_state }).collect();
    Ok(ConversationPage {
        conversations: summaries(call, known, &call.who).await?,
        next: page.end.next().map(|EntryId(id)| NextPage::Before(id)),
        scanned: scanned(page.end),
    })
}

/// The key of the conversation after which a page begins.
fn after(id: Option<&str>) -> Result<Option<String>, ApiError> {
    let unknown = || ApiError::bad_request("after: no id of a conversation");
    known(id).map(|id| conversation_id::read(id).ok_or_else(unknown)).transpose()
}

/// Conversations in a dialogue, in the order of their keys.
async fn in_dialogue(
    call: &Call,
    filter: StateFilter,
    pattern: &KeyPattern,
    with_state: bool,
) -> Result<ConversationPage, ApiError> {
    let (mut found, mut is_over, mut looked_at) = (Vec::new(), false, 0);
    let mut after = filter.after.clone();
    while found.len() < filter.limit && !is_over && looked_at < MAX_SCAN {
        let wanted = filter.limit - found.len();
        let page = StateFilter { after: after.clone(), limit: wanted, ..filter.clone() };
        let states = call.journal.states(page).await?;
        is_over = states.len() < wanted;
        looked_at += wanted;
        after = states.last().map(|state| state.conversation.clone()).or(after);
        found.extend(states.into_iter().filter(|state| pattern.matches(&state.conversation)));
    }
    let known = found
        .into_iter()
        .map(|state| Known { key: state.conversation.clone(), state: Some(state), with_state })
        .collect();
    Ok(ConversationPage {
        conversations: summaries(call, known, &call.who).await?,
        next: after.filter(|_| !is_over).map(|key| NextPage::After(conversation_id::of(&key))),
        scanned: Scanned { limit: MAX_SCAN as u64, reached: looked_at >= MAX_SCAN, to: None },
    })
}

/// How many of the conversations show a text.
pub(super) fn texts_in(conversations: &[ConversationSummary]) -> usize {
    let newest = conversations.iter().filter_map(|conversation| conversation.newest.as_ref());
    newest.filter(|newest| !newest.hidden).count()
}

/// Shows a conversation with its entries of both directions.
pub(super) async fn show(call: Call, query: ConversationQuery) -> Result<ConversationView, ApiError> {
    let key = call.conversation_key()?;
    let filter = Filter {
        of_conversation: Some(key.clone()),
        before: query.before.map(EntryId),
        limit: limit(query.limit)?,
        scan: MAX_SCAN,
        ..Filter::default()
    };
    let page = call.journal.search(filter).await?;
    let state = state_of(&*call.journal, &key).await?;
    if page.records.is_empty() && state.is_none() && query.before.is_none() {
        return Err(ApiError::not_found(
            "there is no such conversation: it has no state and no entry is kept",
        ));
    }
    let person = state.as_ref().and_then(person);
    let texts = Texts::shown_if(call.who.may_see_texts(person.is_some()));
    let reasons = reasons(call.facts(), &page.records.iter().collect::<Vec<_>>()).await?;
    let entry = |record: &Record| {
        let reading = Reading::of(record);
        ChatEntry {
            entry: row(record, &reading, texts, &reasons),
            side: side(record).to_owned(),
            content: texts.show(|| reading.content),
        }
    };
    let entries: Vec<_> = page.records.iter().map(entry).collect();
    if texts.are_shown() {
        call.look(entries.len().max(1)).await?;
    }
    let Names { app, account, user } = Names::of(&key);
    let unread = match &person {
        Some(Person { since, .. }) => {
            let first = first_since(&call, *since).await?;
            unread(&call, &key, *since, first).await?
        }
        None => 0,
    };
    Ok(ConversationView {
        id: conversation_id::of(&key),
        app,
        account,
        user,
        state: state.map(|state| shown_state(&state, Some(texts))),
        person,
        entries,
        next: page.end.next().map(|EntryId(id)| id),
        scanned: scanned(page.end),
        unread,
    })
}
