//! Dead letters: authentic bodies that are not accepted, kept for the operator.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::rejection::Rejection;
use crate::{
    ids::{AccountId, AppKey, UserId},
    journal::{NewEntry, Queue},
    protocol::{Content, Conversation, Event, Inbound, Message, parse, sender},
};

/// Most bytes of an id or a kind. The platform's have some dozens; these stand in log lines and in keys.
pub(super) const LONGEST_ID: usize = 512;

/// Separates the parts of a key; no id contains it.
const SEPARATOR: char = '\u{1f}';

/// A body that is not one of the platform's messages, or none that can be accepted.
pub(super) fn unfit(app: &AppKey, body: Bytes, rejection: &Rejection) -> NewEntry {
    let digest = digest(&body);
    NewEntry {
        queue: Queue::Inbox,
        key: format!("{app}{SEPARATOR}b{SEPARATOR}{digest}"),
        conversation: conversation(app, &body, &digest),
        body,
        dead: Some(rejection.errmsg()),
    }
}

/// A body that came under the signature of another one; `None` if it is a probe.
///
/// Its key is not that of the message which it may be: the same message under a signature of its own is accepted.
pub(super) fn under_another_signature(app: &AppKey, body: Bytes) -> Option<NewEntry> {
    if parse(&body).is_ok_and(|inbound| inbound.is_probe()) {
        return None;
    }
    let digest = digest(&body);
    let conversation = conversation(app, &body, &digest);
    let reason = "its signature came with another body before: the platform has signed two messages alike, or somebody \
                  uses an address that was seen. If it is genuine, revive it; if not, discard it"
        .to_owned();
    let key = format!("{app}{SEPARATOR}s{SEPARATOR}{digest}");
    Some(NewEntry { queue: Queue::Inbox, key, conversation, body, dead: Some(reason) })
}

/// The element whose id, or kind, is longer than [`LONGEST_ID`].
pub(super) fn long_id(inbound: &Inbound) -> Option<&'static str> {
    let kind = match &inbound.content {
        Content::Message(Message::Unknown(message)) => ("MsgType", message.msg_type.as_str()),
        Content::Event(Event::Unknown(event)) => ("Event", event.event.as_str()),
        Content::Message(_) | Content::Event(_) => ("MsgType", ""),
    };
    let message_id = inbound.message_id.as_ref().map_or("", AsRef::as_ref);
    let ids = [
        ("ToUserName", inbound.account.as_str()),
        ("FromUserName", inbound.user.as_str()),
        ("MsgId", message_id),
        kind,
    ];
    ids.into_iter().find(|(_, id)| id.len() > LONGEST_ID).map(|(element, _)| element)
}

/// The conversation of the user who the body says for certain that it is of; else one of its own, named after the body's
/// digest.
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
