//! The outcome of an attempt: done, retry with a delay, or bury.

use std::{sync::Arc, time::Duration};

use super::ending::Ending;
use crate::journal::Outcome;

/// The outcome of an attempt.
#[derive(Debug)]
pub(crate) enum AttemptOutcome {
    /// Nothing is left to do with the entry.
    Done(Done),
    /// The attempt failed, and another attempt may succeed.
    Retry {
        /// The reason of the failure.
        reason: String,
        /// The time until the next attempt.
        delay: Delay,
    },
    /// The attempt failed, and every other attempt would fail, too.
    Bury {
        /// The reason of the failure.
        reason: String,
    },
}

/// The way in which an entry is done.
#[derive(Debug)]
pub(crate) enum Done {
    /// The message is handled, or the reply is sent.
    Handled {
        /// The name of the rule or handler.
        by: Option<Arc<str>>,
        /// The replies to a message, the change of the conversation's state, and what comes later.
        outcome: Outcome,
    },
    /// A person has the conversation: the message is kept for them.
    Kept {
        /// The change of the conversation's state, and the replies of the person's service.
        outcome: Outcome,
    },
    /// The reminder belongs to a dialogue that has moved on, or a person has the conversation: nothing is sent. Likewise the
    /// end of a state that has changed before.
    Outdated,
    /// No rule and no handler takes the message.
    NotTaken,
    /// A rule would take the message, and keeps quiet on purpose.
    Quiet {
        /// The name of the rule.
        by: Arc<str>,
    },
}

/// The time until the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delay {
    /// A random time whose bound grows with each attempt.
    Backoff,
    /// A random time as with [`Backoff`](Self::Backoff), but within a second after the first attempt: for failures on the
    /// way, such as a connection that was cut. Most of them are over at once, and a conversation waits.
    QuickBackoff,
    /// A random time as with [`Backoff`](Self::Backoff), added to this time.
    BackoffAfter(Duration),
    /// Exactly this time.
    Exactly(Duration),
    /// Exactly this time, and the attempt does not count: it was not the entry's turn.
    Uncounted(Duration),
}

impl Done {
    /// The outcome for the journal, with the ending.
    pub(super) fn outcome(&self) -> Outcome {
        let outcome = match self {
            Self::Handled { outcome, .. } | Self::Kept { outcome } => outcome.clone(),
            Self::NotTaken | Self::Quiet { .. } | Self::Outdated => Outcome::default(),
        };
        Outcome { ending: Some(self.ending().to_string()), ..outcome }
    }

    fn ending(&self) -> Ending {
        match self {
            Self::Handled { by, .. } => Ending::Handled { by: by.as_deref().map(str::to_owned) },
            Self::Kept { .. } => Ending::Kept,
            Self::Outdated => Ending::Outdated,
            Self::NotTaken => Ending::NotTaken,
            Self::Quiet { by } => Ending::Quiet { by: by.to_string() },
        }
    }
}

impl AttemptOutcome {
    /// A failed attempt after which the entry is tried again after the usual time.
    pub(super) fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), delay: Delay::Backoff }
    }

    /// A failed attempt after which the entry is a dead letter.
    pub(super) fn bury(reason: impl Into<String>) -> Self {
        Self::Bury { reason: reason.into() }
    }
}
