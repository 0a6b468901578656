//! Dead letters: authentic bodies that are not accepted, kept for the operator.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::id_limit::LONGEST_ID;
use crate::{
    ids::{AccountId, AppKey, UserId},
    journal::{EntryKey, NewEntry, Queue},
    protocol::{Conversation, parse, sender},
};

/// The separator of the parts of a key; no id contains it.
const SEPARATOR: char = '\u{1f}';

/// Builds the dead letter of a body that is not one of the platform's messages, or that cannot be accepted for `reason`.
pub(super) fn unreadable_body(app: &AppKey, body: Bytes, reason: String) -> NewEntry {
    let digest = digest(&body);
    NewEntry {
        queue: Queue::Inbox,
        key: EntryKey::of(&format!("{app}{SEPARATOR}b{SEPARATOR}{digest}")),
        conversation: conversation(app, &body, &digest),
        body,
        dead: Some(reason),
    }
}

/// Builds the dead letter of a body that came under the signature of another body; `None` if the body is a probe.
///
/// The key of the dead letter is not the key of the message: the same message under a signature of its own is accepted.
pub(super) fn conflicting_body(app: &AppKey, body: Bytes) -> Option<NewEntry> {
    if parse(&body).is_ok_and(|inbound| inbound.is_probe()) {
        return None;
    }
    let digest = digest(&body);
    let conversation = conversation(app, &body, &digest);
    let reason = "its signature came with another body before: the platform has signed two messages alike, or somebody \
                  uses an address that was seen. If it is genuine, revive it; if not, discard it"
        .to_owned();
    let key = EntryKey::of(&format!("{app}{SEPARATOR}s{SEPARATOR}{digest}"));
    Some(NewEntry { queue: Queue::Inbox, key, conversation, body, dead: Some(reason) })
}

/// The conversation that the body names for certain; otherwise a conversation of its own, named after the body's digest.
fn conversation(app: &AppKey, body: &[u8], digest: &str) -> String {
    let (account, user) = sender(body)
        .filter(|(account, user)| {
            [account.as_str(), user.as_str()].iter().all(|id| id.len() <= LONGEST_ID)
        })
        .unwrap_or_else(|| (AccountId::new(""), UserId::new(digest)));
    Conversation { app: app.clone(), account, user }.encode()
}

fn digest(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}
