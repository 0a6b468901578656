//! The server's reports and its desk, in the form of the sandbox, which shares no code with the server.

use rongcloud_callback::{
    desk::Desk,
    handler::ActiveDialogue,
    ids::AppKey,
    journal::Queue,
    protocol::Conversation,
    sandbox::{DeskAction, DeskRequest, DialogueState, HandlingEvent, HandlingStep},
    service::{Progress, Step},
};
use serde_json::Value;

/// The name under which the sandbox's page answers at the desk.
const WHO: &str = "sandbox";

/// A step of the server; none where the sandbox shows nothing of it.
pub(super) fn to_handling_step(progress: &Progress) -> Option<HandlingStep> {
    let event = match progress.step.clone() {
        Step::Begun => HandlingEvent::Begun,
        Step::Done { by, replies, .. } => HandlingEvent::Done { by, replies },
        Step::Kept => HandlingEvent::Kept,
        Step::State { dialogue } => {
            let Conversation { account, user, .. } = progress.conversation.clone()?;
            HandlingEvent::State { account, user, dialogue: dialogue.as_ref().map(to_dialogue_state) }
        }
        Step::NotTaken => HandlingEvent::NotTaken,
        Step::Quiet { by } => HandlingEvent::Quiet { by },
        Step::Retry { reason, after } => HandlingEvent::Retry { reason, after },
        Step::Released { reason, after } => HandlingEvent::Released { reason, after },
        Step::Dead { reason } => HandlingEvent::Dead { reason },
        _ => return None,
    };
    let (entry, answers) = (progress.entry.0, progress.answers.map(|message| message.0));
    let is_state = matches!(event, HandlingEvent::State { .. });
    // Reminders and the ends of dialogues are entries of the Inbox that no delivery has brought. A reply whose message is
    // unknown, such as one of an earlier version, would be taken for a message.
    let is_known = is_state || (progress.queue == Queue::Inbox) == answers.is_none();
    is_known.then(|| HandlingStep {
        entry,
        answers,
        body: progress.body.clone(),
        attempt: progress.attempt,
        event,
    })
}

fn to_dialogue_state(dialogue: &ActiveDialogue) -> DialogueState {
    let body = serde_json::from_slice(dialogue.body());
    DialogueState {
        name: dialogue.name().to_owned(),
        version: dialogue.version(),
        // A state that is no JSON is one that no handler can read either.
        body: body.unwrap_or_else(|_| Value::from(String::from_utf8_lossy(dialogue.body()))),
    }
}

/// Carries out a person's action at the server's desk.
pub(super) async fn act_at_desk(desk: Desk, app: AppKey, request: DeskRequest) -> Result<(), String> {
    let DeskRequest { account, user, action } = request;
    let conversation = Conversation { app, account, user };
    let done = match action {
        DeskAction::TakeOver => desk.hand_over(&conversation).await,
        DeskAction::Answer(text) => desk.answer(&conversation, WHO, None, text).await,
        DeskAction::HandBack => desk.hand_back(&conversation, WHO).await,
        _ => return Err("this server's desk does not know that".to_owned()),
    };
    done.map_err(|error| error.to_string())
}
