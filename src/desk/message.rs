//! The messages that the desk sends: answers of persons, and the sentences around them.

use std::time::Duration;

#[cfg(feature = "console")]
use crate::journal::Record;
use crate::{
    journal::{EntryKey, NewScheduled, Queue},
    protocol::{Conversation, Outgoing, Payload},
};

/// How the text begins that identifies a person's answer, behind its kind.
const ANSWER: &str = "answer ";

/// A message of the desk to a user.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// The key of its entry: a second message with the same key is not sent.
    pub(super) key: EntryKey,
    payload: Payload,
}

impl Message {
    /// A sentence of the desk.
    pub(super) fn notice(payload: Payload) -> Self {
        let key = EntryKey::of(&format!("desk\u{1f}notice {:032x}", rand::random::<u128>()));
        Self { key, payload }
    }

    /// An answer of the person `who`; without a `key` it is a new one each time.
    pub(super) fn answer(
        payload: Payload,
        conversation: &Conversation,
        who: &str,
        key: Option<&str>,
    ) -> Self {
        let text = match key {
            Some(key) => format!("{ANSWER}\u{1f}{}\u{1f}{who}\u{1f}{key}", conversation.encode()),
            None => format!("{ANSWER}{:032x}", rand::random::<u128>()),
        };
        Self { key: EntryKey::of(&format!("desk\u{1f}{text}")), payload }
    }

    /// The entry that sends the message to the user of a conversation at once.
    pub(super) fn to(self, conversation: &Conversation) -> NewScheduled {
        NewScheduled {
            queue: Queue::Outbox,
            key: self.key,
            after: Duration::ZERO,
            body: Outgoing::to_user(conversation, self.payload).encode().into(),
            is_bound: false,
        }
    }
}

/// Whether an entry is a person's answer.
#[cfg(feature = "console")]
pub(crate) fn is_answer(record: &Record) -> bool {
    record.queue == Queue::Outbox && record.key.begins_with(ANSWER)
}
