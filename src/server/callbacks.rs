//! The callbacks of all apps as an `axum` router: our listener serves it, or a foreign program nests it.

use std::{convert::Infallible, fmt, sync::Arc};

use axum::{Router, extract::Request, routing::post_service};
use futures_util::FutureExt;
use tower::service_fn;

use super::{
    callback::{self, Receiver},
    not_found::NotFound,
};
use crate::{
    clock::Clock,
    config::{AppSection, ServerSection},
    journal::Queues,
};

/// Answers the callbacks of the apps, each at its own path, and keeps what they bring in the journal.
///
/// Every bound of the configuration on a message is kept in here, whatever serves it.
#[derive(Clone)]
pub struct Callbacks {
    receivers: Arc<[Arc<Receiver>]>,
    not_found: Arc<NotFound>,
}

impl Callbacks {
    /// Receives for `apps`, whose paths are exact.
    pub fn new(
        section: &ServerSection,
        apps: &[AppSection],
        journal: Arc<dyn Queues>,
        clock: Clock,
    ) -> Self {
        let not_found = Arc::new(NotFound::new(section, apps));
        Self { receivers: callback::receivers(section, apps, journal, clock).collect(), not_found }
    }

    /// A router to nest in any `axum` program.
    ///
    /// There, the client's address in the log needs `into_make_service_with_connect_info::<SocketAddr>()`.
    ///
    /// # Panics
    ///
    /// If two apps have the same path, or a path is not one (a loaded configuration is checked for that).
    pub fn router(&self) -> Router {
        // A path is meant as it stands: `:` and `*` at the beginning of a segment were patterns once, and are none here.
        let router = Router::new().without_v07_checks();
        self.receivers.iter().fold(router, |router, receiver| {
            let path = receiver.path();
            let receiver = Arc::clone(receiver);
            // A service and not a handler, whose future would hold the whole request beside ours.
            let receive = service_fn(move |request: Request| {
                Arc::clone(&receiver).respond(request).map(Ok::<_, Infallible>)
            });
            router.route(path, post_service(receive))
        })
    }

    /// The [router](Self::router) for a listener that serves nothing else: it answers every other path, too, and says in
    /// log and metrics that something came there.
    pub fn standalone_router(&self) -> Router {
        let not_found = Arc::clone(&self.not_found);
        self.router().fallback(async move |request: Request| not_found.answer(&request))
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.receivers.iter().map(|receiver| receiver.path())).finish()
    }
}
