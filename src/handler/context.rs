//! The context of a message for its handler: app, account, user, attempt, and the client.

use std::sync::Arc;

use super::ActiveDialogue;
use crate::{
    client::Client,
    clock::{Clock, UnixMillis},
    ids::{AccountId, AppKey, UserId},
    protocol::Inbound,
};

/// The context of a message for its handler; cheap to clone.
#[derive(Debug, Clone)]
pub struct Context {
    inbound: Arc<Inbound>,
    app: AppKey,
    client: Client,
    attempt: u32,
    accepted_at: UnixMillis,
    dialogue: Option<Arc<ActiveDialogue>>,
}

impl Context {
    /// The context of the `attempt`th attempt (from 1) at a message of `app`.
    pub fn new(app: AppKey, inbound: Inbound, client: Client, attempt: u32) -> Self {
        let accepted_at = Clock::system().now();
        Self { inbound: Arc::new(inbound), app, client, attempt, accepted_at, dialogue: None }
    }

    /// Sets the time at which the message was accepted.
    #[must_use]
    pub fn with_accepted_at(self, accepted_at: UnixMillis) -> Self {
        Self { accepted_at, ..self }
    }

    /// Sets the dialogue that the conversation is in.
    #[must_use]
    pub fn with_dialogue(self, dialogue: Option<ActiveDialogue>) -> Self {
        Self { dialogue: dialogue.map(Arc::new), ..self }
    }

    /// The whole message or event.
    pub fn inbound(&self) -> &Inbound {
        &self.inbound
    }

    /// The app that the message belongs to.
    pub fn app(&self) -> &AppKey {
        &self.app
    }

    /// The public account that was written to.
    pub fn account(&self) -> &AccountId {
        &self.inbound.account
    }

    /// The user who wrote; a handler's replies go to them.
    pub fn user(&self) -> &UserId {
        &self.inbound.user
    }

    /// The number of this attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The time at which the message was made durable, the same at each attempt.
    pub fn accepted_at(&self) -> UnixMillis {
        self.accepted_at
    }

    /// The dialogue that the conversation is in, for a handler that only looks.
    pub fn dialogue(&self) -> Option<&ActiveDialogue> {
        self.dialogue.as_deref()
    }

    /// The platform's API, for more than replies.
    ///
    /// A call from a handler is made again when the handler runs again; a reply is stored once.
    pub fn client(&self) -> &Client {
        &self.client
    }
}
