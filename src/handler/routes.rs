//! The registered handlers, in order; the only place where a handler's type is erased.

use std::{
    any::type_name,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};

use futures_util::future::BoxFuture;

use super::{Context, FromInbound, Handler, HandlerResult};

/// The advice to a program's author about messages that no handler takes.
const REMEDY: &str =
    "register a handler with `CallbackService::on(|item: Kind, context: Context| async move { … })`";

/// A handler at work on a message.
pub struct Handling {
    result: BoxFuture<'static, HandlerResult>,
    by: Option<Arc<str>>,
}

impl Handling {
    /// The work whose end is `result`.
    pub fn new(result: impl Future<Output = HandlerResult> + Send + 'static) -> Self {
        Self { result: Box::pin(result), by: None }
    }

    /// Sets the name of the handler or rule, for the log and for observers.
    #[must_use]
    pub fn by(self, name: Arc<str>) -> Self {
        Self { by: Some(name), ..self }
    }

    /// The name of the handler or rule, for example `rule "welcome"` or `handler 2 (Text)`.
    pub fn name(&self) -> Option<&Arc<str>> {
        self.by.as_ref()
    }
}

impl Future for Handling {
    type Output = HandlerResult;

    fn poll(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<HandlerResult> {
        self.result.as_mut().poll(context)
    }
}

impl fmt::Debug for Handling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handling").field("by", &self.by).finish_non_exhaustive()
    }
}

/// A handler that decides for itself which messages it takes. When it declines one, the next handler is asked.
///
/// [`Routes`] are a route themselves, so that handlers can be grouped; [`Rules`](crate::rules::Rules) are one.
pub trait Route: Send + Sync + 'static {
    /// Starts to handle the message; `None` declines it. The call must not block: work that takes time belongs into the future.
    fn take(&self, context: &Context) -> Option<Handling>;

    /// The number of handlers and rules that this route consists of.
    fn count(&self) -> RouteCount {
        RouteCount { handlers: 1, rules: 0 }
    }

    /// The name of the rule that declined the message only because it is quiet for a while (`every`), if there is one.
    ///
    /// The worker calls this when nobody has taken the message: silence on purpose needs no warning.
    fn quiet(&self, _context: &Context) -> Option<Arc<str>> {
        None
    }

    /// Advice to the author of this route about messages that nobody takes; the log says it.
    fn remedies(&self) -> Vec<&'static str> {
        vec![REMEDY]
    }
}

/// The number of handlers in Rust and of rules in a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RouteCount {
    /// Handlers in Rust.
    pub handlers: usize,
    /// Rules of a configuration.
    pub rules: usize,
}

/// Handlers in the order in which they are asked, like the arms of a `match`: the first that takes a message
/// handles it.
///
/// Their names in the log are their places in this order, with what they take: `handler 2 (Text)`.
#[derive(Default)]
pub struct Routes(Vec<Entry>);

struct Entry {
    route: Box<dyn Route>,
    /// The name of the handler in the log, where the handler has none of its own.
    name: Arc<str>,
}

impl Routes {
    /// No handlers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a handler after those that are there.
    #[must_use]
    pub fn on<I: FromInbound, H: Handler<I>>(self, handler: H) -> Self {
        let handler = Arc::new(handler);
        let route = move |context: &Context| {
            let item = I::from_inbound(context.inbound())?;
            let (handler, context) = (Arc::clone(&handler), context.clone());
            Some(Handling::new(async move { handler.handle(item, context).await }))
        };
        let item = type_name::<I>();
        let item = item.split_once('<').map_or(item, |(plain, _)| plain);
        let item = item.rsplit("::").next().unwrap_or(item);
        self.add(route, &format!(" ({item})"))
    }

    /// Adds a route after the handlers that are there.
    #[must_use]
    pub fn route(self, route: impl Route) -> Self {
        self.add(route, "")
    }

    fn add(mut self, route: impl Route, item: &str) -> Self {
        let name = format!("handler {}{item}", self.0.len() + 1).into();
        self.0.push(Entry { route: Box::new(route), name });
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
        self.0.iter().find_map(|Entry { route, name }| {
            let handling = route.take(context)?;
            Some(if handling.by.is_some() { handling } else { handling.by(Arc::clone(name)) })
        })
    }

    fn quiet(&self, context: &Context) -> Option<Arc<str>> {
        self.0.iter().find_map(|entry| entry.route.quiet(context))
    }

    fn remedies(&self) -> Vec<&'static str> {
        let mut remedies: Vec<_> = self.0.iter().flat_map(|entry| entry.route.remedies()).collect();
        remedies.sort_unstable();
        remedies.dedup();
        if remedies.is_empty() { vec![REMEDY] } else { remedies }
    }

    fn count(&self) -> RouteCount {
        self.0.iter().map(|entry| entry.route.count()).fold(RouteCount::default(), |sum, one| {
            RouteCount { handlers: sum.handlers + one.handlers, rules: sum.rules + one.rules }
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
