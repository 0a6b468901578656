//! The step of a dialogue: the function from a state and a message to a turn.

use std::future::Future;

use super::{
    Dialogue,
    turn::{IntoTurn, Turn},
};
use crate::handler::{Context, FromInbound, HandlerError};

/// Takes one turn of the dialogue `D`, for one kind of message: `I` says which.
///
/// Closures and `async fn` items of the form `async fn(D, I, Context) -> impl IntoTurn<D>` are steps; a struct with a database,
/// for example, implements the trait itself. A dialogue may have several steps, each for another kind of message.
///
/// A step runs *at least once* for each message, as a [`Handler`](crate::Handler) does. Each run gets the same state, and the
/// result of exactly one of them is stored.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::{Context, Dialogue, HandlerError, Text, Turn, dialogue::DialogueStep};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Default)]
/// struct Guess(u32);
///
/// impl Dialogue for Guess {
///     const NAME: &'static str = "guess";
/// }
///
/// struct Game {
///     secret: u32,
/// }
///
/// impl DialogueStep<Guess, Text> for Game {
///     async fn take_turn(&self, Guess(n): Guess, text: Text, _: Context) -> Result<Turn<Guess>, HandlerError> {
///         let Ok(guess) = text.content.trim().parse::<u32>() else { return Ok(Turn::pass()) };
///         if guess == self.secret {
///             return Ok(Turn::end().say(format!("猜对了，一共猜了 {} 次", n + 1)));
///         }
///         Ok(Turn::to(Guess(n + 1)).say(if guess < self.secret { "小了" } else { "大了" }))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a step of the dialogue `{D}` for `{I}`",
    label = "not a step of a dialogue",
    note = "a step is an `async fn(D, I, Context) -> impl IntoTurn<D>`, or a type that implements `DialogueStep<D, I>`",
    note = "in a closure, write the types: `|order: Order, text: Text, _context| async move {{ … }}`"
)]
pub trait DialogueStep<D: Dialogue, I: FromInbound>: Send + Sync + 'static {
    /// Takes a turn: `state` is the stored one, or the default.
    ///
    /// # Errors
    ///
    /// Any error makes the attempt fail, as that of a handler does: the state stays as it was.
    fn take_turn(
        &self,
        state: D,
        item: I,
        context: Context,
    ) -> impl Future<Output = Result<Turn<D>, HandlerError>> + Send;
}

impl<D, I, F, Fut, R> DialogueStep<D, I> for F
where
    D: Dialogue,
    I: FromInbound,
    F: Fn(D, I, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send,
    R: IntoTurn<D>,
{
    fn take_turn(
        &self,
        state: D,
        item: I,
        context: Context,
    ) -> impl Future<Output = Result<Turn<D>, HandlerError>> + Send {
        let turn = self(state, item, context);
        async move { turn.await.into_turn() }
    }
}
