//! Assembles the rooms: configuration and handlers in, a running callback server out.

mod assembly;
mod error;
mod ready;

use std::{
    future::Future, io, mem, net::SocketAddr, panic::AssertUnwindSafe, pin::pin, sync::Arc,
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

pub use self::error::ServiceError;
use self::{
    assembly::{addresses, channels, clients, cores, journal_error, listen},
    ready::Ready,
};
pub use crate::worker::{Progress, Step};
use crate::{
    clock::Clock,
    config::{AdminSection, Config},
    handler::{FromInbound, Handler, Route, Routes},
    journal::{self, Queues},
    metrics as names,
    server::{Callbacks, ConnectionLimits, Listener, admin, admin::QueueMeters},
    worker::{Deliver, Dispatch, Observers, Pump},
};

/// How much longer than the grace period the queues' loops may take to end: a store that does not answer keeps them.
const AFTER_GRACE: Duration = Duration::from_secs(1);
/// How long the journal may take to close. What it does not write into its own file then is read from its log at the next start.
const CLOSE: Duration = Duration::from_secs(5);

/// A callback server: a configuration and the handlers.
///
/// Three rungs: [`run`](Self::run) does everything; [`into_parts`](Self::into_parts) gives a router to nest
/// in an axum program and the workers to run beside it; and [`signature`](crate::signature),
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
}

/// A service taken apart, to run it inside another program; see [`CallbackService::into_parts`].
#[derive(Debug)]
pub struct Parts {
    /// Answer the platform at the configured paths. The limits hold in here, whatever listens.
    pub callbacks: Callbacks,
    /// What handles messages and sends replies.
    pub workers: Workers,
    /// What survives a crash.
    pub journal: Arc<dyn Queues>,
    /// What has been counted and measured.
    pub metrics: Metrics,
}

/// The metrics of the process, as `/metrics` of the operators' listener shows them.
#[derive(Debug)]
pub struct Metrics {
    queues: QueueMeters,
}

/// What runs behind the ack: handling and sending.
#[derive(Debug)]
pub struct Workers {
    dispatch: Pump<Dispatch>,
    deliver: Pump<Deliver>,
    /// Closed when both pumps have ended.
    journal: Arc<dyn Queues>,
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
    ready: Ready,
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
        Self { config, routes: Routes::new(), observers: Observers::default(), clock: Clock::system() }
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

    /// Tells `observer` of each step of a message and of its replies, after those that are there already.
    ///
    /// It is called in between and must not block. If it panics, that is logged once and changes nothing else.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.observers.add(observer);
        self
    }

    /// Runs until SIGTERM or SIGINT: then finishes open requests, lets handlers end within the grace period,
    /// and closes the journal.
    ///
    /// With the feature `log`, which is a default one, it logs as `[log]` of the configuration says, panics included, or as
    /// the environment variable `RUST_LOG` does; unless the program has set a `tracing` subscriber of its own.
    ///
    /// # Errors
    ///
    /// See [`ServiceError`].
    pub async fn run(self) -> Result<(), ServiceError> {
        let stop = termination().map_err(ServiceError::Signals)?;
        self.run_until(stop).await
    }

    /// Runs as [`run`](Self::run) does, but until `stop` completes, which ends it while it waits for its store, too.
    ///
    /// # Errors
    ///
    /// See [`ServiceError`].
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), ServiceError> {
        #[cfg(feature = "log")]
        crate::telemetry::start(&self.config.log, None)?;
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

    /// Whether this service could be started here, as far as that can be seen without starting it: another one may be
    /// running, and no database is asked.
    ///
    /// # Errors
    ///
    /// The [`ServiceError`] with which a start would end.
    pub fn check(&self) -> Result<(), ServiceError> {
        let Self { config, .. } = self;
        channels(config, &clients(config)?)?;
        journal::check(config.journal.url.expose()).map_err(|source| journal_error(config, source))?;
        for (key, address) in addresses(config) {
            Listener::check(address).map_err(|source| ServiceError::Listen { key, address, source })?;
        }
        Ok(())
    }

    /// Opens the journal and listens, so that the addresses are known before it runs. Sets no logging up.
    ///
    /// # Errors
    ///
    /// See [`ServiceError`].
    pub async fn bind(self) -> Result<Server, ServiceError> {
        let ([admin, callbacks], section) = (addresses(&self.config), self.config.admin.clone());
        let limits = ConnectionLimits::from(&self.config.server);
        let (clock, ready) = (self.clock.clone(), Ready::new(&self.config, &self.routes));
        let parts = self.into_parts().await?;
        // Not before the journal is open: who can connect is answered. The operators' endpoints first: where
        // callbacks can be sent, readiness can be asked for.
        let operators = Operators { listener: listen(admin, 1).await?, section };
        let listener = listen(callbacks, cores()).await?;
        let listener = listener.counted_on(names::connections());
        Ok(Server { parts, listener, operators, limits, clock, ready })
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
        let Self { config, routes, observers, clock } = self;
        // Before the rooms are built: they ask for their metrics once.
        names::prometheus();
        let clients = clients(&config)?;
        let channels = channels(&config, &clients)?;
        // Before the first wait: where it is long, this says for what.
        tracing::info!(journal = %config.journal.url, "opening the journal");
        let options = config.journal.options(clock.clone());
        let journal = journal::open_server(config.journal.url.expose(), options)
            .await
            .map_err(|source| journal_error(&config, source))?;
        let callbacks =
            Callbacks::new(&config.server, &config.apps, Arc::clone(&journal), clock.clone());
        let dispatch = Dispatch::new(routes, clients);
        let deliver = Deliver::new(channels, &config.deliver, &config.deliver_rate);
        let metrics = Metrics { queues: QueueMeters::new(Arc::clone(&journal) as _, clock.clone()) };
        let workers = Workers {
            dispatch: Pump::new(dispatch, Arc::clone(&journal), config.dispatch, clock.clone())
                .observed_by(observers.clone()),
            deliver: Pump::new(deliver, Arc::clone(&journal), config.deliver, clock)
                .observed_by(observers),
            journal: Arc::clone(&journal),
            grace: config.shutdown.grace,
        };
        Ok(Parts { callbacks, workers, journal, metrics })
    }
}

impl Metrics {
    /// All of them as Prometheus text; `None` if the program has a recorder of its own, which has them then.
    pub async fn render(&self) -> Option<String> {
        let handle = names::prometheus()?;
        self.queues.refresh().await;
        Some(handle.render())
    }
}

impl Workers {
    /// Works until `stop`, lets attempts end within the configured grace period, then closes the journal.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Ended`] if a queue is not worked on any more although nobody has stopped it.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServiceError> {
        let Self { dispatch, deliver, journal, grace } = self;
        // Stopped by the caller, or by a loop that has failed.
        let stop = stop.child_token();
        let loops = async {
            tokio::join!(
                watched("the handling of messages", dispatch.run(stop.clone(), grace), &stop),
                watched("the sending of replies", deliver.run(stop.clone(), grace), &stop),
            )
        };
        let late = async {
            stop.cancelled().await;
            sleep(grace.saturating_add(AFTER_GRACE)).await;
        };
        let result = tokio::select! {
            (handling, sending) = loops => handling.and(sending),
            () = late => {
                tracing::warn!("the journal or a handler does not answer: what is in work is cut off, and comes again after the next start");
                Ok(())
            }
            never = names::upkeep() => match never {},
        };
        let unclean = match timeout(CLOSE, journal.close()).await {
            Ok(Ok(())) => return result,
            Ok(Err(error)) => error.to_string(),
            Err(_) => {
                // Its end would wait for the store as well.
                mem::forget(Arc::clone(&journal));
                "it does not answer".to_owned()
            }
        };
        tracing::error!(
            error = unclean,
            "the journal did not close cleanly; it is read again at the next start"
        );
        result
    }
}

/// Runs a loop that ought to run until `stop`; if it ends before, or panics, the others are stopped as well.
async fn watched<T>(
    part: &'static str,
    run: impl Future<Output = T>,
    stop: &CancellationToken,
) -> Result<(), ServiceError> {
    let ended = AssertUnwindSafe(run).catch_unwind().await;
    if ended.is_ok() && stop.is_cancelled() {
        return Ok(());
    }
    tracing::error!(
        part,
        "a part of the server ended by itself, so the rest is stopped: what was accepted is handled after the next start; \
         this is a defect, please report it with the lines before this one"
    );
    stop.cancel();
    Err(ServiceError::Ended { part })
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
    pub fn journal(&self) -> Arc<dyn Queues> {
        Arc::clone(&self.parts.journal)
    }

    /// Runs until `stop`: readiness off, no new connections, open requests finished, no new leases, handlers
    /// ended within the grace period, the journal closed.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Ended`] if a part of it has ended although nobody has stopped it; the others are stopped then.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServiceError> {
        let Self { parts, listener, operators, limits, clock, ready } = self;
        let Parts { callbacks, workers, journal, .. } = parts;
        let Operators { listener: admin, section } = operators;
        ready.tell(listener.local_addr(), admin.local_addr());
        if section.is_remote() {
            tracing::warn!(
                admin = %admin.local_addr(),
                "other machines can reach the operators' endpoints: the metrics ask for a token, health and readiness do not"
            );
        }
        let stopping = CancellationToken::new();
        let served = CancellationToken::new();
        let render =
            names::prometheus().map(|handle| Arc::new(move || handle.render()) as admin::Render);
        let operators = admin::router(journal, clock, stopping.clone(), render, section.tokens);
        let stop = async {
            tokio::select! {
                () = stop => tracing::info!("stopping"),
                () = stopping.cancelled() => {}
            }
            stopping.cancel();
        };
        let serve = async {
            let router = callbacks.standalone_router();
            let serving = listener.serve(router, limits, stopping.clone());
            let result = watched("the listener of server.listen", serving, &stopping).await;
            served.cancel();
            result
        };
        // The operators' endpoints answer until the very end.
        let operate = async {
            let never = CancellationToken::new();
            let serving = admin.serve(operators, ConnectionLimits::default(), never.clone());
            let mut work = pin!(async {
                let result = workers.run(served.clone()).await;
                stopping.cancel();
                result
            });
            tokio::select! {
                result = &mut work => result,
                ended = watched("the listener of admin.listen", serving, &stopping) => {
                    work.await.and(ended)
                }
            }
        };
        let ((), served, operated) = tokio::join!(stop, serve, operate);
        tracing::info!("stopped");
        served.and(operated)
    }
}

/// Completes at SIGTERM or SIGINT, of which none is missed from this call on.
///
/// # Errors
///
/// The operating system's, if it has no handlers to give.
pub fn termination() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_ends_before_it_is_told_to_stops_the_others_and_is_named() {
        for returns in [true, false] {
            let stop = CancellationToken::new();
            let part = async move { assert!(returns, "a part that panics") };
            let ended = watched("the listener", part, &stop).await;
            assert!(matches!(ended, Err(ServiceError::Ended { part: "the listener" })), "{ended:?}");
            assert!(stop.is_cancelled());
        }
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(watched("the listener", async {}, &stop).await.is_ok());
    }
}
