//! A handler at work on a message.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, ready},
};

use futures_util::future::BoxFuture;

use super::HandlerResult;

/// Asks the handlers after one that has passed a message on.
type Fallback = Box<dyn FnOnce() -> Option<Handling> + Send>;

/// A handler at work on a message.
pub struct Handling {
    result: BoxFuture<'static, HandlerResult>,
    by: Option<Arc<str>>,
    /// Whether the handler may pass the message on when it has looked at it.
    may_pass: bool,
    /// The handlers to ask then.
    fallbacks: VecDeque<Fallback>,
}

impl Handling {
    /// The work whose end is `result`.
    pub fn new(result: impl Future<Output = HandlerResult> + Send + 'static) -> Self {
        Self { result: Box::pin(result), by: None, may_pass: false, fallbacks: VecDeque::new() }
    }

    /// Work whose end may be [`Reply::pass`](super::Reply::pass): the next handler is asked then.
    #[must_use]
    pub fn that_may_pass(self) -> Self {
        Self { may_pass: true, ..self }
    }

    /// Sets the name of the handler or rule, for the log and for observers.
    #[must_use]
    pub fn by(self, name: Arc<str>) -> Self {
        Self { by: Some(name), ..self }
    }

    /// The name of the handler or rule, for example `rule "welcome"` or `handler 2 (Text)`. It is that of the handler that
    /// was asked last.
    pub fn name(&self) -> Option<&Arc<str>> {
        self.by.as_ref()
    }

    /// Has the handlers that `next` finds asked if this one passes the message on.
    pub(super) fn or_else(mut self, next: impl FnOnce() -> Option<Handling> + Send + 'static) -> Self {
        self.fallbacks.push_back(Box::new(next));
        self
    }

    /// Whether the handler may pass the message on.
    pub(super) fn may_pass(&self) -> bool {
        self.may_pass
    }

    /// Goes on with the next handler; whether there is one.
    fn go_on(&mut self) -> bool {
        while let Some(fallback) = self.fallbacks.pop_front() {
            if let Some(mut next) = fallback() {
                next.fallbacks.append(&mut self.fallbacks);
                *self = next;
                return true;
            }
        }
        false
    }
}

impl Future for Handling {
    type Output = HandlerResult;

    fn poll(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<HandlerResult> {
        loop {
            let result = ready!(self.result.as_mut().poll(context));
            let has_passed = result.as_ref().is_ok_and(super::Reply::has_passed);
            if !has_passed || !self.go_on() {
                return Poll::Ready(result);
            }
        }
    }
}

impl fmt::Debug for Handling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handling").field("by", &self.by).finish_non_exhaustive()
    }
}
