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
mod pauses;
mod progress;
mod pump;
mod rate_limiter;
mod retry;
mod shared_state;
mod work;

pub(crate) use self::{
    deliver::{Deliver, ReplyApi},
    dispatch::{DialogueOptions, Dispatch, DispatchOptions, OnUnreadable},
    options::{PumpOptions, SendRateOptions},
    pauses::Pauses,
    progress::Observers,
    pump::Pump,
    shared_state::SharedState,
};
pub use self::{
    ending::Ending,
    pauses::PausedAccount,
    progress::{Progress, Step},
};
