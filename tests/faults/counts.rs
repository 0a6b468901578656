//! The turns of a counting dialogue, counted once more from what was accepted and handled.

use std::collections::{BTreeMap, HashMap};

use rongcloud_callback::{
    Content, Message,
    journal::{ConversationState, Record, State},
    protocol::parse,
};
use serde_json::{Value, json};

/// The turn of a conversation that a message was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turn {
    number: u64,
    text: String,
    /// The text of the message before.
    before: String,
}

/// The turns of all conversations so far.
#[derive(Default)]
pub(crate) struct Counts(HashMap<String, Turn>);

impl Turn {
    /// The reply to the message, which tells the state that the message before has left.
    pub(crate) fn reply(&self) -> String {
        let Self { number, text, before } = self;
        format!("{number}: {text} after {before}")
    }
}

impl Counts {
    /// Counts a message of the Inbox, each in the order of acceptance; none if no dialogue has handled it.
    pub(crate) fn count(&mut self, message: &Record) -> Option<Turn> {
        let text = text(&message.body).filter(|_| message.state == State::Done)?;
        let last = self.0.entry(message.conversation.clone()).or_default();
        let before = std::mem::replace(&mut last.text, text.clone());
        *last = Turn { number: last.number + 1, text, before };
        Some(last.clone())
    }

    /// Each state is what the messages of its conversation make of it: no transition was lost or doubled.
    pub(crate) fn check(&self, states: &[ConversationState]) {
        let stored = states.iter().map(|state| {
            let body: Value = serde_json::from_slice(&state.body).unwrap();
            (&*state.conversation, body)
        });
        let stored: BTreeMap<_, _> = stored.collect();
        let counted = self.0.iter().map(|(conversation, Turn { number, text, .. })| {
            (conversation.as_str(), json!({ "turns": number, "last": text }))
        });
        let counted: BTreeMap<_, _> = counted.collect();
        for (conversation, state) in &counted {
            assert_eq!(stored.get(conversation), Some(state), "{conversation:?}");
        }
        assert_eq!(stored.len(), counted.len(), "states of conversations in which nobody was answered");
    }
}

/// The text of a message, if it is one.
pub(crate) fn text(body: &[u8]) -> Option<String> {
    match parse(body).ok()?.content {
        Content::Message(Message::Text(text)) => Some(text.content),
        _ => None,
    }
}
