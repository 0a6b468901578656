//! The running sandbox, as tests and the executable drive it.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{Router, middleware};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    access::{self, AllowedHosts},
    api::{self, ApiContext},
    assets,
    conversation::{Conversation, Report},
    deliverer::Deliverer,
    demo_account::DEMO,
    event_stream::{self, EventSource},
    faults::Faults,
    history::{ApiCall, ChatMessage, Delivery},
    http_server::{base_url, serve},
    observer::Observer,
    options::Options,
    page_api::{self, PageContext},
    platform::Platform,
    push::Pusher,
    shared_state::SharedState,
    signer::Signer,
    state::State,
    user::{ReadMarks, User},
};
use crate::{
    clock::{Clock, UnixMillis},
    ids::{AppKey, UserId},
};

/// A running sandbox; it stops when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    /// The key of the app that calls are signed for.
    app_key: AppKey,
    /// The secret that both sides sign with.
    secret: SecretString,
    /// The access token of the portal push API.
    portal_token: SecretString,
    /// The clock that signs, checks and dates.
    clock: Clock,
    /// The address that the listener was bound to at start.
    address: SocketAddr,
    /// The base address of the page and of both APIs, for example `http://127.0.0.1:8000`.
    base_url: String,
    /// The state that answers and deliveries share; each change of it wakes the pages and tests that wait.
    state: SharedState,
    /// The way by which tests and the page write messages; it starts a task for each delivery.
    platform: Arc<Platform>,
    /// The messages that tests have taken already.
    read_marks: ReadMarks,
    /// The listener and all deliveries; [`stop`](Self::stop) waits for them.
    tasks: TaskTracker,
    /// The signal at which the listener, all deliveries and all open answers end.
    stop: CancellationToken,
}

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
        let page = PageContext {
            app_key: self.app_key.clone(),
            base_url: self.base_url.clone(),
            timeout: options.timeout,
            clock: self.clock.clone(),
            state: self.state.clone(),
            platform: Arc::clone(&self.platform),
        };
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
            .merge(page_api::router(page))
            .merge(event_stream::router(events))
            .route_layer(middleware::from_fn_with_state(Arc::new(hosts), access::check_access))
            .merge(api::router(api))
    }

    /// The address that the sandbox listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The base address of the page, of the platform's API, and of the portal's for any `ecode`.
    pub fn api_url(&self) -> &str {
        &self.base_url
    }

    /// The app that calls are signed for.
    pub fn app_key(&self) -> &AppKey {
        &self.app_key
    }

    /// The secret that both sides sign with.
    pub fn secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// The access token of the portal push API.
    pub fn portal_token(&self) -> &str {
        self.portal_token.expose_secret()
    }

    /// A configuration for a [`CallbackService`](crate::CallbackService) that works with this sandbox.
    ///
    /// The server takes free ports, keeps its journal in memory, and repeats failed attempts almost at once. The path of
    /// its routeUrl is `/callback`.
    pub fn callback_toml(&self) -> String {
        format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n\n[admin]\nlisten = \"127.0.0.1:0\"\n\n\
             [journal]\nurl = \"memory:\"\n\n\
             [dispatch]\nbackoff = \"20ms\"\nmax_backoff = \"200ms\"\n\n\
             [deliver]\nattempts = 20\nbackoff = \"20ms\"\nmax_backoff = \"200ms\"\n\n\
             {}",
            self.app_toml()
        )
    }

    /// The section `[[apps]]` of a configuration that works with this sandbox; the path is `/callback`.
    pub fn app_toml(&self) -> String {
        // A configuration takes `${` for the beginning of an environment variable, and `$${` for the two characters.
        let quoted = |text: &str| toml::Value::from(text.replace("${", "$${")).to_string();
        format!(
            "[[apps]]\npath = \"/callback\"\nkey = {}\nsecrets = [{}]\napi_url = {}\n",
            quoted(self.app_key().as_str()),
            quoted(self.secret()),
            quoted(self.api_url())
        )
    }

    /// Sends the messages of all users to `url` from now on, for every account.
    pub fn route_to(&self, url: impl Into<String>) {
        let url = url.into();
        let mut state = self.state.lock();
        for account in &mut state.accounts {
            account.route_url.clone_from(&url);
        }
        state.publish_accounts(|_| true);
    }

    /// The address that messages to the account `demo` are posted to; empty if there is none.
    pub fn route_url(&self) -> String {
        let mut state = self.state.lock();
        state.account(DEMO).map(|account| account.route_url.clone()).unwrap_or_default()
    }

    /// Injects these faults and no others, from the next delivery and call on.
    pub fn faults(&self, faults: Faults) {
        self.state.lock().set_faults(faults);
    }

    /// An observer to which the server under test reports its work on the messages.
    ///
    /// The page then shows this work, and [`Delivery::handling`] holds it.
    ///
    /// # Examples
    ///
    /// ```
    /// use rongcloud_callback::sandbox::{HandlingEvent, HandlingState, HandlingStep, Sandbox};
    ///
    /// # async fn example(sandbox: &Sandbox) {
    /// let observer = sandbox.observer();
    /// let delivery = sandbox.user("ann").says("hello").await;
    /// // The server's own report, whatever language the server is written in:
    /// let (body, event) = (delivery.xml.into(), HandlingEvent::Begun);
    /// observer.note(&HandlingStep { entry: 1, answers: None, body, attempt: 1, event });
    /// let handling = sandbox.deliveries()[0].handling.clone();
    /// assert_eq!(handling.map(|it| it.state), Some(HandlingState::Working));
    /// # }
    /// ```
    pub fn observer(&self) -> Observer {
        self.state.lock().deliveries.is_observed = true;
        Observer { clock: self.clock.clone(), state: self.state.clone() }
    }

    /// A user of the app, who talks to the account `demo` unless [`User::with`] names another one.
    pub fn user(&self, id: impl Into<UserId>) -> User<'_> {
        User {
            platform: &self.platform,
            read_marks: &self.read_marks,
            account: DEMO.into(),
            id: id.into(),
        }
    }

    /// The latest messages, oldest first.
    pub fn messages(&self) -> Vec<ChatMessage> {
        self.state.lock().messages.iter().cloned().collect()
    }

    /// The latest deliveries, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state.lock().deliveries.iter().cloned().collect()
    }

    /// The latest API calls, oldest first.
    pub fn calls(&self) -> Vec<ApiCall> {
        self.state.lock().calls.iter().cloned().collect()
    }

    /// Plays a conversation, and reports how it went.
    pub async fn play(&self, conversation: &Conversation) -> Report {
        conversation.play_on(&self.platform).await
    }

    /// The time by the sandbox's clock.
    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// Stops the sandbox: cuts deliveries and answers off, and waits until no task is left.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
