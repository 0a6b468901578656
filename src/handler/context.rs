//! What a handler knows besides the message: where it belongs, which attempt this is, and the client.

use std::sync::Arc;

use crate::{
    client::Client,
    clock::{Clock, UnixMillis},
    ids::{AccountId, AppKey, UserId},
    protocol::Inbound,
};

/// What a handler knows besides the message; cheap to clone.
#[derive(Debug, Clone)]
pub struct Context {
    inbound: Arc<Inbound>,
    app: AppKey,
    client: Client,
    attempt: u32,
    accepted_at: UnixMillis,
}

impl Context {
    /// The context of the `attempt`th attempt (from 1) at a message of `app`.
    pub fn new(app: AppKey, inbound: Inbound, client: Client, attempt: u32) -> Self {
        let accepted_at = Clock::system().now();
        Self { inbound: Arc::new(inbound), app, client, attempt, accepted_at }
    }

    /// The same for a message that was accepted at that time, not now.
    #[must_use]
    pub fn with_accepted_at(self, accepted_at: UnixMillis) -> Self {
        Self { accepted_at, ..self }
    }

    /// The whole message or event, as it was read.
    pub fn inbound(&self) -> &Inbound {
        &self.inbound
    }

    /// The app that it belongs to.
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

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// When the message was made durable, the same at each attempt.
    pub fn accepted_at(&self) -> UnixMillis {
        self.accepted_at
    }

    /// The platform's API, for more than replies.
    ///
    /// A call from a handler is made again when the handler runs again; a reply is not.
    pub fn client(&self) -> &Client {
        &self.client
    }
}
