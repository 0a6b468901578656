//! The dialogue of a rule's service with a user, whose state is kept here: the service keeps nothing.

use serde_json::value::RawValue;

use crate::{
    handler::{ActiveDialogue, Context, NewDialogueState, Next, Reply},
    rules::{
        forward::{AnsweredState, ServiceAnswer},
        language::Rule,
    },
};

/// The version with which states are stored: the JSON of the service as it is.
const VERSION: u32 = 1;

/// The dialogue of the rule's service that the conversation is in.
fn dialogue<'c>(rule: &Rule, context: &'c Context) -> Option<&'c ActiveDialogue> {
    context.dialogue().filter(|dialogue| rule.has_dialogue(dialogue.name()))
}

/// The state that the service gets; the reason if it cannot be read.
pub(super) fn state<'c>(rule: &Rule, context: &'c Context) -> Result<Option<&'c RawValue>, String> {
    let Some(dialogue) = dialogue(rule, context) else { return Ok(None) };
    if dialogue.version() != VERSION {
        return Err(format!("its version is {}, and this program knows {VERSION}", dialogue.version()));
    }
    let state = serde_json::from_slice(dialogue.body());
    state.map(Some).map_err(|error| format!("it is no JSON: {error}"))
}

/// The reply that an answer of the service means.
pub(super) fn reply(rule: &Rule, context: &Context, answer: ServiceAnswer) -> Reply {
    let next = match answer.state {
        // A conversation has one state, and that of a person takes the place of the service's.
        _ if rule.hand_over || answer.hand_over == Some(true) => Next::Person,
        AnsweredState::Kept => Next::Stay,
        // Somebody else's dialogue is not the service's to end.
        AnsweredState::Ended if dialogue(rule, context).is_none() => Next::Stay,
        AnsweredState::Ended => Next::End,
        AnsweredState::Stored { body, expires_in } => {
            let dialogue = ActiveDialogue::new(rule.dialogue(), VERSION, body);
            Next::Dialogue(NewDialogueState { dialogue, expires_in })
        }
    };
    let reply: Reply = answer.replies.into_iter().collect();
    answer.later.into_iter().fold(reply, Reply::with_later).with_next(next)
}
