//! How an attempt ended, and what that means for its entry.

use std::{sync::Arc, time::Duration};

use super::{backoff, progress::Step};
use crate::{config::PumpSection, journal::NewEntry};

/// How an attempt ended.
#[derive(Debug)]
pub enum Outcome {
    /// Done.
    Done {
        /// The rule or handler that has done it.
        by: Option<Arc<str>>,
        /// Entries that follow from it.
        follow_ups: Vec<NewEntry>,
    },
    /// Nobody takes it.
    NotTaken,
    /// The rule of this name would take it, and is quiet on purpose.
    Quiet(Arc<str>),
    /// Failed; another attempt may help, later.
    Retry(String),
    /// Failed; another attempt may help, after this time instead of the usual one.
    After(String, Duration),
    /// Not its turn yet: the attempt does not count, and the next one may be after this time.
    Release(String, Duration),
    /// Failed; another attempt may help, but not before this time is over.
    Later(String, Duration),
    /// Failed; another attempt would not help.
    Bury(String),
}

/// The end of an attempt as the journal is told of it.
#[derive(Debug)]
pub(super) enum Verdict {
    Finish(Finish, Vec<NewEntry>),
    Postpone(Duration, String),
    Release(Duration, String),
    Bury(String),
}

/// Why there is nothing left to do with an entry.
#[derive(Debug)]
pub(super) enum Finish {
    Done(Option<Arc<str>>),
    NotTaken,
    Quiet(Arc<str>),
}

impl Outcome {
    /// What becomes of the entry after its `attempt`th attempt.
    pub(super) fn judge(self, attempt: u32, section: &PumpSection) -> Verdict {
        let is_last = attempt >= section.attempts;
        match self {
            Self::Done { by, follow_ups } => Verdict::Finish(Finish::Done(by), follow_ups),
            Self::NotTaken => Verdict::Finish(Finish::NotTaken, Vec::new()),
            Self::Quiet(by) => Verdict::Finish(Finish::Quiet(by), Vec::new()),
            Self::Release(reason, after) => Verdict::Release(after, reason),
            Self::Bury(reason) => Verdict::Bury(reason),
            Self::Retry(reason) | Self::Later(reason, _) | Self::After(reason, _) if is_last => {
                Verdict::Bury(reason)
            }
            Self::Retry(reason) => {
                Verdict::Postpone(backoff::delay_after(section, attempt, Duration::ZERO), reason)
            }
            Self::Later(reason, after) => {
                Verdict::Postpone(backoff::delay_after(section, attempt, after), reason)
            }
            Self::After(reason, after) => Verdict::Postpone(after, reason),
        }
    }
}

impl Verdict {
    /// The same for people, after an attempt that `took` so long.
    pub(super) fn step(&self, took: Duration) -> Step {
        match self {
            Self::Finish(Finish::Done(by), follow_ups) => {
                let by = by.as_deref().map(str::to_owned);
                Step::Done { by, replies: follow_ups.len(), took }
            }
            Self::Finish(Finish::NotTaken, _) => Step::NotTaken,
            Self::Finish(Finish::Quiet(by), _) => Step::Quiet { by: by.to_string() },
            Self::Postpone(after, reason) => Step::Retry { reason: reason.clone(), after: *after },
            Self::Release(after, reason) => Step::Released { reason: reason.clone(), after: *after },
            Self::Bury(reason) => Step::Dead { reason: reason.clone() },
        }
    }
}
