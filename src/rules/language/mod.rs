//! The language of rules: what can be written in `[[rules]]`. A mistake in a rule is found when the rule is read.

mod desk_forward;
mod filters;
pub(crate) mod fold;
mod forward;
mod keyword;
mod kind;
pub(crate) mod near_miss;
mod read;
mod reply;
mod rule;
mod rule_set;
mod subject;
mod template;
mod window;

pub use self::{desk_forward::DeskForward, rule_set::RuleSet};
pub(crate) use self::{
    forward::Forward,
    keyword::Captures,
    kind::{own_fields, values},
    reply::{ReplyTemplate, WrittenReply},
    rule::{Action, Pick, Rule},
    subject::Subject,
    template::Templates,
};
