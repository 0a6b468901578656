//! The action of a step: the user's, or that of a person at the server's desk.

use crate::sandbox::{content::ChatContent, desk::DeskAction};

/// The keys of a step that are actions; a step has at most one of them.
pub(super) const KEYS: &str =
    "`says`, `sends`, `follows`, `unfollows`, `takes_over`, `answers` and `hands_back`";

/// The action of a step.
#[derive(Debug, Clone)]
pub(super) enum Action {
    /// The user writes to the account, follows it, or no longer does.
    User(ChatContent),
    /// A person acts at the desk, in the user's conversation.
    Person(DeskAction),
}
