//! What runs behind the ack: both queues of the journal, worked off by one kind of loop.

mod backoff;
mod deliver;
mod dispatch;
mod lines;
mod log_limit;
mod outage;
mod outcome;
mod pace;
mod progress;
mod pump;
mod turns;

use std::{any::Any, collections::HashMap};

use crate::{ids::AppKey, journal::Entry, protocol::Conversation};

pub use deliver::{Channel, Deliver};
pub use dispatch::Dispatch;
pub use outcome::Outcome;
pub use progress::{Observers, Progress, Step};
pub use pump::{Pump, Work};

/// The app that an entry belongs to, with what there is for it; or why the entry can only be buried.
fn of_app<'a, T>(apps: &'a HashMap<AppKey, T>, entry: &Entry) -> Result<(AppKey, &'a T), String> {
    let Some(Conversation { app, .. }) = Conversation::decode(&entry.conversation) else {
        return Err("the entry names no conversation".to_owned());
    };
    match apps.get(&app) {
        Some(its) => Ok((app, its)),
        None => Err(format!("no [[apps]] section has the key {app}")),
    }
}

/// What somebody said who panicked.
fn panicked(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
