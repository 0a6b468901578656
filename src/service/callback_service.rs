//! [`CallbackService`]: a configuration and handlers become a server, or parts of one.

use std::{future::Future, pin::pin, sync::Arc};

#[cfg(feature = "console")]
use super::assembly::live_events;
use super::{
    assembly::{
        addresses, callbacks, clients, cores, desk_routes, journal_error, listen, open_journal,
        reply_apis, statistics,
    },
    background::Background,
    error::ServiceError,
    parts::{Metrics, Parts},
    ready_line::ReadyLine,
    server::{AdminServer, Server},
    signals::termination,
    workers::Workers,
};
#[cfg(feature = "console")]
use crate::console;
use crate::{
    clock::Clock,
    config::Config,
    desk::Desk,
    dialogue::{Dialogue, DialogueStep},
    handler::{FromInbound, Handler, Route, Routes},
    journal, metrics,
    server::{Listener, admin::JournalGauges},
    statistics::Counters,
    worker::{Deliver, Dispatch, Observers, Pauses, Progress, Pump, SharedState},
};

/// A callback server: a configuration and the handlers.
///
/// A program chooses how much of it to use: [`run`](Self::run) does everything; [`into_parts`](Self::into_parts) gives a
/// router to nest in an axum program and the workers to run beside it; and [`signature`](crate::signature),
/// [`protocol`](crate::protocol) and [`Client`](crate::client::Client) work alone.
///
/// # Examples
///
/// ```no_run
/// use rongcloud_callback::{CallbackService, Config, Context, Subscribe, Text};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// CallbackService::new(Config::load(None)?)
///     .on(|text: Text, _context| async move { text.content })
///     .on(|_: Subscribe, context: Context| async move { format!("Welcome, {}!", context.user()) })
///     .run()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CallbackService {
    config: Config,
    routes: Routes,
    observers: Observers,
    clock: Clock,
    /// The page of the sandbox that the service runs beside, if it does.
    #[cfg(feature = "console")]
    sandbox: Option<url::Url>,
}

impl CallbackService {
    /// A service without handlers, which accepts, keeps and logs messages.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            routes: Routes::new(),
            observers: Observers::default(),
            clock: Clock::system(),
            #[cfg(feature = "console")]
            sandbox: None,
        }
    }

    /// Adds a handler after the others; see [`Handler`] and [`FromInbound`].
    ///
    /// Handlers are asked in order, like the arms of a `match`.
    #[must_use]
    pub fn on<I: FromInbound, H: Handler<I>>(mut self, handler: H) -> Self {
        self.routes = self.routes.on(handler);
        self
    }

    /// Adds a step of a dialogue after the other handlers; see [`Dialogue`].
    ///
    /// While a conversation is in a dialogue, the steps of other dialogues are not asked.
    #[must_use]
    pub fn dialogue<D: Dialogue, I: FromInbound, S: DialogueStep<D, I>>(mut self, step: S) -> Self {
        self.routes = self.routes.dialogue(step);
        self
    }

    /// Adds a route, which decides for itself which messages it takes, after the other handlers. An example is
    /// [`Rules`](crate::rules::Rules).
    #[must_use]
    pub fn route(mut self, route: impl Route) -> Self {
        self.routes = self.routes.route(route);
        self
    }

    /// Tells `observer` of each step of a message and of its replies, after the other observers.
    ///
    /// The observer is called between the steps, and must not block. A panic of the observer is logged once and changes
    /// nothing else.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.observers.add(observer);
        self
    }

    /// Makes the service go by `clock`, for a test that lets time pass: signatures, retries, timers and expiries are on its time,
    /// except for a journal on PostgreSQL, which has the database's.
    ///
    /// # Examples
    ///
    /// ```
    /// use rongcloud_callback::{CallbackService, Config, sandbox::Sandbox};
    ///
    /// # async fn example(sandbox: Sandbox, config: Config) {
    /// // The sandbox signs by its own clock, so its server must go by the same one.
    /// let service = CallbackService::new(config).with_clock(sandbox.clock());
    /// // …
    /// sandbox.advance(std::time::Duration::from_mins(31));
    /// # }
    /// ```
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Names the page of the [sandbox](crate::sandbox) that the service runs beside, to which the console then has a link.
    #[cfg(feature = "console")]
    #[must_use]
    pub fn with_sandbox(self, page: url::Url) -> Self {
        Self { sandbox: Some(page), ..self }
    }

    /// Runs until SIGTERM or SIGINT, then finishes open requests, lets handlers end within the grace period, and closes the
    /// journal.
    ///
    /// With the feature `log`, which is a default one, the service logs as `[log]` of the configuration says, panics
    /// included, or as the environment variable `RUST_LOG` says, unless the program has set a `tracing` subscriber of its
    /// own.
    ///
    /// # Errors
    ///
    /// See [`ServiceError`].
    pub async fn run(self) -> Result<(), ServiceError> {
        let stop = termination().map_err(ServiceError::Signals)?;
        self.run_until(stop).await
    }

    /// Runs as [`run`](Self::run) does, but until `stop` completes. This also ends a service that still waits for its store.
    ///
    /// # Errors
    ///
    /// See [`ServiceError`].
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), ServiceError> {
        #[cfg(feature = "log")]
        crate::telemetry::start(&self.config.log.options(), None)?;
        let result = Box::pin(self.bind_and_run(stop)).await;
        #[cfg(feature = "log")]
        if let Err(panic) = tokio::task::spawn_blocking(crate::telemetry::finish).await {
            tracing::error!(%panic, "the end of the log may be lost");
        }
        result
    }

    async fn bind_and_run(self, stop: impl Future<Output = ()>) -> Result<(), ServiceError> {
        let mut stop = pin!(stop);
        let server = tokio::select! {
            server = self.bind() => server?,
            () = &mut stop => {
                tracing::info!("stopped before it was ready");
                return Ok(());
            }
        };
        server.run(stop).await
    }

    /// Checks whether this service could be started here, as far as that can be seen without starting it. Another instance
    /// may be running, and no database is asked.
    ///
    /// # Errors
    ///
    /// The [`ServiceError`] with which a start would end.
    pub fn check(&self) -> Result<(), ServiceError> {
        let Self { config, clock, .. } = self;
        reply_apis(config, &clients(config, clock)?)?;
        desk_routes(config, clock)?;
        journal::check(config.journal.url.expose()).map_err(|source| journal_error(config, source))?;
        for (key, address) in addresses(config) {
            Listener::check(address).map_err(|source| ServiceError::Listen { key, address, source })?;
        }
        Ok(())
    }

    /// Opens the journal and listens, so that the addresses are known before the service runs. Sets no logging up.
    ///
    /// # Errors
    ///
    /// See [`ServiceError`].
    pub async fn bind(self) -> Result<Server, ServiceError> {
        let ([admin, callbacks], section) = (addresses(&self.config), self.config.admin.clone());
        let limits = self.config.server.connection_limits();
        let (clock, ready_line) = (self.clock.clone(), ReadyLine::new(&self.config, &self.routes));
        let parts = self.into_parts().await?;
        // The journal is open before anybody can connect, because every connection is answered. The operators' endpoints
        // come first, so that readiness can be asked for wherever callbacks can be sent.
        let admin = AdminServer { listener: listen(admin, 1).await?, section };
        let listener = listen(callbacks, cores()).await?;
        let listener = listener.with_gauge(metrics::connections());
        Ok(Server { parts, listener, admin, limits, clock, ready_line })
    }

    /// Opens the journal and gives the parts, to run them inside another program. Sets no logging up.
    ///
    /// Put the router where the routeUrl leads, and run the workers beside it.
    ///
    /// # Errors
    ///
    /// See [`ServiceError`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(service: rongcloud_callback::CallbackService) -> Result<(), Box<dyn std::error::Error>> {
    /// let parts = service.into_parts().await?;
    /// let stop = tokio_util::sync::CancellationToken::new();
    /// let mut workers = tokio::task::JoinSet::from_iter([parts.workers.run(stop.clone())]);
    /// let app: axum::Router = axum::Router::new().merge(parts.callbacks.router());
    /// // … serve `app` until the program is to end, or the workers do, which is an error; then:
    /// stop.cancel();
    /// while let Some(ended) = workers.join_next().await {
    ///     ended??;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn into_parts(self) -> Result<Parts, ServiceError> {
        #[cfg(feature = "console")]
        let sandbox = self.sandbox;
        #[cfg_attr(not(feature = "console"), expect(unused_mut, reason = "the console observes"))]
        let Self { config, routes, mut observers, clock, .. } = self;
        // The recorder is installed before the modules below ask for their metrics, which they do once.
        metrics::install_recorder();
        let clients = clients(&config, &clock)?;
        let reply_apis = reply_apis(&config, &clients)?;
        let desk_routes = desk_routes(&config, &clock)?;
        let journal = open_journal(&config, &clock).await?;
        let counters = Arc::<Counters>::default();
        let callbacks = callbacks(&config, &journal, &clock, &counters);
        let (inbox, outbox) = (config.dispatch.options(), config.deliver.options());
        let dispatch = Dispatch::new(routes, clients, config.dispatch_options()).with_desk(desk_routes);
        let pauses = Pauses::default();
        let deliver = Deliver::new(reply_apis, &outbox, &config.deliver_rate.options())
            .with_pauses(pauses.clone());
        let metrics = Metrics { gauges: JournalGauges::new(Arc::clone(&journal) as _, clock.clone()) };
        let desk = Desk::new(Arc::clone(&journal) as _, config.desk.options(), clock.clone());
        let statistics = statistics(&counters, &journal, &clock);
        #[cfg(feature = "console")]
        let events = live_events(&mut observers);
        let shared =
            SharedState { journal: Arc::clone(&journal), clock: clock.clone(), observers, counters };
        let workers = Workers {
            dispatch: Pump::new(dispatch, inbox, shared.clone()),
            deliver: Pump::new(deliver, outbox, shared),
            background: Background {
                journal: Arc::clone(&journal),
                pauses,
                statistics: statistics.clone(),
                #[cfg(feature = "console")]
                console: console::Background::new(&(Arc::clone(&journal) as _), &events),
            },
            journal: Arc::clone(&journal),
            grace: config.shutdown.grace,
        };
        #[cfg(feature = "console")]
        let console = console::router(console::Parts {
            journal: Arc::clone(&journal) as _,
            desk: desk.clone(),
            clock,
            options: console::Options { sandbox, ..config.console_options() },
            statistics: statistics.clone(),
            events,
        });
        Ok(Parts {
            callbacks,
            workers,
            journal,
            desk,
            metrics,
            statistics,
            #[cfg(feature = "console")]
            console,
        })
    }
}
