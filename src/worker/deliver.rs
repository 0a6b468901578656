//! The work on the Outbox: an entry is sent through the API of its app's replies.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{
    apps::find_app,
    options::{PumpOptions, SendRateOptions},
    outcome::{AttemptOutcome, Delay, Done},
    pauses::Pauses,
    rate_limiter::RateLimiter,
    work::Work,
};
use crate::{
    client::{Client, ClientError},
    ids::AppKey,
    journal::{Entry, Outcome, Queue},
    portal::Portal,
    protocol::Outgoing,
};

/// Time after which a reply of an account whose sending is paused comes back to see whether it still is.
const PAUSED_DELAY: Duration = Duration::from_secs(10);

/// Sends the replies of all apps.
#[derive(Debug)]
pub(crate) struct Deliver {
    apps: HashMap<AppKey, App>,
    /// Number of attempts after which a reply is a dead letter.
    attempts: u32,
    /// The accounts to which nothing is sent at present.
    pauses: Pauses,
}

/// The sending of one app's replies.
#[derive(Debug)]
struct App {
    api: ReplyApi,
    limiter: Arc<RateLimiter>,
}

/// The API through which an app's replies are sent.
#[derive(Debug, Clone)]
pub(crate) enum ReplyApi {
    /// The platform's own API.
    Platform(Client),
    /// The portal push API, which does not carry every kind of reply.
    Portal(Portal),
}

impl Deliver {
    /// Sends the replies of the apps in `apis` through their APIs, and each app's replies at most as fast as `rate` says.
    pub(crate) fn new(
        apis: HashMap<AppKey, ReplyApi>,
        options: &PumpOptions,
        rate: &SendRateOptions,
    ) -> Self {
        let app = |(key, api): (AppKey, ReplyApi)| {
            let limiter = RateLimiter::new(key.clone(), rate, options);
            (key, App { api, limiter })
        };
        let apps = apis.into_iter().map(app).collect();
        Self { apps, attempts: options.attempts, pauses: Pauses::default() }
    }

    /// Sends nothing to the accounts in `pauses`, whose replies wait in the journal.
    pub(crate) fn with_pauses(self, pauses: Pauses) -> Self {
        Self { pauses, ..self }
    }

    /// The outcome of an attempt whose call failed. The call began in the `epoch` of the rate limiter.
    fn failure_outcome(
        &self,
        entry: &Entry,
        limiter: &Arc<RateLimiter>,
        epoch: u64,
        error: &ClientError,
    ) -> AttemptOutcome {
        let reason = failure_reason(error);
        if error.answer().is_some() && !error.is_rate_limited() {
            limiter.note_accepted();
        }
        let delay = match error {
            error if error.is_rate_limited() => {
                let delay = limiter.note_refusal(epoch, error);
                // An answer of the platform itself does not count as an attempt. A gateway's answer counts, as its 503
                // does; but it never ends the last attempt.
                if error.errcode().is_none() && entry.attempt < self.attempts {
                    Delay::Exactly(delay)
                } else {
                    Delay::Uncounted(delay)
                }
            }
            ClientError::Transport(_) => Delay::QuickBackoff,
            error if error.is_retryable() => {
                error.retry_after().map_or(Delay::Backoff, Delay::BackoffAfter)
            }
            _ => return AttemptOutcome::Bury { reason },
        };
        AttemptOutcome::Retry { reason, delay }
    }
}

/// The reason why a call failed, with the call, because nothing else names the address to the reader.
fn failure_reason(error: &ClientError) -> String {
    match (error, error.call()) {
        (ClientError::Transport(lost), _) => format!("no answer to {}: {}", lost.call, lost.cause),
        (_, Some(call)) => format!("{call}: {error}"),
        (_, None) => error.to_string(),
    }
}

impl ReplyApi {
    async fn send(&self, outgoing: &Outgoing) -> Result<(), ClientError> {
        match self {
            Self::Platform(client) => client.messages().send(outgoing).await.map(|_| ()),
            Self::Portal(portal) => portal.send(outgoing).await,
        }
    }
}

impl Work for Deliver {
    const QUEUE: Queue = Queue::Outbox;

    async fn run(&self, entry: &Entry) -> AttemptOutcome {
        let (app, App { api, limiter }) = match find_app(&self.apps, entry) {
            Ok(found) => found,
            Err(reason) => return AttemptOutcome::bury(reason),
        };
        let outgoing = match Outgoing::decode(&entry.body) {
            Ok(outgoing) => outgoing,
            Err(error) => return AttemptOutcome::bury(error.to_string()),
        };
        if let Some(by) = self.pauses.paused_by(&app, &outgoing.sender) {
            let reason = format!("sending for the account {} is paused by {by}", outgoing.sender);
            return AttemptOutcome::Retry { reason, delay: Delay::Uncounted(PAUSED_DELAY) };
        }
        let epoch = match limiter.wait_for_turn().await {
            Ok(epoch) => epoch,
            Err(delay) => {
                let reason = "waits for its turn to be sent".to_owned();
                return AttemptOutcome::Retry { reason, delay: Delay::Uncounted(delay) };
            }
        };
        match api.send(&outgoing).await {
            Ok(()) => {
                limiter.note_accepted();
                AttemptOutcome::Done(Done::Handled { by: None, outcome: Outcome::default() })
            }
            Err(error) => self.failure_outcome(entry, limiter, epoch, &error),
        }
    }
}
