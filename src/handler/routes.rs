//! The registered handlers, in order; the only place where a handler's type is erased.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;

use super::{Context, FromInbound, Handler, HandlerResult};

/// Starts a handler if it takes the message.
type Route = Box<dyn Fn(&Context) -> Option<BoxFuture<'static, HandlerResult>> + Send + Sync>;

/// Handlers in the order in which they are asked, like the arms of a `match`: the first that takes a message
/// handles it.
#[derive(Default)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// No handlers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a handler after those that are there.
    #[must_use]
    pub fn on<I: FromInbound, H: Handler<I>>(mut self, handler: H) -> Self {
        let handler = Arc::new(handler);
        self.0.push(Box::new(move |context| {
            let item = I::from_inbound(context.inbound())?;
            let (handler, context) = (Arc::clone(&handler), context.clone());
            Some(Box::pin(async move { handler.handle(item, context).await }))
        }));
        self
    }

    /// Whether there are no handlers.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Starts the first handler that takes the message; `None` if none does.
    pub(crate) fn handle(&self, context: &Context) -> Option<BoxFuture<'static, HandlerResult>> {
        self.0.iter().find_map(|route| route(context))
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Routes({})", self.0.len())
    }
}
