//! The limit on the length of an id.

use crate::protocol::{Content, Event, Inbound, Message};

/// Most bytes of an id or of a kind. The platform's ids have some dozens of bytes. Ids stand in log lines and in the
/// journal's keys.
pub(super) const LONGEST_ID: usize = 512;

/// Finds the element whose id, or kind, is longer than [`LONGEST_ID`].
pub(super) fn find_long_id(inbound: &Inbound) -> Option<&'static str> {
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
