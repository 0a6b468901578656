//! Works off the Outbox: an entry is sent the way that its app's replies go.

use std::{collections::HashMap, sync::Arc};

use super::{Outcome, Work, backoff, of_app, pace::Pace};
use crate::{
    client::{Client, ClientError},
    config::{PumpSection, RateSection},
    ids::AppKey,
    journal::{Entry, Queue},
    portal::Portal,
    protocol::Outgoing,
};

/// Sends replies.
#[derive(Debug)]
pub struct Deliver {
    apps: HashMap<AppKey, (Channel, Arc<Pace>)>,
    section: PumpSection,
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
    /// Replies of the apps in `channels` are sent through them, each app's at most as fast as `rate` says.
    pub fn new(channels: HashMap<AppKey, Channel>, section: &PumpSection, rate: &RateSection) -> Self {
        let app = |(app, channel): (AppKey, Channel)| {
            let pace = Pace::new(app.clone(), rate, section);
            (app, (channel, pace))
        };
        Self { apps: channels.into_iter().map(app).collect(), section: section.clone() }
    }

    /// What to do about a call of the `round`th round that failed.
    fn failed(&self, entry: &Entry, pace: &Arc<Pace>, round: u64, error: &ClientError) -> Outcome {
        let reason = error.to_string();
        if error.answer().is_some() && !error.is_rate_limited() {
            pace.taken();
        }
        match error {
            error if error.is_rate_limited() => {
                let delay = pace.refused(round, error);
                // The platform's own word is no attempt. A gateway's counts, as its 503 does; but never as the last.
                if error.errcode().is_none() && entry.attempt < self.section.attempts {
                    Outcome::After(reason, delay)
                } else {
                    Outcome::Release(reason, delay)
                }
            }
            ClientError::Transport(_) => {
                Outcome::After(reason, backoff::delay_on_the_way(&self.section, entry.attempt))
            }
            error if error.is_retryable() => match error.retry_after() {
                Some(span) => Outcome::Later(reason, span),
                None => Outcome::Retry(reason),
            },
            _ => Outcome::Bury(reason),
        }
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
        let (channel, pace) = match of_app(&self.apps, entry) {
            Ok((_, app)) => app,
            Err(reason) => return Outcome::Bury(reason),
        };
        let outgoing = match Outgoing::decode(&entry.body) {
            Ok(outgoing) => outgoing,
            Err(error) => return Outcome::Bury(error.to_string()),
        };
        let round = match pace.turn().await {
            Ok(round) => round,
            Err(delay) => return Outcome::Release("waits for its turn to be sent".to_owned(), delay),
        };
        match channel.send(&outgoing).await {
            Ok(()) => {
                pace.taken();
                Outcome::Done { by: None, follow_ups: Vec::new() }
            }
            Err(error) => self.failed(entry, pace, round, &error),
        }
    }
}
