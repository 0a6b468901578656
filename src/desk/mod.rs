//! Conversations that a person has (转人工): who waits, a person's answers, and the way back to the bot.
//!
//! While a person has a conversation, its state in the journal is that of the dialogue [`PERSON`]: the worker asks no
//! handler. Whoever takes a conversation over changes that state, and what a handler makes of a message at the same moment
//! does not count, so that two never answer at once.

mod options;
mod person;

use std::{fmt, sync::Arc, time::Duration};

pub(crate) use self::{options::Options, person::PersonState};
use crate::{
    clock::{Clock, UnixMillis},
    journal::{
        ConversationChange, ConversationState, EntryKey, JournalError, NewScheduled, Queue, Records,
        StateChange, StateFilter,
    },
    protocol::{Conversation, LimitError, Outgoing, Payload},
};

/// The name of the dialogue of a conversation that a person has.
pub const PERSON: &str = "person";

/// How often a change is tried while the conversation changes at the same time.
const TRIES: usize = 16;

/// The conversations that persons have, for those who answer: a program, the executable, a page.
#[derive(Clone)]
pub struct Desk {
    journal: Arc<dyn Records>,
    options: Options,
    clock: Clock,
}

/// A conversation that waits for a person, or that a person has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The conversation.
    pub conversation: Conversation,
    /// The time at which it was handed over.
    pub since: UnixMillis,
    /// The time at which it goes back to the bot, unless somebody writes before.
    pub until: UnixMillis,
}

/// The reason why a conversation was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// A person has the conversation already.
    #[error("a person has this conversation already")]
    WithPerson,
    /// The bot has the conversation: whoever answers it would answer beside the bot.
    #[error("the bot has this conversation: hand it over to a person first")]
    WithBot,
    /// The answer is nothing that the platform takes.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The journal could not do it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Desk {
    /// The conversations in a journal.
    pub(crate) fn new(journal: Arc<dyn Records>, options: Options, clock: Clock) -> Self {
        Self { journal, options, clock }
    }

    /// The conversations that persons have, the longest-waiting first, at most `limit`.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub async fn waiting(&self, limit: usize) -> Result<Vec<Waiting>, JournalError> {
        let dialogue = Some(PERSON.to_owned());
        let states = self.journal.states(StateFilter { dialogue, limit, ..StateFilter::default() });
        let mut waiting: Vec<_> = states.await?.iter().filter_map(Waiting::read).collect();
        waiting.sort_by_key(|waiting| waiting.since);
        Ok(waiting)
    }

    /// Gives a conversation to a person, and tells the user so. A dialogue that it is in ends.
    ///
    /// # Errors
    ///
    /// [`DeskError::WithPerson`], or the journal cannot be changed.
    pub async fn hand_over(&self, conversation: &Conversation) -> Result<(), DeskError> {
        self.change(conversation, |state| {
            if state.is_some_and(is_with_person) {
                return Err(DeskError::WithPerson);
            }
            let state = PersonState { since: self.clock.now() };
            Ok((StateChange::Put(state.to_new(&self.options)), self.options.handed_over_payload()))
        })
        .await
    }

    /// Sends a person's answer. The time after which the conversation goes back to the bot begins anew.
    ///
    /// # Errors
    ///
    /// [`DeskError::WithBot`], the answer is over a limit of the platform, or the journal cannot be changed.
    pub async fn answer(
        &self,
        conversation: &Conversation,
        answer: impl Into<Payload>,
    ) -> Result<(), DeskError> {
        let answer = answer.into();
        answer.check()?;
        self.change(conversation, |state| {
            let state = state.filter(|state| is_with_person(state)).ok_or(DeskError::WithBot)?;
            let state =
                PersonState::read(&state.body).unwrap_or(PersonState { since: self.clock.now() });
            Ok((StateChange::Put(state.to_new(&self.options)), Some(answer.clone())))
        })
        .await
    }

    /// Gives a conversation back to the bot, and tells the user so.
    ///
    /// # Errors
    ///
    /// [`DeskError::WithBot`], or the journal cannot be changed.
    pub async fn hand_back(&self, conversation: &Conversation) -> Result<(), DeskError> {
        self.change(conversation, |state| {
            state.filter(|state| is_with_person(state)).ok_or(DeskError::WithBot)?;
            Ok((StateChange::Clear, self.options.given_back_payload()))
        })
        .await
    }

    /// Changes a conversation in the way that `decide` makes of its state, and sends a payload to the user.
    async fn change(
        &self,
        conversation: &Conversation,
        decide: impl Fn(Option<&ConversationState>) -> Result<(StateChange, Option<Payload>), DeskError>,
    ) -> Result<(), DeskError> {
        let key = conversation.encode();
        for _ in 0..TRIES {
            let filter =
                StateFilter { conversation: Some(key.clone()), limit: 1, ..StateFilter::default() };
            let states = self.journal.states(filter).await?;
            let (state, payload) = decide(states.first())?;
            let change = ConversationChange {
                conversation: key.clone(),
                seen: states.first().map(|state| state.revision),
                state,
                scheduled: payload.map(|payload| to_send(conversation, payload)).into_iter().collect(),
            };
            // Somebody else, the bot or another person, has been quicker: what is right now may be something else.
            match self.journal.change_conversation(change).await {
                Err(JournalError::Conflict) => {}
                changed => return Ok(changed?),
            }
        }
        Err(JournalError::Conflict.into())
    }
}

impl Waiting {
    fn read(state: &ConversationState) -> Option<Self> {
        let conversation = Conversation::decode(&state.conversation)?;
        let since = PersonState::read(&state.body).map_or(UnixMillis(0), |person| person.since);
        Some(Self { conversation, since, until: state.expires_at })
    }
}

fn is_with_person(state: &ConversationState) -> bool {
    state.dialogue == PERSON
}

/// The entry that sends a payload to the user of a conversation at once.
fn to_send(conversation: &Conversation, payload: Payload) -> NewScheduled {
    NewScheduled {
        queue: Queue::Outbox,
        key: EntryKey::of(&format!("desk\u{1f}{:032x}", rand::random::<u128>())),
        after: Duration::ZERO,
        body: Outgoing::to_user(conversation, payload).encode().into(),
        is_bound: false,
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("options", &self.options).finish_non_exhaustive()
    }
}
