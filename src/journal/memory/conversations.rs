//! The states of conversations and the scheduled entries, in plain maps.

use std::collections::BTreeMap;

use crate::{
    clock::UnixMillis,
    journal::{
        conversation_state::{ConversationState, LeasedState, Revision, StateChange, StateFilter},
        entry::EntryId,
        outcome::{DueEntry, NewScheduled, Scheduled},
        queue::Queue,
        time::{ClockStep, JournalTime, Moment},
    },
};

/// The states of conversations, and what is scheduled for them.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    states: BTreeMap<String, ConversationState>,
    scheduled: BTreeMap<i64, Scheduled>,
    last_scheduled: i64,
}

impl Conversations {
    /// The revision of a conversation's state.
    pub(super) fn revision(&self, conversation: &str) -> Option<Revision> {
        self.states.get(conversation).map(|state| state.revision)
    }

    /// The state of a conversation for an entry that was accepted at `accepted`.
    pub(super) fn leased(
        &self,
        conversation: &str,
        accepted: JournalTime,
        moment: Moment,
    ) -> Option<LeasedState> {
        let state = self.states.get(conversation)?;
        Some(LeasedState {
            dialogue: state.dialogue.clone(),
            version: state.version,
            body: state.body.clone(),
            revision: state.revision,
            is_expired: state.expires_at <= moment.at(accepted),
        })
    }

    /// Changes the state of a conversation, which has this revision then.
    pub(super) fn change(
        &mut self,
        conversation: &str,
        change: StateChange,
        revision: Revision,
        now: UnixMillis,
    ) {
        match change {
            StateChange::Keep => {}
            StateChange::Clear => drop(self.states.remove(conversation)),
            StateChange::Put(new) => {
                let state = ConversationState {
                    conversation: conversation.to_owned(),
                    dialogue: new.dialogue,
                    version: new.version,
                    body: new.body,
                    revision,
                    expires_at: now.plus(new.expires_in),
                    is_expiring: false,
                };
                self.states.insert(conversation.to_owned(), state);
            }
        }
    }

    /// Schedules entries for a conversation, which follow from the entry `answers`.
    pub(super) fn schedule(
        &mut self,
        conversation: &str,
        entries: Vec<NewScheduled>,
        answers: Option<EntryId>,
        now: UnixMillis,
    ) {
        for NewScheduled { queue, key, after, body, is_bound } in entries {
            self.last_scheduled += 1;
            let scheduled = Scheduled {
                id: self.last_scheduled,
                queue,
                key,
                conversation: conversation.to_owned(),
                answers,
                is_bound,
                due_at: now.plus(after),
                body,
            };
            self.scheduled.insert(scheduled.id, scheduled);
        }
    }

    /// Takes out the entry that became due first; none of the Inbox unless that `has_room`.
    pub(super) fn take_due(&mut self, now: UnixMillis, has_room: bool) -> Option<DueEntry> {
        while let Some(scheduled) = self.take_scheduled(now, has_room) {
            if !scheduled.is_outdated(self.revision(&scheduled.conversation)) {
                return Some(scheduled.into_due());
            }
        }
        if has_room { self.take_expired(now) } else { None }
    }

    /// Takes out the scheduled entry that became due first, unless a state has expired before.
    fn take_scheduled(&mut self, now: UnixMillis, has_room: bool) -> Option<Scheduled> {
        let due = self
            .scheduled
            .values()
            .filter(|entry| entry.due_at <= now && (has_room || entry.queue == Queue::Outbox));
        let first = due.min_by_key(|entry| (entry.due_at, entry.id))?;
        let (id, due_at) = (first.id, first.due_at);
        if has_room && self.next_expired(now).is_some_and(|state| state.expires_at < due_at) {
            return None;
        }
        self.scheduled.remove(&id)
    }

    /// The state that expired first, of those that no entry announces.
    fn next_expired(&self, now: UnixMillis) -> Option<&ConversationState> {
        let expired = self.states.values().filter(|state| !state.is_expiring && state.expires_at <= now);
        expired.min_by(|a, b| (a.expires_at, &a.conversation).cmp(&(b.expires_at, &b.conversation)))
    }

    /// The entry that announces the state that expired first.
    fn take_expired(&mut self, now: UnixMillis) -> Option<DueEntry> {
        let conversation = self.next_expired(now)?.conversation.clone();
        let state = self.states.get_mut(&conversation)?;
        state.is_expiring = true;
        Some(state.clone().into_announcement())
    }

    pub(super) fn list(&self, filter: &StateFilter) -> Vec<ConversationState> {
        let admitted = |state: &&ConversationState| {
            filter.conversation.as_ref().is_none_or(|wanted| state.conversation == *wanted)
                && filter.dialogue.as_ref().is_none_or(|wanted| state.dialogue == *wanted)
                && filter.after.as_ref().is_none_or(|after| state.conversation > *after)
        };
        self.states.values().filter(admitted).take(filter.limit).cloned().collect()
    }

    /// Moves what is due and what expires with the wall clock.
    pub(super) fn follow_clock(&mut self, step: ClockStep) {
        for state in self.states.values_mut() {
            state.expires_at = step.applied_to(state.expires_at);
        }
        for entry in self.scheduled.values_mut() {
            entry.due_at = step.applied_to(entry.due_at);
        }
    }
}
