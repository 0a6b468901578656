//! Handlers of messages and events, and their replies: the traits that a user of the library implements.

mod active_dialogue;
pub(crate) mod bounds;
mod context;
mod error;
mod from_inbound;
mod handling;
mod reply;
mod routes;
mod service;

use std::future::Future;

pub use active_dialogue::ActiveDialogue;
pub use context::Context;
pub use error::HandlerError;
pub use from_inbound::FromInbound;
pub use handling::Handling;
pub use reply::{IntoReply, Reply};
pub(crate) use reply::{Later, NewDialogueState, Next};
pub use routes::{Route, RouteCount, Routes};
pub use service::{HandlerService, ServiceHandler, from_service};

/// The result of a handler: the replies to send, or the error.
pub type HandlerResult = Result<Reply, HandlerError>;

/// Handles one kind of message or event: `I` says which.
///
/// Closures and `async fn` items of the form `async fn(I, Context) -> impl IntoReply` are handlers; a struct
/// with state implements the trait itself.
///
/// A handler runs *at least once* for each message: again after an error, a panic or a time-out, and when
/// the process dies before its result is in the journal. Its replies are stored exactly once, with the last
/// run. Messages of one user to one account are handled one after the other, those of others at the same
/// time. A handler that blocks its thread cannot be timed out: use `spawn_blocking` for blocking work.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use rongcloud_callback::{Context, Handler, HandlerResult, IntoReply, Text};
///
/// #[derive(Default)]
/// struct Counter(AtomicU64);
///
/// impl Handler<Text> for Counter {
///     async fn handle(&self, text: Text, _context: Context) -> HandlerResult {
///         let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
///         format!("{count}: {}", text.content).into_reply()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler of `{I}`",
    label = "not a handler",
    note = "a handler is an `async fn(I, Context) -> impl IntoReply`, or a type that implements `Handler<I>`",
    note = "in a closure, write both types: `|text: Text, context: Context| async move {{ … }}`"
)]
pub trait Handler<I: FromInbound>: Send + Sync + 'static {
    /// Handles `item`; what it returns is sent to the user who wrote.
    fn handle(&self, item: I, context: Context) -> impl Future<Output = HandlerResult> + Send;

    /// This handler as a [`tower::Service`], to put layers around it; [`from_service`] is the way back.
    fn into_service(self) -> HandlerService<Self, I>
    where
        Self: Sized,
    {
        HandlerService::new(self)
    }
}

impl<I, F, Fut, R> Handler<I> for F
where
    I: FromInbound,
    F: Fn(I, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send,
    R: IntoReply,
{
    fn handle(&self, item: I, context: Context) -> impl Future<Output = HandlerResult> + Send {
        let answer = self(item, context);
        async move { answer.await.into_reply() }
    }
}
