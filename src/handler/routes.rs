//! The registered handlers, in order; the only place where a handler's type is erased.

use std::{any::type_name, fmt, sync::Arc};

use super::{ActiveDialogue, Context, FromInbound, Handler, HandlerResult, Handling};

/// The advice to a program's author about messages that no handler takes.
const REMEDY: &str =
    "register a handler with `CallbackService::on(|item: Kind, context: Context| async move { … })`";

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

    /// Whether this route has the dialogue of this name. A state of a dialogue that no route has cannot be read.
    fn has_dialogue(&self, _name: &str) -> bool {
        false
    }

    /// The last words of a dialogue that this route has, whose time is over: the replies, or the error.
    ///
    /// `None` if the route does not have the dialogue. The dialogue has ended, whatever the replies are.
    fn expired(&self, _dialogue: &ActiveDialogue) -> Option<HandlerResult> {
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
pub struct Routes(Vec<Arc<Entry>>);

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
        self.0.push(Arc::new(Entry { route: Box::new(route), name }));
        self
    }

    /// Whether there are no handlers.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Entry {
    fn take(&self, context: &Context) -> Option<Handling> {
        let handling = self.route.take(context)?;
        let has_name = handling.name().is_some();
        Some(if has_name { handling } else { handling.by(Arc::clone(&self.name)) })
    }
}

/// The first of `entries` that takes the message, and after it, where it passes the message on, the next that does.
fn take_first(entries: &[Arc<Entry>], context: &Context) -> Option<Handling> {
    let (at, handling) =
        entries.iter().enumerate().find_map(|(at, entry)| Some((at, entry.take(context)?)))?;
    if !handling.may_pass() {
        return Some(handling);
    }
    let (rest, context) = (entries[at + 1..].to_vec(), context.clone());
    Some(handling.or_else(move || take_first(&rest, &context)))
}

/// The first handler that takes the message.
impl Route for Routes {
    fn take(&self, context: &Context) -> Option<Handling> {
        take_first(&self.0, context)
    }

    fn has_dialogue(&self, name: &str) -> bool {
        self.0.iter().any(|entry| entry.route.has_dialogue(name))
    }

    fn expired(&self, dialogue: &ActiveDialogue) -> Option<HandlerResult> {
        self.0.iter().find_map(|entry| entry.route.expired(dialogue))
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
