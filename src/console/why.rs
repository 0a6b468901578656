//! Why pending entries are not done yet: what the journal knows, and what only the desk and the senders know.

use std::collections::{HashMap, HashSet};

use futures_util::future::try_join_all;

use super::{api::Why, facts::Facts};
use crate::{
    desk::{PERSON, PersonState},
    journal::{
        Administration, ConversationState, EntryId, JournalError, Pause, PendingReason, Queue, Record,
        State, StateFilter,
    },
    protocol::Conversation,
    worker::PausedAccount,
};

/// The reasons why entries are not done yet, by their numbers.
pub(super) type Reasons = HashMap<EntryId, Why>;

/// Finds out why the pending ones of these entries are not done yet. What several of them wait for is asked for once.
pub(super) async fn reasons(facts: Facts<'_>, records: &[&Record]) -> Result<Reasons, JournalError> {
    let is_pending = |record: &&Record| record.state == State::Pending;
    let pending: Vec<_> = records.iter().copied().filter(is_pending).collect();
    if pending.is_empty() {
        return Ok(Reasons::new());
    }
    let ids = pending.iter().map(|record| record.id).collect();
    let known: HashMap<_, _> = facts.journal.pending_reasons(ids).await?.into_iter().collect();
    let mut circumstances = Circumstances::new(facts);
    let is_ready = |record: &&&Record| {
        record.queue == Queue::Inbox && known.get(&record.id) == Some(&PendingReason::Ready)
    };
    circumstances
        .find_persons(pending.iter().filter(is_ready).map(|record| &*record.conversation))
        .await?;
    let mut reasons = Reasons::new();
    for record in pending {
        // An entry that was settled in this moment has no reason.
        if let Some(reason) = known.get(&record.id) {
            reasons.insert(record.id, circumstances.explain(record, reason).await?);
        }
    }
    Ok(reasons)
}

/// The circumstances that several entries may wait for, each asked for once, when it first matters.
struct Circumstances<'a> {
    facts: Facts<'a>,
    pauses: Option<Vec<Pause>>,
    is_outbox_full: Option<bool>,
    /// The persons who have the conversations of entries that are ready.
    persons: HashMap<String, PersonState>,
}

impl<'a> Circumstances<'a> {
    fn new(facts: Facts<'a>) -> Self {
        Self { facts, pauses: None, is_outbox_full: None, persons: HashMap::new() }
    }

    async fn explain(&mut self, record: &Record, reason: &PendingReason) -> Result<Why, JournalError> {
        let may_be_paused =
            matches!(reason, PendingReason::Due(_) | PendingReason::Ready | PendingReason::Unknown);
        if may_be_paused
            && record.queue == Queue::Outbox
            && let Some(Pause { by, since, .. }) = self.pause(&record.conversation).await?
        {
            return Ok(Why::Paused { by, since });
        }
        Ok(match reason {
            PendingReason::Behind(EntryId(entry)) => Why::Behind { entry: *entry },
            PendingReason::Leased { by, until } => Why::Leased { by: by.clone(), until: *until },
            PendingReason::Blocked(until) => Why::Blocked { until: *until },
            PendingReason::Due(at) => Why::Due { at: *at },
            PendingReason::Unknown if record.queue == Queue::Inbox && self.is_outbox_full().await? => {
                Why::OutboxFull
            }
            PendingReason::Unknown => Why::Unknown,
            PendingReason::Ready if record.queue == Queue::Outbox => Why::Ready,
            PendingReason::Ready => match self.persons.get(&record.conversation).cloned() {
                Some(person) => Why::Person { who: person.by },
                None if self.is_outbox_full().await? => Why::OutboxFull,
                None => Why::Ready,
            },
        })
    }

    /// The pause of the account that a conversation is with.
    async fn pause(&mut self, conversation: &str) -> Result<Option<Pause>, JournalError> {
        if self.pauses.is_none() {
            self.pauses = Some(self.facts.journal.pauses().await?);
        }
        let pauses = self.pauses.iter().flatten();
        let names = Conversation::decode(conversation);
        let key = names.map(|Conversation { app, account, .. }| PausedAccount { app, account }.key());
        Ok(pauses.clone().find(|pause| Some(&pause.account) == key.as_ref()).cloned())
    }

    async fn is_outbox_full(&mut self) -> Result<bool, JournalError> {
        if self.is_outbox_full.is_none() {
            let pending = self.facts.journal.stats().await?.outbox.pending;
            self.is_outbox_full = Some(pending >= self.facts.max_pending);
        }
        Ok(self.is_outbox_full == Some(true))
    }

    /// Finds the persons who have some of these conversations.
    async fn find_persons(
        &mut self,
        conversations: impl Iterator<Item = &str>,
    ) -> Result<(), JournalError> {
        let conversations: HashSet<_> = conversations.collect();
        let states =
            conversations.into_iter().map(|conversation| state_of(self.facts.journal, conversation));
        for state in try_join_all(states).await?.into_iter().flatten() {
            if let Some(person) = person_of(&state) {
                self.persons.insert(state.conversation, person);
            }
        }
        Ok(())
    }
}

/// The state of a conversation.
pub(super) async fn state_of(
    journal: &dyn Administration,
    conversation: &str,
) -> Result<Option<ConversationState>, JournalError> {
    let conversation = Some(conversation.to_owned());
    let filter = StateFilter { conversation, limit: 1, ..StateFilter::default() };
    Ok(journal.states(filter).await?.into_iter().next())
}

/// The person who has a conversation with this state, or for whom it waits.
pub(super) fn person_of(state: &ConversationState) -> Option<PersonState> {
    (state.dialogue == PERSON).then(|| PersonState::read(&state.body)).flatten()
}
