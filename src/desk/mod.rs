//! Conversations that a person has (转人工): who waits, a person's answers, and the way back to the bot.
//!
//! While a person has a conversation, its state in the journal is that of the dialogue [`PERSON`]: the worker asks no
//! handler. Whoever takes a conversation over changes that state, and what a handler makes of a message at the same moment
//! does not count, so that two never answer at once. The state names the person who has taken the conversation: of two
//! persons who take it at the same moment, one has it and the other is told who.

mod message;
mod options;
mod person;

use std::{fmt, sync::Arc};

use self::message::Message;
#[cfg(feature = "console")]
pub(crate) use self::message::is_answer;
pub(crate) use self::{options::Options, person::PersonState};
use crate::{
    clock::{Clock, UnixMillis},
    journal::{
        ConversationChange, ConversationState, JournalError, Queue, Records, StateChange, StateFilter,
    },
    protocol::{Conversation, LimitError, Payload},
};

/// The name of the dialogue of a conversation that a person has.
pub const PERSON: &str = "person";

/// How many states are read at once.
const PAGE: usize = 500;

/// How often a change is tried while the conversation changes at the same time.
const TRIES: usize = 64;

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
    /// The name of the person who has taken it; none while it waits for one.
    pub by: Option<String>,
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
    /// Somebody else has taken the conversation.
    #[error("{0} has this conversation: whoever answers it would answer beside them")]
    Taken(String),
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
        let mut filter = StateFilter { dialogue, limit: PAGE, ..StateFilter::default() };
        let mut waiting = Vec::new();
        // The journal lists them by name, so that whoever has waited longest may be the last.
        loop {
            let states = self.journal.states(filter.clone()).await?;
            waiting.extend(states.iter().filter_map(Waiting::read));
            match states.last() {
                Some(last) if states.len() == PAGE => filter.after = Some(last.conversation.clone()),
                _ => break,
            }
        }
        waiting.sort_by_key(|waiting| waiting.since);
        waiting.truncate(limit);
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
            let person = PersonState::waiting(self.clock.now());
            Ok(self.put(&person, self.options.handed_over_payload().map(Message::notice)))
        })
        .await
    }

    /// Gives a conversation that waits for a person to the person `who`. With `from` it is taken from the person of that
    /// name. The time after which it goes back to the bot begins anew.
    ///
    /// # Errors
    ///
    /// [`DeskError::WithBot`]; [`DeskError::Taken`] if somebody else than `from` has it; or the journal cannot be changed.
    pub async fn take(
        &self,
        conversation: &Conversation,
        who: &str,
        from: Option<&str>,
    ) -> Result<(), DeskError> {
        self.change(conversation, |state| {
            let person = self.person_for(who, from, state)?;
            Ok(self.put(&person.taken_by(who), None))
        })
        .await
    }

    /// Sends the answer of the person `who`, who has the conversation from then on. The time after which it goes back to
    /// the bot begins anew. An answer with a `key` that this person has used in this conversation before is not sent again.
    ///
    /// # Errors
    ///
    /// [`DeskError::WithBot`]; [`DeskError::Taken`] if somebody else has the conversation; the answer is over a limit of the
    /// platform; or the journal cannot be changed.
    pub async fn answer(
        &self,
        conversation: &Conversation,
        who: &str,
        key: Option<&str>,
        answer: impl Into<Payload>,
    ) -> Result<(), DeskError> {
        let answer = answer.into();
        answer.check()?;
        let message = Message::answer(answer, conversation, who, key);
        self.change(conversation, |state| {
            let person = self.person_for(who, None, state)?;
            Ok(self.put(&person.taken_by(who), Some(message.clone())))
        })
        .await
    }

    /// Gives a conversation that the person `who` has, or that nobody has taken, back to the bot, and tells the user so.
    ///
    /// # Errors
    ///
    /// [`DeskError::WithBot`]; [`DeskError::Taken`] if somebody else has the conversation; or the journal cannot be changed.
    pub async fn hand_back(&self, conversation: &Conversation, who: &str) -> Result<(), DeskError> {
        self.change(conversation, |state| {
            self.person_for(who, None, state)?;
            Ok((StateChange::Clear, self.options.given_back_payload().map(Message::notice)))
        })
        .await
    }

    /// The state of a conversation that waits for a person, or that a person has.
    fn person(&self, state: Option<&ConversationState>) -> Result<PersonState, DeskError> {
        let state = state.filter(|state| is_with_person(state)).ok_or(DeskError::WithBot)?;
        Ok(PersonState::read(&state.body).unwrap_or_else(|| PersonState::waiting(self.clock.now())))
    }

    /// The state of a conversation that nobody has taken, or that `who` or the person of the name `from` has.
    fn person_for(
        &self,
        who: &str,
        from: Option<&str>,
        state: Option<&ConversationState>,
    ) -> Result<PersonState, DeskError> {
        let person = self.person(state)?;
        match person.by {
            Some(by) if by != who && Some(&*by) != from => Err(DeskError::Taken(by)),
            _ => Ok(person),
        }
    }

    fn put(&self, person: &PersonState, message: Option<Message>) -> (StateChange, Option<Message>) {
        (StateChange::Put(person.to_new(&self.options)), message)
    }

    /// Changes a conversation in the way that `decide` makes of its state, and sends a message to the user.
    async fn change(
        &self,
        conversation: &Conversation,
        decide: impl Fn(Option<&ConversationState>) -> Result<(StateChange, Option<Message>), DeskError>,
    ) -> Result<(), DeskError> {
        let key = conversation.encode();
        for _ in 0..TRIES {
            let filter =
                StateFilter { conversation: Some(key.clone()), limit: 1, ..StateFilter::default() };
            let states = self.journal.states(filter).await?;
            let (state, message) = decide(states.first())?;
            // A request that was repeated finds what it has sent. Two that run at the same moment both find nothing; then the
            // slower one conflicts with the quicker one, and finds its message at the next try.
            if let Some(message) = &message
                && !self.journal.find(Queue::Outbox, vec![message.key]).await?.is_empty()
            {
                return Ok(());
            }
            let change = ConversationChange {
                conversation: key.clone(),
                seen: states.first().map(|state| state.revision),
                state,
                scheduled: message.map(|message| message.to(conversation)).into_iter().collect(),
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
        let person =
            PersonState::read(&state.body).unwrap_or_else(|| PersonState::waiting(UnixMillis(0)));
        Some(Self { conversation, since: person.since, until: state.expires_at, by: person.by })
    }
}

fn is_with_person(state: &ConversationState) -> bool {
    state.dialogue == PERSON
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("options", &self.options).finish_non_exhaustive()
    }
}
