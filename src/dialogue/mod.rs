//! Dialogues: conversations of several turns, whose state is stored with the replies.
//!
//! A handler runs at least once, after a restart perhaps in another process, and on any replica. So a map in memory is the wrong
//! place for what a user has said before: a restart loses it, a second attempt changes it twice, and another machine does not
//! have it. The state of a [`Dialogue`] is read with the message and stored by the transaction that ends the message, together
//! with the replies. A step may run many times; the state, the replies and the timers of exactly one run count.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use rongcloud_callback::{CallbackService, Config, Dialogue, Text, Turn};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize, Default)]
//! enum Order {
//!     #[default]
//!     Start,
//!     Size { item: String },
//!     Address { item: String, size: u8 },
//! }
//!
//! impl Dialogue for Order {
//!     const NAME: &'static str = "order";
//! }
//!
//! fn order(order: Order, text: &str) -> Turn<Order> {
//!     match order {
//!         Order::Start if text == "下单" => Turn::to(Order::Size { item: "鞋".into() }).say("要多大号？"),
//!         Order::Start => Turn::pass(), // not ours: the next handler is asked
//!         Order::Size { item } => match text.trim().parse() {
//!             Ok(size) => Turn::to(Order::Address { item, size }).say("寄到哪里？"),
//!             Err(_) => Turn::stay().say("请回复数字"),
//!         },
//!         Order::Address { item, size } => Turn::end()
//!             .say(format!("{item} {size} 号已下单"))
//!             .later(Duration::from_hours(24), "请评价"),
//!     }
//! }
//!
//! fn bot(config: Config) -> CallbackService {
//!     CallbackService::new(config)
//!         .dialogue(|state: Order, text: Text, _context| async move { order(state, &text.content) })
//!         .on(|_: Text, _context| async { "回复“下单”开始" })
//! }
//!
//! // A step is tested as a plain function call.
//! let size = Order::Size { item: "鞋".into() };
//! assert_eq!(order(Order::Start, "下单"), Turn::to(size).say("要多大号？"));
//! ```
//!
//! # What becomes of the state
//!
//! - A conversation is in one dialogue at a time. While it is, the other dialogues are not asked; handlers are, in their order,
//!   for what the dialogue does not take.
//! - A message whose kind a step does not take goes to the next handler, as does one that the step [passes](Turn::pass).
//! - After [`Dialogue::EXPIRES`] without a turn the dialogue ends, with the words of [`Dialogue::expired`].
//! - The words of `[dialogue]` in the configuration, such as 取消, leave any dialogue.
//! - A stored state that cannot be read is treated as `[dialogue]` says: the dialogue starts again, or the message is a dead
//!   letter.

mod choice;
mod dialogue_route;
mod dialogue_step;
mod numerals;
mod stored_state;
mod turn;

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    choice::Choice,
    dialogue_step::DialogueStep,
    turn::{IntoTurn, Turn},
};
use crate::handler::{HandlerError, Reply, bounds::SILENCE};

/// A conversation of several turns; the value is the state between two of them.
///
/// The state is stored as JSON of at most 64 KiB, under [`NAME`](Self::NAME). A conversation that has none begins with the
/// [`Default`]. Register the steps with [`CallbackService::dialogue`](crate::CallbackService::dialogue).
///
/// # Examples
///
/// A form that knew no telephone number before version 2:
///
/// ```
/// use std::time::Duration;
///
/// use rongcloud_callback::{Dialogue, HandlerError, Reply};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Default)]
/// struct Form {
///     name: String,
///     telephone: Option<String>,
/// }
///
/// impl Dialogue for Form {
///     const NAME: &'static str = "form";
///     const VERSION: u32 = 2;
///     const EXPIRES: Duration = Duration::from_hours(2);
///
///     fn migrate(_from: u32, stored: serde_json::Value) -> Result<Self, HandlerError> {
///         let name = stored["name"].as_str().unwrap_or_default().to_owned();
///         Ok(Self { name, telephone: None })
///     }
///
///     fn expired(self) -> Reply {
///         Reply::none().and(format!("{}，表格还没填完。回复“报名”重新开始。", self.name))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a dialogue",
    label = "not a dialogue",
    note = "a dialogue is a type that implements `Dialogue`, `Default` and serde's `Serialize` and `Deserialize`",
    note = "the first argument of a step is the dialogue: `|order: Order, text: Text, _context| async move {{ … }}`"
)]
pub trait Dialogue: Serialize + DeserializeOwned + Default + Send + 'static {
    /// The name under which the state is stored, and which the log shows; no two dialogues share one.
    ///
    /// The name has 1 to 64 bytes and no `:`, and it is not `person`. Otherwise the program does not compile.
    const NAME: &'static str;

    /// The version of the stored form. Count it up when a state that is stored already can no longer be read as this type.
    const VERSION: u32 = 1;

    /// The silence after which the dialogue ends: by default 30 minutes, at most 30 days. Each turn begins it anew.
    const EXPIRES: Duration = SILENCE;

    /// Reads a state that the earlier version `from` has stored.
    ///
    /// # Errors
    ///
    /// The state cannot be read, and `[dialogue] unreadable` of the configuration says what becomes of the message. This is so
    /// for every earlier version unless the method is implemented.
    fn migrate(from: u32, _stored: serde_json::Value) -> Result<Self, HandlerError> {
        Err(HandlerError::permanent(format!(
            "`Dialogue::migrate` of `{}` does not read version {from}",
            Self::NAME
        )))
    }

    /// The last words of a dialogue that has ended by silence; by default none.
    fn expired(self) -> Reply {
        Reply::none()
    }
}
