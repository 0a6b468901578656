//! The kinds of message that a rule can be for, and what each of them has to say.

/// A kind, as [`Inbound::kind`](crate::protocol::Inbound::kind) names it.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Whether it is a message or an event.
    pub(super) group: &'static str,
    /// What a template can read of it beside what every message has.
    pub(super) fields: &'static [&'static str],
    /// Whether it has words that a keyword can be in.
    pub(super) has_words: bool,
}

pub(super) const KINDS: [Kind; 9] = [
    Kind { name: "text", group: "message", fields: &["content"], has_words: true },
    Kind { name: "image", group: "message", fields: &["url"], has_words: false },
    Kind { name: "voice", group: "message", fields: &["url", "format"], has_words: false },
    Kind {
        name: "location",
        group: "message",
        fields: &["latitude", "longitude", "label"],
        has_words: true,
    },
    Kind {
        name: "image_text",
        group: "message",
        fields: &["title", "description", "picture_url", "url"],
        has_words: true,
    },
    Kind { name: "unknown", group: "message", fields: &["msg_type", "fields"], has_words: true },
    Kind { name: "subscribe", group: "event", fields: &["event"], has_words: false },
    Kind { name: "unsubscribe", group: "event", fields: &["event"], has_words: false },
    Kind { name: "unknown_event", group: "event", fields: &["event", "fields"], has_words: true },
];

/// What a template can read of every message.
pub(super) const ALWAYS: [&str; 6] = ["app", "account", "user", "kind", "message_id", "create_time"];

/// The kinds that a name in `on` stands for: one, a group of them, or all.
pub(super) fn named(name: &str) -> Option<Vec<&'static Kind>> {
    let kinds: Vec<_> =
        KINDS.iter().filter(|kind| name == "any" || name == kind.name || name == kind.group).collect();
    (!kinds.is_empty()).then_some(kinds)
}

/// What may stand in `on`.
pub(super) fn names() -> String {
    let kinds = KINDS.iter().map(|kind| kind.name);
    ["any", "message", "event"].into_iter().chain(kinds).collect::<Vec<_>>().join(", ")
}
