//! Which app a request is for; served straight by our listener, or by a router inside a foreign program.

use std::{fmt, future::Future, net::SocketAddr, sync::Arc};

use axum::{Router, extract::ConnectInfo, routing::any};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header::ALLOW};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use tokio::time::Instant;

use super::{
    callback::{self, Receiver},
    listener::{Answer, Arrival},
};
use crate::{
    clock::Clock,
    config::{AppSection, ServerSection},
    journal::Journal,
};

/// Answers the callbacks of the apps, each at its own path, and keeps what they bring in the journal.
///
/// Every bound of the configuration on a message is kept in here, whatever serves it.
#[derive(Clone)]
pub struct Callbacks(Arc<[Receiver]>);

impl Callbacks {
    /// Receives for `apps`, whose paths are exact.
    pub fn new(
        section: &ServerSection,
        apps: &[AppSection],
        journal: Arc<dyn Journal>,
        clock: Clock,
    ) -> Self {
        Self(callback::receivers(section, apps, journal, clock).collect())
    }

    /// A router to nest in any `axum` program.
    ///
    /// There, the client's address in the log needs `into_make_service_with_connect_info::<SocketAddr>()`.
    ///
    /// # Panics
    ///
    /// If two apps have the same path, or a path is not one (a loaded configuration is checked for that).
    pub fn router(&self) -> Router {
        let callbacks = Arc::new(self.clone());
        let receive = any(move |request: axum::extract::Request| {
            let peer = request.extensions().get().map(|&ConnectInfo(peer)| peer);
            Arc::clone(&callbacks).respond(request, peer, Instant::now(), false)
        });
        self.0.iter().fold(Router::new(), |router, app| router.route(app.path(), receive.clone()))
    }

    fn respond<B>(
        self: Arc<Self>,
        request: Request<B>,
        peer: Option<SocketAddr>,
        arrived_at: Instant,
        is_late: bool,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send + use<B>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
    {
        // Before the future begins, or it would hold the request a second time. A router allocates it for each
        // callback, and allocators are much quicker below 1 KiB: what is large or rare stays out of it.
        let (request, body) = request.into_parts();
        async move {
            match self.0.iter().find(|receiver| receiver.path() == request.uri.path()) {
                Some(receiver) if request.method == Method::POST => {
                    match receiver.callback(&request, body, arrived_at, is_late).await {
                        Ok(ack) => receiver.ack(&ack, arrived_at),
                        Err(rejection) => receiver.refuse(&rejection, &request, peer),
                    }
                }
                Some(_) => not_a_post(),
                None => empty(StatusCode::NOT_FOUND),
            }
        }
    }
}

impl Answer for Callbacks {
    type Body = Full<Bytes>;

    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        Arrival { peer, at, is_late }: Arrival,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send + use<> {
        self.respond(request, Some(peer), at, is_late)
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(Receiver::path)).finish()
    }
}

fn not_a_post() -> Response<Full<Bytes>> {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

/// A status that says it all.
pub(super) fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_future_of_a_callback_stays_below_the_size_from_which_allocators_are_slow() {
        fn size<A, B, C, D, E, F>(_: impl Fn(A, B, C, D, E) -> F) -> usize {
            size_of::<F>()
        }
        let size = size(Callbacks::respond::<axum::body::Body>);
        assert!(size <= 1000, "{size}");
    }
}
