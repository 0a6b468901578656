//! The work on the Inbox: an entry is parsed and handled, and its replies become entries of the Outbox.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

use bytes::Bytes;
use tracing::Span;

use super::{
    apps::find_app,
    outcome::{AttemptOutcome, Delay, Done},
    work::Work,
};
use crate::{
    client::Client,
    handler::{Context, HandlerError, Reply, Route, Routes},
    ids::{AppKey, shortened},
    journal::{Entry, NewEntry, Queue},
    lock::lock,
    protocol::{self, Inbound, LimitError, Outgoing, Recipients},
};

/// Hands messages to the handlers.
#[derive(Debug)]
pub(crate) struct Dispatch {
    routes: Routes,
    clients: HashMap<AppKey, Client>,
    /// The kinds of message that nobody took so far, so that the log warns once of each.
    not_taken: Mutex<HashSet<&'static str>>,
}

impl Dispatch {
    /// Hands the messages of the apps in `clients` to `routes`.
    pub(crate) fn new(routes: Routes, clients: HashMap<AppKey, Client>) -> Self {
        Self { routes, clients, not_taken: Mutex::default() }
    }

    async fn handle(&self, entry: &Entry) -> Result<Done, HandlerError> {
        let (app, client) = find_app(&self.clients, entry).map_err(HandlerError::permanent)?;
        let inbound = protocol::parse(&entry.body).map_err(HandlerError::permanent)?;
        if let Some(message_id) = &inbound.message_id {
            Span::current().record("message_id", &*shortened(message_id.as_str()));
        }
        Span::current().record("kind", inbound.kind());
        let context = Context::new(app.clone(), inbound, client.clone(), entry.attempt)
            .with_accepted_at(entry.accepted_at);
        let Some(handling) = self.routes.take(&context) else { return Ok(self.leave(&context)) };
        let by = handling.name().cloned();
        let reply = handling.await?;
        // The reply goes to the user that the body names, not the journal's key: the key of a revived entry whose body could
        // not be read before has no user.
        Ok(Done::Handled { by, outcome: follow_ups(entry, context.inbound(), &app, &reply)?.into() })
    }

    /// Leaves a message that nobody takes without an answer, and warns of the first message of its kind.
    fn leave(&self, context: &Context) -> Done {
        if let Some(by) = self.routes.quiet(context) {
            return Done::Quiet { by };
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
        Done::NotTaken
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

/// Makes entries of the Outbox from the replies. The entries belong to the same conversation, so that they keep their order.
///
/// The key of each contains the number of the message's entry, which no other entry ever has: a second run of the handler
/// cannot add a second set of replies.
fn follow_ups(
    entry: &Entry,
    inbound: &Inbound,
    app: &AppKey,
    reply: &Reply,
) -> Result<Vec<NewEntry>, HandlerError> {
    let conversation = inbound.conversation_key(app);
    let enqueue = |(index, payload): (usize, &protocol::Payload)| {
        payload.check().map_err(LimitError::in_reply)?;
        let outgoing = Outgoing {
            sender: inbound.account.clone(),
            recipients: Recipients::User(inbound.user.clone()),
            payload: payload.clone(),
        };
        Ok(NewEntry {
            queue: Queue::Outbox,
            key: entry.id.reply_key(index),
            conversation: conversation.clone(),
            body: Bytes::from(outgoing.encode()),
            dead: None,
        })
    };
    reply.payloads().iter().enumerate().map(enqueue).collect()
}
