//! Handlers written as configuration: automatic replies, and forwarding to a service in any language.
//!
//! [`DEFAULTS`](crate::config::DEFAULTS) documents every key of `[[rules]]`. The page `docs/rules.md` goes from an empty
//! folder to a running server, and documents the JSON of forwarded messages and of the service's answers.
//!
//! # Structure
//!
//! `language` reads `[[rules]]` into a [`RuleSet`] and reports every mistake in it. `engine` asks the rules about each
//! message, in order, and answers as the first one says that takes it. `forward` sends a message to a service, signed as
//! [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
//!
//! # Design
//!
//! A regex takes time in proportion to its size and to the length of the text: the `regex` crate does not backtrack, the
//! compiled size is bounded here, and the text's length by `server.max_body`.
//!
//! Every rule is checked for every message. An index of keywords would save a few microseconds with several hundred rules,
//! where accepting and handling a message takes about fifty.

mod engine;
mod forward;
mod language;

pub use self::{
    engine::{Explanation, Rules, RulesError},
    language::{DeskForward, RuleSet},
};
pub(crate) use self::{forward::DeskService, language::Forward};
