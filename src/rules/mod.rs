//! Handlers written as configuration: automatic replies, and forwarding to a service in any language.
//!
//! `config/callback.toml` ([`DEFAULTS`](crate::config::DEFAULTS)) documents every key of `[[rules]]`; the README's page
//! "Without Rust" goes from an empty folder to a running server.
//!
//! # Forwarding
//!
//! A POST with `webhook-id`, `webhook-timestamp` and `webhook-signature` as
//! [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md)
//! has them. The body, where fields may be added without another `version`:
//!
//! ```json
//! {
//!   "version": 1,
//!   "id": "msg_9ac30e4b…",
//!   "attempt": 1,
//!   "accepted_at": "2026-11-21T14:03:00.123Z",
//!   "rule": "orders",
//!   "app": "uwd1c0sxdlx2",
//!   "account": "mcid1",
//!   "user": "user1",
//!   "kind": "text",
//!   "message_id": "BAE6-3KQ2",
//!   "create_time": 134223445860,
//!   "fields": { "content": "订单 17" },
//!   "extra": [],
//!   "captures": { "no": "17" }
//! }
//! ```
//!
//! `id` is the same at each attempt, and `webhook-id`; `accepted_at` is when the message was made durable; `message_id`
//! is the platform's `MsgId`, null for events; the platform does not state the unit of `create_time`, which is
//! null where the message has none; `extra` are elements that nothing else names, as `[name, text]`.
//!
//! | `kind` | `fields` |
//! |---|---|
//! | `text` | `content` |
//! | `image` | `url` |
//! | `voice` | `url`, `format` |
//! | `location` | `latitude`, `longitude`, `label` |
//! | `image_text` | `title`, `description`, `picture_url`, `url` |
//! | `subscribe`, `unsubscribe` | none |
//! | `unknown` | `msg_type`, and `fields`: its elements as `[name, text]` |
//! | `unknown_event` | `event`, and `fields`: its elements as `[name, text]` |
//!
//! The answer is empty, or a list of replies in the form of a rule's `reply`:
//!
//! ```json
//! [
//!   { "text": "…" },
//!   { "image": { "url": "https://…" } },
//!   { "voice": { "media_id": "…" } },
//!   { "news": [{ "title": "…", "description": "…", "url": "https://…", "picurl": "https://…" }] }
//! ]
//! ```
//!
//! | answer | what comes of it |
//! |---|---|
//! | 2xx, empty or `[]` | nothing is sent |
//! | 2xx with replies | they are sent, in order |
//! | 408, 425, 429, 5xx, none within `timeout`, no connection | another attempt, not before `Retry-After` |
//! | anything else, redirects included | a dead letter that says what came, and what would have been right |
//!
//! An address may have a query, such as `?code=…`: nobody is shown it.
//!
//! # Design
//!
//! A regex cannot take longer than in proportion to its size and the text's: the `regex` crate does not backtrack, its
//! compiled size is bounded here, and the text's by `server.max_body`.

mod engine;
mod forward;
mod language;

pub use self::{
    engine::{Explanation, Rules, RulesError},
    language::RuleSet,
};
