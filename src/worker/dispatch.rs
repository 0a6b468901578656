//! Works off the Inbox: an entry is parsed, handled, and its replies become entries of the Outbox.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use tracing::Span;

use super::{Outcome, Work, of_app};
use crate::{
    client::Client,
    handler::{Context, HandlerError, Reply, Route, Routes},
    ids::{AppKey, shortened},
    journal::{Entry, NewEntry, Queue},
    protocol::{self, Inbound, Outgoing, Recipients},
};

/// Hands messages to the handlers.
#[derive(Debug)]
pub struct Dispatch {
    routes: Routes,
    clients: HashMap<AppKey, Client>,
    /// Kinds of message that nobody took, so that each is told of once.
    unhandled: Mutex<HashSet<&'static str>>,
}

impl Dispatch {
    /// Messages of the apps in `clients` go to `routes`.
    pub fn new(routes: Routes, clients: HashMap<AppKey, Client>) -> Self {
        Self { routes, clients, unhandled: Mutex::default() }
    }

    async fn handle(&self, entry: &Entry) -> Result<Outcome, HandlerError> {
        let (app, client) = of_app(&self.clients, entry).map_err(HandlerError::permanent)?;
        let inbound = protocol::parse(&entry.body).map_err(HandlerError::permanent)?;
        if let Some(message_id) = &inbound.message_id {
            Span::current().record("message_id", &*shortened(message_id.as_str()));
        }
        Span::current().record("kind", inbound.kind());
        let context = Context::new(app.clone(), inbound, client.clone(), entry.attempt)
            .with_accepted_at(entry.accepted_at);
        let Some(handling) = self.routes.take(&context) else { return Ok(self.untaken(&context)) };
        let by = handling.name().cloned();
        let reply = handling.await?;
        // The body decides whom the reply goes to, not the journal's key: a revived entry whose body could not
        // be read before has no user in its key.
        Ok(Outcome::Done { by, follow_ups: follow_ups(entry, context.inbound(), &app, &reply)? })
    }

    /// What a message comes to that nobody takes.
    fn untaken(&self, context: &Context) -> Outcome {
        if let Some(by) = self.routes.quiet(context) {
            return Outcome::Quiet(by);
        }
        let kind = context.inbound().kind();
        let mut told = self.unhandled.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(kind) {
            tracing::warn!(
                "no rule or handler has taken a message of the kind `{kind}`: it is kept in the journal's history without \
                 an answer, as others like it will be, and this is said once for each kind; if they are to be answered, {}",
                self.routes.remedies().join(", or ")
            );
        }
        Outcome::NotTaken
    }
}

impl Work for Dispatch {
    const QUEUE: Queue = Queue::Inbox;

    async fn run(&self, entry: &Entry) -> Outcome {
        match self.handle(entry).await {
            Ok(outcome) => outcome,
            Err(error) if error.is_permanent() => Outcome::Bury(error.to_string()),
            Err(error) => match error.retry_after() {
                Some(span) => Outcome::Later(error.to_string(), span),
                None => Outcome::Retry(error.to_string()),
            },
        }
    }
}

/// The replies as entries of the Outbox, of the same conversation, so that they keep their order.
///
/// Their key is the entry's number, which no other entry ever has: a second run of the handler cannot add a
/// second set of replies.
fn follow_ups(
    entry: &Entry,
    inbound: &Inbound,
    app: &AppKey,
    reply: &Reply,
) -> Result<Vec<NewEntry>, HandlerError> {
    let conversation = inbound.conversation_key(app);
    let enqueue = |(index, payload): (usize, &protocol::Payload)| {
        payload.check()?;
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
