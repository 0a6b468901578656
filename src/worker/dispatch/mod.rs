//! The work on the Inbox: an entry is parsed and handled, and its replies become entries of the Outbox.
//!
//! The journal hands an entry out with the state of its conversation. Where a person has the conversation, the message is
//! kept for them; otherwise the handlers see the dialogue that the state is of, and their reply says what becomes of it.

mod answer;
mod later;
mod options;
mod person;
mod state;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use tracing::Span;

pub(crate) use self::options::{DialogueOptions, DispatchOptions, OnUnreadable};
use self::{answer::Answer, state::active_dialogue};
use super::{
    apps::find_app,
    outcome::{AttemptOutcome, Delay, Done},
    work::Work,
};
use crate::{
    client::Client,
    desk::{PERSON, PersonState},
    handler::{ActiveDialogue, Context, HandlerError, Next, Reply, Route, Routes},
    ids::{AppKey, shortened},
    journal::{Entry, Queue},
    lock::lock,
    protocol::{self, Content, Inbound, Message},
};

/// Hands messages to the handlers.
#[derive(Debug)]
pub(crate) struct Dispatch {
    routes: Routes,
    /// The service that the messages of a person's conversations are handed to.
    desk: Routes,
    clients: HashMap<AppKey, Client>,
    options: DispatchOptions,
    /// The kinds of message that nobody took so far, so that the log warns once of each.
    not_taken: Mutex<HashSet<&'static str>>,
}

impl Dispatch {
    /// Hands the messages of the apps in `clients` to `routes`.
    pub(crate) fn new(
        routes: Routes,
        clients: HashMap<AppKey, Client>,
        options: DispatchOptions,
    ) -> Self {
        Self { routes, desk: Routes::new(), clients, options, not_taken: Mutex::default() }
    }

    /// Hands the messages of a person's conversations to `desk` as well.
    pub(crate) fn with_desk(self, desk: Routes) -> Self {
        Self { desk, ..self }
    }

    async fn handle(&self, entry: &Entry) -> Result<Done, HandlerError> {
        if let Some(answers) = entry.answers {
            return self.handle_scheduled(entry, answers);
        }
        let (app, client) = find_app(&self.clients, entry).map_err(HandlerError::permanent)?;
        let inbound = protocol::parse(&entry.body).map_err(HandlerError::permanent)?;
        if let Some(message_id) = &inbound.message_id {
            Span::current().record("message_id", &*shortened(message_id.as_str()));
        }
        Span::current().record("kind", inbound.kind());
        let (expired, dialogue) = match &entry.state {
            Some(state) if state.is_expired => (Some(active_dialogue(state)), None),
            state => (None, state.as_ref().map(active_dialogue)),
        };
        // The reply goes to the user that the body names, not the journal's key: the key of a revived entry whose body could
        // not be read before has no user.
        let mut answer = Answer::new(entry, inbound.conversation(&app));
        if let Some(expired) = &expired {
            answer.add(self.last_words(expired));
            answer.end();
        }
        let context = Context::new(app.clone(), inbound, client.clone(), entry.attempt)
            .with_accepted_at(entry.accepted_at)
            .with_dialogue(dialogue);
        if context.dialogue().is_some_and(|dialogue| dialogue.name() == PERSON) {
            return self.keep_for_person(entry, &context, answer).await;
        }
        if let Some(dialogue) = context.dialogue() {
            if is_one_of(context.inbound(), &self.options.dialogue.exit_words) {
                answer.say(&self.options.dialogue.exit_reply);
                answer.end();
                return answer.done(Some("the word that leaves a dialogue".into()));
            }
            if !self.routes.has_dialogue(dialogue.name()) {
                let reason = format!("no handler has the dialogue {:?}", dialogue.name());
                return self.give_up_dialogue(answer, None, &reason);
            }
        }
        let Some(mut handling) = self.routes.take(&context) else {
            return self.leave(&context, answer);
        };
        let reply = (&mut handling).await?;
        let by = handling.name().cloned();
        let (payloads, later, next) = reply.into_parts();
        answer.add(payloads);
        match next {
            Next::Stay => {}
            Next::Dialogue(new) => answer.put(new),
            Next::End => answer.end(),
            Next::Person => {
                answer.hand_over(&self.options.desk, &PersonState::waiting(entry.accepted_at));
            }
            Next::Pass => return self.leave(&context, answer),
            Next::Unreadable(reason) => return self.give_up_dialogue(answer, by, &reason),
        }
        answer.add_later(later)?;
        answer.done(by)
    }

    /// Ends a dialogue whose state cannot be read, as `[dialogue] unreadable` says.
    fn give_up_dialogue(
        &self,
        mut answer: Answer<'_>,
        by: Option<Arc<str>>,
        reason: &str,
    ) -> Result<Done, HandlerError> {
        let options = &self.options.dialogue;
        let reason = format!("the stored state of the conversation cannot be read: {reason}");
        match options.unreadable {
            OnUnreadable::DeadLetter => Err(HandlerError::permanent(reason)),
            OnUnreadable::Restart => {
                tracing::warn!(reason, "the dialogue begins anew");
                answer.say(&options.restart_reply);
                answer.end();
                answer.done(by)
            }
        }
    }

    /// The last words of a dialogue whose time is over.
    fn last_words(&self, dialogue: &ActiveDialogue) -> Vec<protocol::Payload> {
        if dialogue.name() == PERSON {
            return self.options.desk.given_back_payload().into_iter().collect();
        }
        let words = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.routes.expired(dialogue).unwrap_or_else(|| Ok(Reply::none()))
        }));
        let problem = match words {
            Ok(Ok(reply)) => return reply.into_parts().0,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => super::panics::panic_message(panic.as_ref()).to_owned(),
        };
        tracing::error!(
            dialogue = dialogue.name(),
            error = problem,
            "the dialogue ends without its last words"
        );
        Vec::new()
    }

    /// Leaves a message that nobody takes without an answer, and warns of the first message of its kind.
    fn leave(&self, context: &Context, answer: Answer<'_>) -> Result<Done, HandlerError> {
        if !answer.is_empty() {
            return answer.done(None);
        }
        if let Some(by) = self.routes.quiet(context) {
            return Ok(Done::Quiet { by });
        }
        let kind = context.inbound().kind();
        let mut not_taken = lock(&self.not_taken);
        if not_taken.insert(kind) {
            tracing::warn!(
                "no rule or handler has taken a message of the kind `{kind}`: it is kept in the journal's history without \
                 an answer, as others like it will be, and this is said once for each kind; if they are to be answered, {}",
                self.routes.remedies().join(", or ")
            );
        }
        Ok(Done::NotTaken)
    }
}

impl Work for Dispatch {
    const QUEUE: Queue = Queue::Inbox;

    async fn run(&self, entry: &Entry) -> AttemptOutcome {
        match self.handle(entry).await {
            Ok(done) => AttemptOutcome::Done(done),
            Err(error) if error.is_permanent() => AttemptOutcome::bury(error.to_string()),
            Err(error) => AttemptOutcome::Retry {
                reason: error.to_string(),
                delay: error.retry_after().map_or(Delay::Backoff, Delay::BackoffAfter),
            },
        }
    }
}

/// Whether the message is a text that is one of these words in lower case, apart from the white space around it and from
/// case.
fn is_one_of(inbound: &Inbound, words: &[String]) -> bool {
    let Content::Message(Message::Text(text)) = &inbound.content else { return false };
    let text = text.content.trim().to_lowercase();
    words.contains(&text)
}
