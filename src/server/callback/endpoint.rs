//! The endpoints of all apps as an `axum` router: this crate's listener serves it, or a foreign program nests it.

use std::{fmt, sync::Arc};

use axum::{Router, extract::Request, response::Response, routing::post};
use http::request::Parts;
use ipnet::IpNet;
use tracing::warn;

use super::{
    client_address::client_address,
    not_found::NotFound,
    options::{EndpointOptions, Options},
    outcomes::Outcomes,
    receive::Receiver,
    rejection::Rejection,
    shared_state::SharedState,
};
use crate::{clock::Clock, ids::AppKey, journal::Queues, server::http::Arrival};

/// Answers the callbacks of the apps, each at its own path, and keeps their messages in the journal.
///
/// The limits on a message hold in here, whatever serves the router.
#[derive(Clone)]
pub struct Callbacks {
    endpoints: Arc<[Arc<AppEndpoint>]>,
    not_found: Arc<NotFound>,
}

/// The endpoint of one app.
struct AppEndpoint {
    app: AppKey,
    path: String,
    receiver: Receiver,
    outcomes: Outcomes,
    trusted_proxies: Vec<IpNet>,
}

impl Callbacks {
    /// Callbacks at `endpoints`, kept in `journal`.
    pub fn new(
        options: &Options,
        endpoints: &[EndpointOptions],
        journal: Arc<dyn Queues>,
        clock: Clock,
    ) -> Self {
        let shared = Arc::new(SharedState::new(options, journal, clock));
        let endpoint = |endpoint: &EndpointOptions| {
            Arc::new(AppEndpoint {
                app: endpoint.app.clone(),
                path: endpoint.path.clone(),
                receiver: Receiver::new(endpoint, Arc::clone(&shared)),
                outcomes: Outcomes::new(&endpoint.app, Arc::clone(&options.counters)),
                trusted_proxies: options.trusted_proxies.clone(),
            })
        };
        let not_found = Arc::new(NotFound::new(options, endpoints));
        Self { endpoints: endpoints.iter().map(endpoint).collect(), not_found }
    }

    /// The router, to nest in any `axum` program.
    ///
    /// There, the client's address in the log needs `into_make_service_with_connect_info::<SocketAddr>()`.
    ///
    /// # Panics
    ///
    /// If two apps have the same path, or a path is malformed (a loaded configuration is checked for that).
    pub fn router(&self) -> Router {
        // A path is literal: `:` and `*` at the beginning of a segment were patterns in axum 0.7, and are none here.
        let router = Router::new().without_v07_checks();
        self.endpoints.iter().fold(router, |router, endpoint| {
            let path = &endpoint.path;
            let endpoint = Arc::clone(endpoint);
            router.route(path, post(async move |request: Request| endpoint.respond(request).await))
        })
    }

    /// The [router](Self::router) for a listener that serves nothing else. This router also answers every other path,
    /// and notes such a request in log and metrics.
    pub fn standalone_router(&self) -> Router {
        let not_found = Arc::clone(&self.not_found);
        self.router().fallback(async move |request: Request| not_found.answer(&request))
    }
}

impl AppEndpoint {
    /// Answers one callback.
    async fn respond(&self, request: Request) -> Response {
        let (request, body) = request.into_parts();
        // This crate's listener notes the arrival; a foreign one does not.
        let arrival = request.extensions.get().copied().unwrap_or_else(Arrival::now);
        match self.receiver.receive(&request, body, arrival).await {
            Ok(ack) => {
                self.outcomes.count_ack(ack, arrival.at.elapsed());
                ack.into()
            }
            Err(rejection) => {
                self.record_refusal(&rejection, &request);
                (&rejection).into()
            }
        }
    }

    fn record_refusal(&self, rejection: &Rejection, request: &Parts) {
        let reason = rejection.reason();
        if let Some(unlogged) = self.outcomes.count_refusal(reason) {
            let client = client_address(&request.extensions, &request.headers, &self.trusted_proxies);
            warn!(
                app = %self.app, path = %self.path, client = client.map(tracing::field::display),
                reason = reason.label(), error = %rejection, unlogged = (unlogged > 0).then_some(unlogged),
                "callback refused"
            );
        }
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.endpoints.iter().map(|endpoint| &endpoint.path)).finish()
    }
}
