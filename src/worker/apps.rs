//! The app of an entry.

use std::collections::HashMap;

use crate::{ids::AppKey, journal::Entry, protocol::Conversation};

/// Finds the app that an entry belongs to, with its value in `apps`. The error is the reason to bury the entry.
pub(super) fn find_app<'a, T>(
    apps: &'a HashMap<AppKey, T>,
    entry: &Entry,
) -> Result<(AppKey, &'a T), String> {
    let Some(Conversation { app, .. }) = Conversation::decode(&entry.conversation) else {
        return Err("the entry names no conversation".to_owned());
    };
    match apps.get(&app) {
        Some(value) => Ok((app, value)),
        None => Err(format!("no [[apps]] section has the key {app}")),
    }
}
