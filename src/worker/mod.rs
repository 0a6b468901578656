//! What runs behind the ack: both queues of the journal, worked off by one kind of loop.

mod backoff;
mod deliver;
mod dispatch;
mod outage;
mod pace;
mod pump;
mod turns;

use std::collections::HashMap;

use crate::{ids::AppKey, journal::Entry, protocol::Conversation};

pub use deliver::{Channel, Deliver};
pub use dispatch::Dispatch;
pub use pump::{Outcome, Pump, Work};

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
