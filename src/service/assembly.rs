//! The assembly of a service: each part as its section of the configuration says.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, thread};

use super::error::ServiceError;
#[cfg(feature = "rules")]
use crate::rules::DeskService;
use crate::{
    client::Client,
    clock::Clock,
    config::{AppSection, Config, Replies},
    handler::Routes,
    ids::AppKey,
    journal::{self, JournalError, Queues, replica_name},
    server::{self, Callbacks, Listener},
    statistics::{Counters, Statistics},
    worker::ReplyApi,
};
#[cfg(feature = "console")]
use crate::{console, worker::Observers};

/// The addresses to listen on, with their keys in the configuration, in the order in which they are bound.
pub(super) fn addresses(config: &Config) -> [(&'static str, SocketAddr); 2] {
    [("admin.listen", config.admin.listen), ("server.listen", config.server.listen)]
}

pub(super) async fn listen(
    (key, address): (&'static str, SocketAddr),
    threads: usize,
) -> Result<Listener, ServiceError> {
    let bound = Listener::bind(address, threads).await;
    bound.map_err(|source| ServiceError::Listen { key, address, source })
}

/// The router of the callbacks, which `counters` count.
pub(super) fn callbacks(
    config: &Config,
    journal: &Arc<dyn Queues>,
    clock: &Clock,
    counters: &Arc<Counters>,
) -> Callbacks {
    let options = server::Options { counters: Arc::clone(counters), ..config.server.options() };
    let endpoints: Vec<_> = config.apps.iter().map(AppSection::endpoint).collect();
    Callbacks::new(&options, &endpoints, Arc::clone(journal), clock.clone())
}

/// Opens the journal of a server, which may wait for its store for long.
pub(super) async fn open_journal(
    config: &Config,
    clock: &Clock,
) -> Result<Arc<dyn Queues>, ServiceError> {
    // The line says what the service waits for.
    tracing::info!(journal = %config.journal.url, "opening the journal");
    let options = config.journal.options(clock.clone());
    let opened = journal::open_server(config.journal.url.expose(), options).await;
    opened.map_err(|source| journal_error(config, source))
}

pub(super) fn journal_error(config: &Config, source: JournalError) -> ServiceError {
    ServiceError::Journal { url: config.journal.url.to_string(), source }
}

/// The number of threads that this machine, or the container's share of it, can run at once.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The client of each app, which signs by `clock`.
pub(super) fn clients(config: &Config, clock: &Clock) -> Result<HashMap<AppKey, Client>, ServiceError> {
    let client = |app: &AppSection| {
        app.client(config.client.options())
            .map(|client| (app.key.clone(), client.with_clock(clock.clone())))
            .map_err(|source| ServiceError::Client { app: app.key.clone(), source })
    };
    config.apps.iter().map(client).collect()
}

/// The service that the messages of a person's conversations are handed to, if the configuration names one.
#[cfg_attr(
    not(feature = "rules"),
    expect(unused_variables, clippy::unnecessary_wraps, reason = "rules forward")
)]
pub(super) fn desk_routes(config: &Config, clock: &Clock) -> Result<Routes, ServiceError> {
    #[cfg(feature = "rules")]
    if let Some(desk) = &config.desk.forward {
        let service = DeskService::new(desk, clock.clone()).map_err(ServiceError::Desk)?;
        return Ok(Routes::new().route(service));
    }
    Ok(Routes::new())
}

/// The API through which each app's replies are sent.
pub(super) fn reply_apis(
    config: &Config,
    clients: &HashMap<AppKey, Client>,
) -> Result<HashMap<AppKey, ReplyApi>, ServiceError> {
    let api = |app: &AppSection| match (app.replies, &app.portal) {
        (Replies::Portal, Some(section)) => section
            .portal(config.client.options())
            .map(|portal| (app.key.clone(), ReplyApi::Portal(portal)))
            .map_err(|source| ServiceError::Client { app: app.key.clone(), source }),
        _ => Ok((app.key.clone(), ReplyApi::Platform(clients[&app.key].clone()))),
    };
    config.apps.iter().map(api).collect()
}

/// The statistics of this server, and of all that share its journal.
pub(super) fn statistics(
    counters: &Arc<Counters>,
    journal: &Arc<dyn Queues>,
    clock: &Clock,
) -> Statistics {
    Statistics::new(Arc::clone(counters), Arc::clone(journal) as _, clock.clone(), replica_name())
}

/// The live events of the console, which are told of each step while somebody listens.
#[cfg(feature = "console")]
pub(super) fn live_events(observers: &mut Observers) -> console::Events {
    let events = console::Events::new();
    let (listening, telling) = (events.clone(), events.clone());
    observers
        .add_listener(move || listening.has_listeners(), move |progress| telling.tell_step(progress));
    events
}
