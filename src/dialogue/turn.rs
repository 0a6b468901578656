//! The turn of a dialogue: what becomes of its state, and what is said.

use std::time::Duration;

use crate::{handler::HandlerError, protocol::Payload};

/// The result of a step: what becomes of the dialogue, and what is said.
///
/// Turns can be compared, so that a step is tested as a function call. [`Dialogue`](super::Dialogue) shows one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a turn does nothing until a step returns it"]
pub struct Turn<D> {
    pub(super) course: Course<D>,
    pub(super) payloads: Vec<Payload>,
    pub(super) later: Vec<(Duration, Payload)>,
}

/// The course that the dialogue takes with a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course<D> {
    To(D),
    Stay,
    End,
    Pass,
    HandOver,
}

impl<D> Turn<D> {
    /// The dialogue goes on with this state.
    pub fn to(state: D) -> Self {
        Self::of(Course::To(state))
    }

    /// The state remains as it was stored, and its time begins anew. A dialogue that has not begun does not begin.
    pub fn stay() -> Self {
        Self::of(Course::Stay)
    }

    /// The dialogue ends; the next message finds its default state again.
    pub fn end() -> Self {
        Self::of(Course::End)
    }

    /// The message is none of this dialogue's, and the next handler is asked. The state stays as it is.
    ///
    /// Such a turn says nothing: with words it is an error, and the message is a dead letter.
    pub fn pass() -> Self {
        Self::of(Course::Pass)
    }

    /// The dialogue ends, and a person has the conversation (转人工). A turn without words tells the user so, in the words of
    /// `[desk]` of the configuration.
    pub fn hand_over() -> Self {
        Self::of(Course::HandOver)
    }

    /// This turn, then `payload` to the user.
    pub fn say(mut self, payload: impl Into<Payload>) -> Self {
        self.payloads.push(payload.into());
        self
    }

    /// This turn, and `payload` after `span`, at most a year.
    ///
    /// After [`to`](Self::to) and [`stay`](Self::stay) it belongs to the state: it is left out if the user has written to the
    /// dialogue meanwhile, or the dialogue has ended. After [`end`](Self::end) it is sent in any case, unless a person has the
    /// conversation then.
    pub fn later(mut self, span: Duration, payload: impl Into<Payload>) -> Self {
        self.later.push((span, payload.into()));
        self
    }

    fn of(course: Course<D>) -> Self {
        Self { course, payloads: Vec::new(), later: Vec::new() }
    }
}

/// A type that a step of the dialogue `D` may return: a [`Turn`], or a `Result` of one with any error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a turn of the dialogue `{D}`",
    note = "a step returns `Turn<{D}>`, or a `Result` of it: `Turn::to(state).say(\"…\")`"
)]
pub trait IntoTurn<D> {
    /// The turn, or the error.
    ///
    /// # Errors
    ///
    /// The error that the step returned.
    fn into_turn(self) -> Result<Turn<D>, HandlerError>;
}

impl<D> IntoTurn<D> for Turn<D> {
    fn into_turn(self) -> Result<Turn<D>, HandlerError> {
        Ok(self)
    }
}

impl<D, E: Into<HandlerError>> IntoTurn<D> for Result<Turn<D>, E> {
    fn into_turn(self) -> Result<Turn<D>, HandlerError> {
        self.map_err(Into::into)
    }
}
