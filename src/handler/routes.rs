//! The registered handlers, in order; the only place where a handler's type is erased.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;

use super::{Context, FromInbound, Handler, HandlerResult};

/// A handler at work on a message.
pub type Handling = BoxFuture<'static, HandlerResult>;

/// Takes a message or declines it, by more than a type can say: then the next handler is asked.
///
/// [`Routes`] are a route themselves, so that handlers can be grouped; [`Rules`](crate::rules::Rules) are one.
pub trait Route: Send + Sync + 'static {
    /// Starts on the message; `None` declines it. It must not block: what takes time belongs into the future.
    fn take(&self, context: &Context) -> Option<Handling>;

    /// How many handlers and rules it consists of.
    fn count(&self) -> RouteCount {
        RouteCount { handlers: 1, rules: 0 }
    }
}

/// How many handlers in Rust, and how many rules of a configuration, messages are offered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RouteCount {
    /// Handlers in Rust.
    pub handlers: usize,
    /// Rules of a configuration.
    pub rules: usize,
}

/// Handlers in the order in which they are asked, like the arms of a `match`: the first that takes a message
/// handles it.
#[derive(Default)]
pub struct Routes(Vec<Box<dyn Route>>);

impl Routes {
    /// No handlers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a handler after those that are there.
    #[must_use]
    pub fn on<I: FromInbound, H: Handler<I>>(self, handler: H) -> Self {
        let handler = Arc::new(handler);
        self.route(move |context: &Context| {
            let item = I::from_inbound(context.inbound())?;
            let (handler, context) = (Arc::clone(&handler), context.clone());
            Some(Box::pin(async move { handler.handle(item, context).await }) as Handling)
        })
    }

    /// Adds what decides for itself which messages it takes, after the handlers that are there.
    #[must_use]
    pub fn route(mut self, route: impl Route) -> Self {
        self.0.push(Box::new(route));
        self
    }

    /// Whether there are no handlers.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The first handler that takes the message.
impl Route for Routes {
    fn take(&self, context: &Context) -> Option<Handling> {
        self.0.iter().find_map(|route| route.take(context))
    }

    fn count(&self) -> RouteCount {
        self.0.iter().map(|route| route.count()).fold(RouteCount::default(), |sum, one| RouteCount {
            handlers: sum.handlers + one.handlers,
            rules: sum.rules + one.rules,
        })
    }
}

impl<F: Fn(&Context) -> Option<Handling> + Send + Sync + 'static> Route for F {
    fn take(&self, context: &Context) -> Option<Handling> {
        self(context)
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Routes({})", self.0.len())
    }
}
