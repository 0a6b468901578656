//! Searches among the entries in memory.

use std::collections::{BTreeMap, HashSet};

use crate::journal::{
    conversation_list::{ConversationFilter, ConversationPage},
    dead_group::DeadGroup,
    entry::{EntryId, Record},
    filter::{Filter, Order},
    page::{Page, PageEnd},
    reason_group::ReasonGroup,
};

/// The entries of a journal by their numbers.
pub(super) type Records = BTreeMap<EntryId, Record>;

/// A page of the entries that a filter admits.
pub(super) fn search(records: &Records, filter: &Filter) -> Page {
    let candidates = records.values().filter(|record| filter.looks_at(record));
    match filter.order {
        Order::NewestFirst => page(candidates.rev(), filter),
        Order::OldestFirst => page(candidates, filter),
    }
}

/// All entries that a filter admits, up to its limit.
pub(super) fn list(records: &Records, filter: Filter) -> Vec<Record> {
    search(records, &Filter { scan: usize::MAX, ..filter }).records
}

fn page<'a>(candidates: impl Iterator<Item = &'a Record>, filter: &Filter) -> Page {
    let mut records = Vec::new();
    for (looked_at, record) in candidates.enumerate() {
        if looked_at == filter.scan {
            // The entry before this one was the last that was looked at: the next page begins with this one.
            let last = match filter.order {
                Order::NewestFirst => EntryId(record.id.0 + 1),
                Order::OldestFirst => EntryId(record.id.0 - 1),
            };
            return Page { records, end: PageEnd::Scanned(last) };
        }
        if filter.admits(&record.into()) {
            records.push(record.clone());
        }
        if records.len() == filter.limit {
            return Page { records, end: PageEnd::Full(record.id) };
        }
    }
    Page { records, end: PageEnd::Complete }
}

/// How many entries a filter admits.
pub(super) fn count(records: &Records, filter: &Filter) -> u64 {
    let is_admitted = |record: &&Record| filter.looks_at(record) && filter.admits(&(*record).into());
    records.values().filter(is_admitted).count() as u64
}

/// The newest entry of each of these conversations.
pub(super) fn newest(records: &Records, conversations: Vec<String>) -> Vec<Record> {
    let mut wanted: HashSet<_> = conversations.into_iter().collect();
    records.values().rev().filter(|record| wanted.remove(&record.conversation)).cloned().collect()
}

/// Conversations by their newest entries, newest first.
pub(super) fn conversations(records: &Records, filter: &ConversationFilter) -> ConversationPage {
    let (mut seen, mut conversations) = (HashSet::new(), Vec::new());
    let mut looked_at = 0;
    for (id, record) in records.iter().rev() {
        let is_new = seen.insert(&record.conversation);
        if filter.before.is_some_and(|before| *id >= before) {
            continue;
        }
        if looked_at == filter.scan {
            return ConversationPage { conversations, end: PageEnd::Scanned(EntryId(id.0 + 1)) };
        }
        looked_at += 1;
        if is_new && filter.pattern.matches(&record.conversation) {
            conversations.push((record.conversation.clone(), *id));
        }
        if conversations.len() == filter.limit {
            return ConversationPage { conversations, end: PageEnd::Full(*id) };
        }
    }
    ConversationPage { conversations, end: PageEnd::Complete }
}

/// The dead letters by reason, the largest groups first.
pub(super) fn dead_groups(records: &Records, limit: usize) -> Vec<DeadGroup> {
    let mut groups: BTreeMap<ReasonGroup, Vec<&Record>> = BTreeMap::new();
    for record in records.values() {
        if let Some(group) = record.reason_group() {
            groups.entry(group).or_default().push(record);
        }
    }
    let group = |(group, records): (ReasonGroup, Vec<&Record>)| {
        let (oldest, newest) = (*records.first()?, *records.last()?);
        Some(DeadGroup {
            group,
            queue: newest.queue,
            count: records.len() as u64,
            oldest: oldest.id,
            oldest_at: oldest.accepted_at,
            newest: newest.clone(),
        })
    };
    let mut groups: Vec<_> = groups.into_iter().filter_map(group).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups.truncate(limit);
    groups
}
