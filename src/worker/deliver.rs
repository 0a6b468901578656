//! Works off the Outbox: an entry is sent the way that its app's replies go.

use std::collections::HashMap;

use super::{Outcome, Work, of_app};
use crate::{
    client::{Client, ClientError},
    ids::AppKey,
    journal::{Entry, Queue},
    portal::Portal,
    protocol::Outgoing,
};

/// Sends replies.
#[derive(Debug)]
pub struct Deliver {
    channels: HashMap<AppKey, Channel>,
}

/// Which way an app's replies go out.
#[derive(Debug, Clone)]
pub enum Channel {
    /// Through the platform's own API.
    Platform(Client),
    /// Through the portal push API, which does not carry all of it.
    Portal(Portal),
}

impl Deliver {
    /// Replies of the apps in `channels` are sent through them.
    pub fn new(channels: HashMap<AppKey, Channel>) -> Self {
        Self { channels }
    }
}

impl Channel {
    async fn send(&self, outgoing: &Outgoing) -> Result<(), ClientError> {
        match self {
            Self::Platform(client) => client.messages().send(outgoing).await.map(|_| ()),
            Self::Portal(portal) => portal.send(outgoing).await,
        }
    }
}

impl Work for Deliver {
    const QUEUE: Queue = Queue::Outbox;

    async fn run(&self, entry: &Entry) -> Outcome {
        let channel = match of_app(&self.channels, entry) {
            Ok((_, channel)) => channel,
            Err(reason) => return Outcome::Bury(reason),
        };
        let outgoing = match Outgoing::decode(&entry.body) {
            Ok(outgoing) => outgoing,
            Err(error) => return Outcome::Bury(error.to_string()),
        };
        match channel.send(&outgoing).await {
            Ok(()) => Outcome::Done(Vec::new()),
            Err(error) if error.is_rate_limited() => Outcome::Slow(error.to_string()),
            Err(error) if error.is_retryable() => Outcome::Retry(error.to_string()),
            Err(error) => Outcome::Bury(error.to_string()),
        }
    }
}
