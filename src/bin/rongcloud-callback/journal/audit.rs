//! The audit list, to which the commands add what they are about to do to the journal.

use std::env;

use rongcloud_callback::{
    journal::{Administration, NewAuditRecord},
    protocol::Conversation,
};
use rustix::{process::getuid, system::uname};

use crate::failure::Failure;

/// Notes an action that is about to be done to `count` entries. What cannot be noted is not done.
pub(super) async fn note(
    journal: &dyn Administration,
    action: &str,
    target: String,
    count: u64,
) -> Result<(), Failure> {
    let record = NewAuditRecord { who: who(), action: action.to_owned(), target, count };
    journal.add_audit(record).await.map_err(|error| {
        Failure::from(error).at("nothing was done, because it cannot be noted in the audit list")
    })
}

/// The name of a conversation in the audit list, as the console writes it.
pub(super) fn target(Conversation { app, account, user }: &Conversation) -> String {
    format!("conversation of {user} with {account} of {app}")
}

/// The person at the command line, as far as the system knows them.
fn who() -> String {
    let named = ["USER", "LOGNAME"].into_iter().filter_map(env::var_os);
    let user = named.filter_map(|user| user.into_string().ok()).find(|user| !user.is_empty());
    let user = user.unwrap_or_else(|| format!("user {}", getuid().as_raw()));
    let system = uname();
    format!("command line ({user}@{})", system.nodename().to_string_lossy())
}
