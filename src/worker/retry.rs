//! The decision after an attempt: the entry is finished, tried again later, or buried.

use std::time::Duration;

use super::{
    backoff,
    options::PumpOptions,
    outcome::{AttemptOutcome, Delay, Done},
    progress::Step,
};
use crate::{
    handler::ActiveDialogue,
    journal::{NewState, StateChange},
};

/// The decision, as the journal is told of it.
#[derive(Debug)]
pub(super) enum Decision {
    /// The entry is done.
    Finish(Done),
    /// The entry gets another attempt after the delay.
    Postpone { delay: Duration, reason: String },
    /// The entry gets another attempt after the delay, and this attempt does not count.
    Release { delay: Duration, reason: String },
    /// The entry is a dead letter.
    Bury { reason: String },
}

impl Decision {
    /// Decides what becomes of an entry after its attempt with the number `attempt`.
    pub(super) fn after(outcome: AttemptOutcome, attempt: u32, options: &PumpOptions) -> Self {
        match outcome {
            AttemptOutcome::Done(done) => Self::Finish(done),
            AttemptOutcome::Bury { reason } => Self::Bury { reason },
            AttemptOutcome::Retry { reason, delay: Delay::Uncounted(delay) } => {
                Self::Release { delay, reason }
            }
            AttemptOutcome::Retry { reason, .. } if attempt >= options.attempts => Self::Bury { reason },
            AttemptOutcome::Retry { reason, delay } => {
                Self::Postpone { delay: backoff::delay(options, attempt, delay), reason }
            }
        }
    }

    /// The step that observers and the log are told of, after an attempt that took `took`.
    pub(super) fn step(&self, took: Duration) -> Step {
        match self {
            Self::Finish(Done::Handled { by, outcome }) => {
                let by = by.as_deref().map(str::to_owned);
                Step::Done { by, replies: outcome.follow_ups.len(), took }
            }
            Self::Finish(Done::Kept { .. }) => Step::Kept,
            Self::Finish(Done::Outdated) => Step::Outdated,
            Self::Finish(Done::NotTaken) => Step::NotTaken,
            Self::Finish(Done::Quiet { by }) => Step::Quiet { by: by.to_string() },
            Self::Postpone { delay, reason } => Step::Retry { reason: reason.clone(), after: *delay },
            Self::Release { delay, reason } => Step::Released { reason: reason.clone(), after: *delay },
            Self::Bury { reason } => Step::Dead { reason: reason.clone() },
        }
    }

    /// The step that observers are told of where the state of the conversation changes.
    pub(super) fn state_step(&self) -> Option<Step> {
        let Self::Finish(Done::Handled { outcome, .. } | Done::Kept { outcome }) = self else {
            return None;
        };
        let dialogue = match &outcome.state {
            StateChange::Keep => return None,
            StateChange::Clear => None,
            StateChange::Put(NewState { dialogue, version, body, .. }) => {
                Some(ActiveDialogue::new(dialogue.clone(), *version, body.clone()))
            }
        };
        Some(Step::State { dialogue })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The decision after an attempt that asked for another one after `delay`, in one word, and its delay.
    fn decide(attempt: u32, delay: Delay) -> (&'static str, Duration) {
        let outcome = AttemptOutcome::Retry { reason: "failed".to_owned(), delay };
        match Decision::after(outcome, attempt, &PumpOptions::default()) {
            Decision::Postpone { delay, .. } => ("postpone", delay),
            Decision::Release { delay, .. } => ("release", delay),
            Decision::Bury { .. } => ("bury", Duration::ZERO),
            Decision::Finish(_) => ("finish", Duration::ZERO),
        }
    }

    #[test]
    fn the_last_attempt_buries_whatever_delay_is_asked_for_unless_it_does_not_count() {
        let (last, minute) = (PumpOptions::default().attempts, Duration::from_mins(1));
        for delay in
            [Delay::Backoff, Delay::QuickBackoff, Delay::BackoffAfter(minute), Delay::Exactly(minute)]
        {
            assert_eq!(decide(last - 1, delay).0, "postpone", "{delay:?}");
            assert_eq!(decide(last, delay).0, "bury", "{delay:?}");
        }
        for attempt in [1, last, last + 1] {
            assert_eq!(decide(attempt, Delay::Uncounted(minute)), ("release", minute));
        }
    }
}
