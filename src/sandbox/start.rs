//! The start of a sandbox: its listener, its state, and the way of messages and calls.

use std::{io, sync::Arc};

use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    access::{self, AllowedHosts},
    api::{self, ApiContext},
    assets, control_api,
    deliverer::Deliverer,
    event_stream::{self, EventSource},
    http_server::{base_url, serve},
    options::Options,
    page_api::{self, PageContext},
    platform::Platform,
    push::Pusher,
    running::Sandbox,
    shared_state::SharedState,
    signer::Signer,
    state::State,
    user::ReadMarks,
};

impl Sandbox {
    /// Starts a sandbox on a free port of this machine, for a test.
    ///
    /// # Panics
    ///
    /// No port is free; [`start_with`](Self::start_with) gives the error instead.
    pub async fn start() -> Self {
        let started = Self::start_with(Options::default()).await;
        started.unwrap_or_else(|error| panic!("the sandbox did not start: {error}"))
    }

    /// Starts a sandbox with `options`.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on, or is not allowed without [`Options::allow_remote`].
    pub async fn start_with(options: Options) -> io::Result<Self> {
        if !options.allow_remote && !options.listen.ip().is_loopback() {
            let refused = "a sandbox listens on this machine only, unless it is allowed to go beyond";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, refused));
        }
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let state = SharedState::new(State::new(&options));
        let deliverer = Deliverer {
            signer: Signer { secret: options.secret.clone(), clock: options.clock.clone() },
            pusher: Pusher::new(options.timeout)?,
            retry_pause: options.pause,
            clock: options.clock.clone(),
            state: state.clone(),
        };
        let platform = Arc::new(Platform {
            clock: options.clock.clone(),
            state: state.clone(),
            deliverer: Arc::new(deliverer),
            tasks: tasks.clone(),
            stop: stop.clone(),
        });
        let sandbox = Self {
            app_key: options.app_key.clone(),
            secret: options.secret.clone(),
            portal_token: options.portal_token.clone(),
            clock: options.clock.clone(),
            address,
            base_url: base_url(address),
            state,
            platform,
            read_marks: ReadMarks::default(),
            tasks,
            stop,
        };
        let router = sandbox.router(options);
        sandbox.tasks.spawn(serve(router, listener, sandbox.stop.clone()));
        Ok(sandbox)
    }

    /// The page, its interface, and the platform's API.
    fn router(&self, options: Options) -> Router {
        let page = Arc::new(PageContext {
            app_key: self.app_key.clone(),
            base_url: self.base_url.clone(),
            timeout: options.timeout,
            clock: self.clock.clone(),
            state: self.state.clone(),
            platform: Arc::clone(&self.platform),
        });
        let events = EventSource { state: self.state.clone(), stop: self.stop.clone() };
        let api = ApiContext {
            app_key: self.app_key.clone(),
            secret: self.secret.clone(),
            portal_token: self.portal_token.clone(),
            clock: self.clock.clone(),
            state: self.state.clone(),
            stop: self.stop.clone(),
        };
        let hosts = AllowedHosts { allow_remote: options.allow_remote, names: options.allow_hosts };
        assets::router()
            .merge(page_api::router(Arc::clone(&page)))
            .merge(control_api::router(page))
            .merge(event_stream::router(events))
            .route_layer(middleware::from_fn_with_state(Arc::new(hosts), access::check_access))
            .merge(api::router(api))
    }
}
