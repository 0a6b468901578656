//! What a service is assembled from: each part as its section of the configuration says.

use std::{collections::HashMap, net::SocketAddr, thread};

use super::ServiceError;
use crate::{
    client::Client,
    config::{AppSection, Config, Replies},
    ids::AppKey,
    journal::JournalError,
    portal::Portal,
    server::Listener,
    worker::Channel,
};

/// The addresses to listen on, and their keys, in the order in which they are.
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

pub(super) fn journal_error(config: &Config, source: JournalError) -> ServiceError {
    ServiceError::Journal { url: config.journal.url.to_string(), source }
}

/// How many threads this machine, or the container's share of it, can run at once.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

pub(super) fn clients(config: &Config) -> Result<HashMap<AppKey, Client>, ServiceError> {
    let client = |app: &AppSection| {
        Client::of_app(app, &config.client)
            .map(|client| (app.key.clone(), client))
            .map_err(|source| ServiceError::Client { app: app.key.clone(), source })
    };
    config.apps.iter().map(client).collect()
}

/// The way that each app's replies go.
pub(super) fn channels(
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
