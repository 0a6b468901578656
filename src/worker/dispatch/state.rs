//! The state of a conversation as its handlers see it.

use crate::{handler::ActiveDialogue, journal::LeasedState};

/// The dialogue that a state is of.
pub(super) fn active_dialogue(state: &LeasedState) -> ActiveDialogue {
    ActiveDialogue::new(state.dialogue.clone(), state.version, state.body.clone())
}
