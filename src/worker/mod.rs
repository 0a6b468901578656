//! What runs behind the ack: both queues of the journal, worked off by one kind of loop.

mod backoff;
mod deliver;
mod dispatch;
mod pump;

pub use deliver::{Channel, Deliver};
pub use dispatch::Dispatch;
pub use pump::{Outcome, Pump, Work};
