//! The engine of rules: asks them about each message, and answers as the first one says that takes it.

mod active_rules;
mod condition;
mod cooldown;
mod error;
mod explanation;
mod rules;
mod service_dialogue;

pub use self::{error::RulesError, explanation::Explanation, rules::Rules};
