//! Assembles the rooms: configuration and handlers in, a running callback server out.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    client::{Client, ClientError},
    clock::Clock,
    config::{AdminSection, AppSection, Config, JournalSection, Replies},
    handler::{FromInbound, Handler, Route, Routes},
    ids::AppKey,
    journal::{self, Access, Journal, JournalError},
    metrics as names,
    portal::Portal,
    server::{Callbacks, ConnectionLimits, Listener, admin},
    worker::{Channel, Deliver, Dispatch, Pump},
};

/// A callback server: a configuration and the handlers.
///
/// Three rungs: [`run`](Self::run) does everything; [`into_parts`](Self::into_parts) gives a router to nest
/// in an axum program and the workers to run beside it; and [`signature`](crate::signature),
/// [`protocol`](crate::protocol) and [`Client`] work alone.
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
    clock: Clock,
}

/// Why a service did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The journal could not be opened or closed.
    #[error("the journal at `{url}`")]
    Journal {
        /// Its address in the configuration, without a password.
        url: String,
        /// What is wrong.
        source: JournalError,
    },
    /// An address could not be listened on.
    #[error("cannot listen on {address} (`{key}`)")]
    Listen {
        /// The key in the configuration.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What is wrong.
        source: io::Error,
    },
    /// The client of an app could not be made.
    #[error("the client of app {app}")]
    Client {
        /// The app.
        app: AppKey,
        /// What is wrong.
        source: ClientError,
    },
    /// The process's signals could not be listened for.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
}

/// A service taken apart, to run it inside another program; see [`CallbackService::into_parts`].
#[derive(Debug)]
pub struct Parts {
    /// Answer the platform at the configured paths. The limits hold in here, whatever listens.
    pub callbacks: Callbacks,
    /// What handles messages and sends replies.
    pub workers: Workers,
    /// What survives a crash.
    pub journal: Arc<dyn Journal>,
}

/// What runs behind the ack: handling and sending.
#[derive(Debug)]
pub struct Workers {
    dispatch: Pump<Dispatch>,
    deliver: Pump<Deliver>,
    /// Closed when both pumps have ended.
    journal: Arc<dyn Journal>,
    grace: Duration,
}

/// A service that listens but does not answer yet.
#[derive(Debug)]
pub struct Server {
    parts: Parts,
    listener: Listener,
    operators: Operators,
    limits: ConnectionLimits,
    clock: Clock,
}

/// The operators' listener, and what opens its metrics.
#[derive(Debug)]
struct Operators {
    listener: Listener,
    section: AdminSection,
}

impl CallbackService {
    /// A service without handlers: it accepts, keeps and logs.
    pub fn new(config: Config) -> Self {
        Self { config, routes: Routes::new(), clock: Clock::system() }
    }

    /// Adds a handler after those that are there; see [`Handler`] and [`FromInbound`].
    ///
    /// Handlers are asked in order, like the arms of a `match`.
    #[must_use]
    pub fn on<I: FromInbound, H: Handler<I>>(mut self, handler: H) -> Self {
        self.routes = self.routes.on(handler);
        self
    }

    /// Adds what decides for itself which messages it takes, such as [`Rules`](crate::rules::Rules), after the
    /// handlers that are there.
    #[must_use]
    pub fn route(mut self, route: impl Route) -> Self {
        self.routes = self.routes.route(route);
        self
    }

    /// Runs until SIGTERM or SIGINT: then finishes open requests, lets handlers end within the grace period,
    /// and closes the journal.
    ///
    /// # Errors
    ///
    /// See [`ServiceError`].
    pub async fn run(self) -> Result<(), ServiceError> {
        let stop = termination().map_err(ServiceError::Signals)?;
        self.bind().await?.run(stop).await;
        Ok(())
    }

    /// Opens the journal and listens, so that the addresses are known before it runs.
    ///
    /// # Errors
    ///
    /// See [`ServiceError`].
    pub async fn bind(self) -> Result<Server, ServiceError> {
        let (callbacks, section) = (self.config.server.listen, self.config.admin.clone());
        let limits = ConnectionLimits::from(&self.config.server);
        let clock = self.clock.clone();
        let parts = self.into_parts().await?;
        // Not before the journal is open: who can connect is answered. The operators' endpoints first: where
        // callbacks can be sent, readiness can be asked for.
        let operators =
            Operators { listener: listen("admin.listen", section.listen, 1).await?, section };
        let listener = listen("server.listen", callbacks, cores()).await?;
        let listener = listener.counted_on(names::connections());
        Ok(Server { parts, listener, operators, limits, clock })
    }

    /// Opens the journal and gives the parts, to run them inside another program.
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
    /// let workers = tokio::task::JoinSet::from_iter([parts.workers.run(stop.clone())]);
    /// let app: axum::Router = axum::Router::new().merge(parts.callbacks.router());
    /// // … serve `app` until the program is to end, then:
    /// stop.cancel();
    /// workers.join_all().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn into_parts(self) -> Result<Parts, ServiceError> {
        let Self { config, routes, clock } = self;
        // Before the rooms are built: they ask for their metrics once.
        prometheus();
        let clients = clients(&config)?;
        let channels = channels(&config, &clients)?;
        let journal = open_journal(&config.journal, clock.clone(), Access::Server)
            .await
            .map_err(|source| ServiceError::Journal { url: config.journal.url.to_string(), source })?;
        let callbacks =
            Callbacks::new(&config.server, &config.apps, Arc::clone(&journal), clock.clone());
        let dispatch = Dispatch::new(routes, clients);
        let deliver = Deliver::new(channels, &config.deliver, &config.deliver_rate);
        let workers = Workers {
            dispatch: Pump::new(dispatch, Arc::clone(&journal), config.dispatch, clock.clone()),
            deliver: Pump::new(deliver, Arc::clone(&journal), config.deliver, clock),
            journal: Arc::clone(&journal),
            grace: config.shutdown.grace,
        };
        Ok(Parts { callbacks, workers, journal })
    }
}

impl Workers {
    /// Works until `stop`, lets attempts end within the configured grace period, then closes the journal.
    pub async fn run(self, stop: CancellationToken) {
        let Self { dispatch, deliver, journal, grace } = self;
        tokio::join!(dispatch.run(stop.clone(), grace), deliver.run(stop, grace));
        if let Err(error) = journal.close().await {
            tracing::error!(%error, "the journal did not close cleanly; it is read again at the next start");
        }
    }
}

impl Server {
    /// Where callbacks are answered.
    pub fn callback_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Where health, readiness and metrics are answered.
    pub fn admin_addr(&self) -> SocketAddr {
        self.operators.listener.local_addr()
    }

    /// What survives a crash.
    pub fn journal(&self) -> Arc<dyn Journal> {
        Arc::clone(&self.parts.journal)
    }

    /// Runs until `stop`: readiness off, no new connections, open requests finished, no new leases, handlers
    /// ended within the grace period, the journal closed.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { parts: Parts { callbacks, workers, journal }, listener, operators, limits, clock } =
            self;
        let Operators { listener: admin, section } = operators;
        tracing::info!(callbacks = %listener.local_addr(), admin = %admin.local_addr(), "ready");
        if section.is_remote() {
            tracing::warn!(
                admin = %admin.local_addr(),
                "other machines can reach the operators' endpoints: the metrics ask for a token, health and readiness do not"
            );
        }
        let stopping = CancellationToken::new();
        let served = CancellationToken::new();
        let render =
            prometheus().cloned().map(|handle| Arc::new(move || handle.render()) as admin::Render);
        let operators = admin::router(journal, clock, stopping.clone(), render, section.tokens);
        let stop = async {
            stop.await;
            tracing::info!("stopping");
            stopping.cancel();
        };
        let serve = async {
            listener.serve(callbacks, limits, stopping.clone()).await;
            served.cancel();
        };
        // The operators' endpoints answer until the very end.
        let operate = async {
            tokio::select! {
                () = workers.run(served.clone()) => {}
                () = admin.serve(operators, ConnectionLimits::default(), CancellationToken::new()) => {}
                () = upkeep() => {}
            }
        };
        tokio::join!(stop, serve, operate);
        tracing::info!("stopped");
    }
}

async fn listen(
    key: &'static str,
    address: SocketAddr,
    threads: usize,
) -> Result<Listener, ServiceError> {
    let bound = Listener::bind(address, threads).await;
    bound.map_err(|source| ServiceError::Listen { key, address, source })
}

/// How many threads this machine, or the container's share of it, can run at once.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Opens the journal that a configuration names, for the server or for an operator beside it.
///
/// # Errors
///
/// [`JournalError::Open`] where the configuration has to change, else [`JournalError::Unavailable`].
pub async fn open_journal(
    section: &JournalSection,
    clock: Clock,
    access: Access,
) -> Result<Arc<dyn Journal>, JournalError> {
    let options = journal::Options {
        keep: section.keep,
        keep_dead: section.keep_dead,
        max_pending: section.max_pending,
        recent_keys: section.recent_keys,
        clock,
        access,
    };
    journal::open(section.url.expose(), options).await
}

fn clients(config: &Config) -> Result<HashMap<AppKey, Client>, ServiceError> {
    let client = |app: &AppSection| {
        Client::of_app(app, &config.client)
            .map(|client| (app.key.clone(), client))
            .map_err(|source| ServiceError::Client { app: app.key.clone(), source })
    };
    config.apps.iter().map(client).collect()
}

/// The way that each app's replies go.
fn channels(
    config: &Config,
    clients: &HashMap<AppKey, Client>,
) -> Result<HashMap<AppKey, Channel>, ServiceError> {
    let channel = |app: &AppSection| match (app.replies, &app.portal) {
        (Replies::Portal, Some(section)) => Portal::of_section(section, &config.client)
            .map(|portal| (app.key.clone(), Channel::Portal(portal)))
            .map_err(|source| ServiceError::Client { app: app.key.clone(), source }),
        _ => Ok((app.key.clone(), Channel::Platform(clients[&app.key].clone()))),
    };
    config.apps.iter().map(channel).collect()
}

/// The process's metrics; `None` if the program that we are part of has a recorder of its own.
fn prometheus() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let recorder = names::recorder().ok()?;
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        names::describe();
        Some(handle)
    };
    HANDLE.get_or_init(install).as_ref()
}

/// Without this, histograms grow until somebody asks for them.
async fn upkeep() {
    let mut every = tokio::time::interval(Duration::from_secs(5));
    loop {
        every.tick().await;
        if let Some(handle) = prometheus() {
            handle.run_upkeep();
        }
    }
}

/// Completes at SIGTERM or SIGINT.
fn termination() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
