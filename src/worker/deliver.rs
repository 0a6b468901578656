//! Works off the Outbox: an entry is sent to the platform.

use std::collections::HashMap;

use super::{Outcome, Work};
use crate::{
    client::Client,
    ids::AppKey,
    journal::{Entry, Queue},
    protocol::{Conversation, Outgoing},
};

/// Sends replies.
#[derive(Debug)]
pub struct Deliver {
    clients: HashMap<AppKey, Client>,
}

impl Deliver {
    /// Replies of the apps in `clients` are sent through them.
    pub fn new(clients: HashMap<AppKey, Client>) -> Self {
        Self { clients }
    }
}

impl Work for Deliver {
    const QUEUE: Queue = Queue::Outbox;

    async fn run(&self, entry: &Entry) -> Outcome {
        let Some(conversation) = Conversation::decode(&entry.conversation) else {
            return Outcome::Bury("the entry names no conversation".to_owned());
        };
        let Some(client) = self.clients.get(&conversation.app) else {
            return Outcome::Bury(format!("no [[apps]] section has the key {}", conversation.app));
        };
        let outgoing = match Outgoing::decode(&entry.body) {
            Ok(outgoing) => outgoing,
            Err(error) => return Outcome::Bury(error.to_string()),
        };
        match client.messages().send(&outgoing).await {
            Ok(_) => Outcome::Done(Vec::new()),
            Err(error) if error.is_rate_limited() => Outcome::Slow(error.to_string()),
            Err(error) if error.is_retryable() => Outcome::Retry(error.to_string()),
            Err(error) => Outcome::Bury(error.to_string()),
        }
    }
}
