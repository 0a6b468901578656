//! Entries: lists, stories, and what is done to one of them.

use super::{
    super::{
        api::{Empty, EntriesQuery, EntryPage, EntryRow, Story, StoryQuery},
        error::ApiError,
        rows::{rows, single},
        search::{Paging, search},
        selection::Selection,
        story,
        texts::Texts,
        why::{person_of, state_of},
    },
    call::{Call, limit},
};
use crate::{
    console::live::Change,
    journal::{EntryId, JournalError, Order, Record, State},
    server::admin::Right,
};

/// Lists the entries that a filter admits.
pub(super) async fn list(call: Call, query: EntriesQuery) -> Result<EntryPage, ApiError> {
    let selection = Selection::read(&query.filter).map_err(ApiError::bad_request)?;
    if selection.looks_for_text() {
        call.who.demand(Right::Bodies)?;
    }
    let order = match query.paging.order.as_deref() {
        None | Some("newest") => Order::NewestFirst,
        Some("oldest") => Order::OldestFirst,
        Some(_) => return Err(ApiError::bad_request("order: write `newest` or `oldest`")),
    };
    let paging = Paging {
        before: query.paging.before.map(EntryId),
        after: query.paging.after.map(EntryId),
        order,
        limit: limit(query.paging.limit)?,
    };
    let found = search(&*call.journal, &selection, paging).await?;
    let mut texts = Texts::shown_if(call.sees_all());
    if query.paging.bodies == Some(true) {
        call.who.demand(Right::Bodies)?;
        texts = Texts::WithBodies;
    }
    let entries = rows(call.facts(), &found.records, texts).await?;
    if texts.are_shown() {
        call.look(entries.len()).await?;
    }
    Ok(EntryPage { entries, next: found.next.map(|EntryId(id)| id), scanned: found.scanned })
}

/// Shows one entry with everything that is known of it.
pub(super) async fn show(call: Call, query: StoryQuery) -> Result<Story, ApiError> {
    let record = find(&call).await?;
    let mut texts = texts_of(&call, &record).await?;
    if query.bodies == Some(true) {
        if !texts.are_shown() {
            call.who.demand(Right::Bodies)?;
        }
        texts = Texts::WithBodies;
    }
    let story = story::tell(call.facts(), &record, texts).await?;
    if texts.are_shown() {
        call.look(story::entries_of(&story)).await?;
    }
    Ok(story)
}

/// Makes a dead letter pending again.
pub(super) async fn revive(call: Call, _: Empty) -> Result<EntryRow, ApiError> {
    let record = find(&call).await?;
    if record.state != State::Dead {
        let reason = format!(
            "entry {} is {}: only a dead letter can be revived",
            record.id,
            record.state.as_str()
        );
        return Err(ApiError::conflict(reason));
    }
    call.act("revive", &format!("entry {}", record.id), 1).await?;
    changed(&call, call.journal.revive(record.id).await).await
}

/// Marks a dead or pending entry as done.
pub(super) async fn discard(call: Call, _: Empty) -> Result<EntryRow, ApiError> {
    let record = find(&call).await?;
    if record.state == State::Done {
        let reason = format!("entry {} is done already: there is nothing to discard", record.id);
        return Err(ApiError::conflict(reason));
    }
    call.act("discard", &format!("entry {}", record.id), 1).await?;
    changed(&call, call.journal.discard(record.id).await).await
}

/// The row of the entry after a change. An entry that was there a moment ago has changed meanwhile if it is not found now.
async fn changed(call: &Call, result: Result<(), JournalError>) -> Result<EntryRow, ApiError> {
    match result {
        Err(JournalError::NotFound(reason)) => Err(ApiError::conflict(reason)),
        Err(error) => Err(error.into()),
        Ok(()) => {
            call.events.note_change(Change::Stats);
            call.events.note_change(Change::DeadLetters);
            let record = find(call).await?;
            let texts = texts_of(call, &record).await?;
            let row = single(call.facts(), &record, texts).await?;
            if texts.are_shown() {
                call.look(1).await?;
            }
            Ok(row)
        }
    }
}

async fn find(call: &Call) -> Result<Record, ApiError> {
    let id = call.entry()?;
    let record = call.journal.show(id).await?;
    record.ok_or_else(|| {
        ApiError::not_found(format!(
            "there is no entry {id}: finished ones are kept for `journal.keep`, dead letters for `journal.keep_dead`"
        ))
    })
}

/// Whether the texts of an entry are shown: a person at the desk sees those of conversations that persons have.
async fn texts_of(call: &Call, record: &Record) -> Result<Texts, ApiError> {
    let is_with_person = !call.sees_all()
        && call.who.may(Right::Answer)
        && state_of(&*call.journal, &record.conversation).await?.as_ref().and_then(person_of).is_some();
    Ok(Texts::shown_if(call.who.may_see_texts(is_with_person)))
}
