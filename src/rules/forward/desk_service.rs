//! The customer-service system that gets the messages of a person's conversations, as a handler.

use std::{fmt, sync::Arc};

use super::{envelope::Envelope, target::Target};
use crate::{
    client::ClientError,
    clock::Clock,
    handler::{Context, HandlerResult, Handling, Next, Reply, Route},
    rules::language::DeskForward,
};

/// The handler that hands every message to a customer-service system, and sends what that answers.
///
/// A reply that ends the dialogue gives the conversation back to the bot.
pub(crate) struct DeskService(Arc<SharedService>);

/// The state that attempts share.
struct SharedService {
    target: Target,
    clock: Clock,
}

impl DeskService {
    /// The handler for the system that the configuration describes. No connection is made yet.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`]: a system without certificates.
    pub(crate) fn new(desk: &DeskForward, clock: Clock) -> Result<Self, ClientError> {
        let target = Target::new(&desk.forward, desk.connect_timeout)?;
        Ok(Self(Arc::new(SharedService { target, clock })))
    }
}

impl SharedService {
    async fn answer(&self, context: &Context) -> HandlerResult {
        let attempt = (context.attempt(), context.accepted_at());
        let message = Envelope::of_desk(context.app(), context.inbound(), attempt);
        let answer = self.target.forward(&message, &self.clock).await;
        let answer = answer.map_err(|error| error.at("desk.forward"))?;
        let reply: Reply = answer.replies.into_iter().collect();
        Ok(if answer.hand_over == Some(false) { reply.with_next(Next::End) } else { reply })
    }
}

impl Route for DeskService {
    fn take(&self, context: &Context) -> Option<Handling> {
        let (shared, context) = (Arc::clone(&self.0), context.clone());
        Some(Handling::new(async move { shared.answer(&context).await }))
    }
}

impl fmt::Debug for DeskService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeskService({:?})", self.0.target)
    }
}
