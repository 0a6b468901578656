//! The answer to a message while it is put together: replies, what becomes of the conversation, and what comes later.

use std::sync::Arc;

use crate::{
    desk,
    desk::PersonState,
    handler::{
        HandlerError, Later, NewDialogueState,
        bounds::{MAX_LATER, MAX_LATER_SPAN},
    },
    journal::{Entry, NewEntry, NewScheduled, NewState, Outcome, Queue, StateChange},
    protocol::{Conversation, LimitError, Outgoing, Payload, Reminder},
    worker::outcome::Done,
};

/// The answer to an entry of the Inbox.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    entry: &'a Entry,
    /// The conversation that the replies go to.
    conversation: Conversation,
    payloads: Vec<Payload>,
    state: StateChange,
    scheduled: Vec<NewScheduled>,
}

impl<'a> Answer<'a> {
    /// No answer yet to an entry, whose replies go to `conversation`.
    pub(super) fn new(entry: &'a Entry, conversation: Conversation) -> Self {
        let (state, scheduled) = (StateChange::Keep, Vec::new());
        Self { entry, conversation, payloads: Vec::new(), state, scheduled }
    }

    /// Whether nothing is sent and nothing changes.
    pub(super) fn is_empty(&self) -> bool {
        self.payloads.is_empty() && self.state == StateChange::Keep && self.scheduled.is_empty()
    }

    pub(super) fn add(&mut self, payloads: impl IntoIterator<Item = Payload>) {
        self.payloads.extend(payloads);
    }

    /// Adds a sentence, unless it is empty.
    pub(super) fn say(&mut self, sentence: &str) {
        self.add((!sentence.is_empty()).then(|| Payload::text(sentence)));
    }

    /// The conversation is in no dialogue afterwards.
    pub(super) fn end(&mut self) {
        self.state = StateChange::Clear;
    }

    /// The conversation is in a dialogue afterwards.
    pub(super) fn put(&mut self, new: NewDialogueState) {
        let NewDialogueState { dialogue, expires_in } = new;
        self.state = StateChange::Put(NewState {
            dialogue: dialogue.name().to_owned(),
            version: dialogue.version(),
            body: dialogue.body().clone(),
            expires_in,
        });
    }

    /// A person has the conversation afterwards, and the user is told so.
    pub(super) fn hand_over(&mut self, options: &desk::Options, person: &PersonState) {
        if self.payloads.is_empty() {
            self.add(options.handed_over_payload());
        }
        self.with_person(options, person);
    }

    /// A person has the conversation afterwards.
    pub(super) fn with_person(&mut self, options: &desk::Options, person: &PersonState) {
        self.state = StateChange::Put(person.to_new(options));
    }

    /// Adds what is sent later: it belongs to the dialogue that the conversation is in afterwards, if this answer says so.
    pub(super) fn add_later(&mut self, later: Vec<Later>) -> Result<(), HandlerError> {
        if later.len() > MAX_LATER {
            let problem = format!("the reply has {} reminders, more than {MAX_LATER}", later.len());
            return Err(HandlerError::permanent(problem));
        }
        let is_bound = matches!(self.state, StateChange::Put(_));
        for (index, Later { after, payloads }) in later.into_iter().enumerate() {
            if after > MAX_LATER_SPAN {
                let problem = format!(
                    "a reminder of the reply comes after {after:?}, more than {MAX_LATER_SPAN:?}"
                );
                return Err(HandlerError::permanent(problem));
            }
            check(&payloads)?;
            self.scheduled.push(NewScheduled {
                queue: Queue::Inbox,
                key: self.entry.id.scheduled_key(index),
                after,
                body: Reminder { is_bound, payloads }.encode().into(),
                is_bound,
            });
        }
        Ok(())
    }

    /// The end of the work on the entry, by the handler or rule `by`.
    pub(super) fn done(self, by: Option<Arc<str>>) -> Result<Done, HandlerError> {
        Ok(Done::Handled { by, outcome: self.into_outcome()? })
    }

    /// Makes entries of the Outbox from the replies. They belong to the same conversation, so that they keep their order.
    ///
    /// The key of each contains the number of the message's entry, which no other entry ever has: a second run of the
    /// handler cannot add a second set of replies.
    pub(super) fn into_outcome(self) -> Result<Outcome, HandlerError> {
        check(&self.payloads)?;
        let Self { entry, conversation, payloads, state, scheduled } = self;
        let key = conversation.encode();
        let enqueue = |(index, payload)| NewEntry {
            queue: Queue::Outbox,
            key: entry.id.reply_key(index),
            conversation: key.clone(),
            body: Outgoing::to_user(&conversation, payload).encode().into(),
            dead: None,
        };
        let follow_ups = payloads.into_iter().enumerate().map(enqueue).collect();
        Ok(Outcome { follow_ups, state, scheduled, ending: None })
    }
}

fn check(payloads: &[Payload]) -> Result<(), HandlerError> {
    payloads.iter().try_for_each(Payload::check).map_err(|limit| LimitError::in_reply(limit).into())
}
