//! The dialogue that a conversation is in, as handlers see it.

use bytes::Bytes;

/// The dialogue that a conversation is in, and its stored state.
///
/// [`get`](Self::get) reads the state; whoever only looks leaves it as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveDialogue {
    name: String,
    version: u32,
    body: Bytes,
}

impl ActiveDialogue {
    /// A dialogue of this name, whose state was written as JSON by this version of it.
    pub fn new(name: impl Into<String>, version: u32, body: impl Into<Bytes>) -> Self {
        Self { name: name.into(), version, body: body.into() }
    }

    /// The name of the dialogue: that of its type, `rule:NAME` for a service that a rule forwards to, or `person` while a
    /// person has the conversation.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the dialogue that has written the state.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The stored state, as JSON.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}
