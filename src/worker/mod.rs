//! The work behind the acknowledgement: one kind of loop, the [`Pump`], works off both queues of the journal.
//!
//! [`Dispatch`] hands the messages of the Inbox to the handlers, [`Deliver`] sends the replies of the Outbox.

mod adaptive_rate;
mod apps;
mod attempt;
mod attempt_log;
mod backoff;
mod deliver;
mod dispatch;
mod ending;
mod options;
mod outage;
mod outcome;
mod panics;
mod progress;
mod pump;
mod rate_limiter;
mod retry;
mod work;

pub(crate) use self::{
    deliver::{Deliver, ReplyApi},
    dispatch::{DialogueOptions, Dispatch, DispatchOptions, OnUnreadable},
    options::{PumpOptions, SendRateOptions},
    progress::Observers,
    pump::Pump,
};
pub use self::{
    ending::Ending,
    progress::{Progress, Step},
};
