//! The platform's stand-in: a chat page to try a bot on, and a test kit.
//!
//! It speaks the platform's side of both documents: pushes what users write as signed callbacks (5 s for an answer,
//! three retries) and answers the API that a bot replies with. Everything that it keeps is bounded, in entries and in
//! bytes, whoever calls. It injects the [`Faults`] that it is told to. `rongcloud-callback sandbox` serves it with a page
//! to talk on; [`Sandbox`] runs it inside a test. It is written from the documents, and shares no code with
//! [`client`](crate::client) or [`server`](crate::server).
//!
//! # Examples
//!
//! ```
//! use rongcloud_callback::{CallbackService, Config, Subscribe, Text, sandbox::Sandbox};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start().await;
//! let server = CallbackService::new(Config::from_toml(&sandbox.callback_toml(), |_| None)?)
//!     .on(|text: Text, _context| async move { format!("You said: {}", text.content) })
//!     .on(|_: Subscribe, _context| async { "Welcome!" })
//!     .bind()
//!     .await?;
//! sandbox.route_to(format!("http://{}/callback", server.callback_addr()));
//! let stop = tokio_util::sync::CancellationToken::new();
//! let running = tokio::task::JoinSet::from_iter([server.run(stop.clone().cancelled_owned())]);
//!
//! let user = sandbox.user("u1");
//! user.follows().await;
//! assert_eq!(user.received().await.text(), "Welcome!");
//! user.says("hi").await;
//! assert_eq!(user.received().await.text(), "You said: hi");
//!
//! stop.cancel();
//! running.join_all().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What the documents leave open
//!
//! - A push is made again after a second, whether it was refused, broken or not answered in time; a 200 ends it, whatever
//!   its body. Each has a signature of its own.
//! - Deliveries go their own ways: two messages of one user may overtake each other where the first is tried again.
//!   [`User::says`] returns when the delivery has ended, so messages written one after the other arrive in that order.
//! - An API call names an account that exists, and App Keys that are the caller's own. A user is created when first named,
//!   and receives what is sent to them whether or not they follow.
//! - The day of the one message to all followers is Beijing's.
//! - Neither document says when the platform gives a server up for a while. With
//!   [`pause_after_timeouts`](Faults::pause_after_timeouts) it does so after ten deliveries in a row whose last attempt
//!   timed out, and what users write within the next minute is not sent.
//! - A call that meets a fault has had no effect, so that a bot which tries again is seen to answer once.
//!
//! # Conversation files
//!
//! `rongcloud-callback sandbox --play FILE` and [`Sandbox::play`] play one and say what went differently:
//!
//! ```toml
//! account = "demo"            # whom the users write to; may be left out, as any step may name its own
//!
//! [[step]]
//! user = "ann"                # who; stays the same for the following steps
//! follows = true              # does one of: follows, unfollows, says, sends
//! replies = [{ contains = "Welcome" }]
//!
//! [[step]]
//! says = "hello"
//! replies = [{ exact = "You said: hello" }]
//! within = "5s"               # all of `replies`, in this order; by default 10 s
//!
//! [[step]]
//! sends = { kind = "location", latitude = 31.2, longitude = 121.5, label = "上海" }
//! replies = [{ regex = "^You are at .+" }, { kind = "image" }]
//!
//! [[step]]
//! unfollows = true
//! replies = []                # nothing at all for as long as `within`, by default 1 s
//! ```
//!
//! `exact`, `contains` and `regex` look at a text, or at the titles and descriptions of cards line by line, or at the
//! address of a picture or recording; `kind` at what it is: `text`, `image`, `voice`, `news` or `mpnews`. A step that
//! does nothing only waits for its replies. A step without `replies` takes whatever comes until the user's next step, and
//! the report says that they were not checked; elsewhere a reply that no step expects is a difference.
//!
//! Each step's message must be accepted by the server, whatever the step expects: a play against a server that does not
//! listen fails. The time for silence begins when the message was accepted. Where the server
//! [tells](Sandbox::observer) what becomes of messages, silence is none if the handler has failed or is still at work, or a
//! reply could not be sent; and a step without `replies` lasts until its own have been sent, at most `within`.
//!
//! # Scripts
//!
//! The page's own interface is open to scripts: what the sandbox knows is JSON at `/sandbox/state`, what changes comes as
//! server-sent events from `/sandbox/events`, and the rest are POSTs. It is answered under addresses of this machine,
//! `localhost` and the names of [`Options::allow_hosts`], and to no other site's page. The platform's API is answered
//! under any name, to whoever signs.
//!
//! | call | what it does |
//! |---|---|
//! | `GET /sandbox/state` | everything, once: accounts, users, messages, deliveries, calls, switches, `paused_until`; `observed` says whether the server tells what becomes of messages, which is each delivery's `handling` |
//! | `GET /sandbox/events?after=ID` | changes; `Last-Event-ID` goes on where the connection broke |
//! | `POST /sandbox/users` `{"id","name"?}` | adds or renames a user |
//! | `POST /sandbox/messages` `{"account","user","content"}` | a user writes; `content` is a [`Content`] |
//! | `POST /sandbox/deliveries/ID/resend` | the same body again, under a fresh signature |
//! | `POST /sandbox/clear` | forgets messages, deliveries and calls; accounts, users and files stay |
//! | `POST /sandbox/faults` | sets those switches of [`Faults`] that the body names |
//! | `POST /sandbox/files`, the bytes | keeps a picture or recording to send; answers its address |
//! | `GET /sandbox/recording?account&user&after` | what happened, as a conversation file |
//! | `POST /sandbox/play?lang`, a conversation file | plays it; answers `{"passed","report"}`, in Chinese with `lang=zh` |

mod account;
mod api;
mod assets;
mod content;
mod control;
mod conversation;
mod deliver;
mod events;
mod faults;
mod feed;
mod forgery;
mod guard;
mod handling;
mod options;
mod pause;
mod platform;
mod push;
mod records;
mod state;
mod uploads;
mod user;
mod window;

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::middleware;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::{
    content::{Card, Content},
    conversation::{Conversation, ConversationError, Report},
    faults::Faults,
    handling::{
        Handling, HandlingEvent, HandlingState, HandlingStep, Observer, ReplyHandling, ReplyState,
    },
    options::Options,
    records::{
        AnswerFault, Attempt, BodyType, Call, Delivery, DeliveryFault, DeliveryState, ErrorKind,
        Message, ReasonKind, Side,
    },
    user::User,
};
use self::{guard::Hosts, platform::Platform, push::Pusher, state::State};
use crate::{
    clock::UnixMillis,
    ids::{AccountId, AppKey, UserId},
};

/// How long connections may go on when the sandbox ends.
const DRAIN: Duration = Duration::from_secs(2);

/// A running stand-in; it ends when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    platform: Arc<Platform>,
    address: SocketAddr,
    /// The last message that a test has taken, by conversation.
    read: Mutex<HashMap<(AccountId, UserId), u64>>,
}

impl Sandbox {
    /// Starts one on a free port of this machine, for a test.
    ///
    /// # Panics
    ///
    /// No port is free; [`start_with`](Self::start_with) gives the error instead.
    pub async fn start() -> Self {
        let started = Self::start_with(Options::default()).await;
        started.unwrap_or_else(|error| panic!("the sandbox did not start: {error}"))
    }

    /// Starts one as `options` say.
    ///
    /// # Errors
    ///
    /// It cannot listen there, or may not without [`Options::allow_remote`].
    pub async fn start_with(options: Options) -> io::Result<Self> {
        if !options.allow_remote && !options.listen.ip().is_loopback() {
            let refused = "a sandbox listens on this machine only, unless it is allowed to go beyond";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, refused));
        }
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let state = Mutex::new(State::new(&options));
        let platform = Arc::new(Platform {
            app_key: options.app_key,
            secret: options.secret,
            portal_token: options.portal_token,
            base: base(address),
            hosts: Hosts { allow_remote: options.allow_remote, allowed: options.allow_hosts },
            clock: options.clock,
            pusher: Pusher::new(options.timeout, options.pause)?,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            state,
        });
        platform.tasks.spawn(serve(Arc::clone(&platform), listener));
        Ok(Self { platform, address, read: Mutex::default() })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The base address of the page, of the platform's API, and of the portal's for any `ecode`.
    pub fn api_url(&self) -> &str {
        &self.platform.base
    }

    /// The app that calls are signed for.
    pub fn app_key(&self) -> &AppKey {
        &self.platform.app_key
    }

    /// The secret that both sides sign with.
    pub fn secret(&self) -> &str {
        self.platform.secret.expose_secret()
    }

    /// The access token of the portal push API.
    pub fn portal_token(&self) -> &str {
        self.platform.portal_token.expose_secret()
    }

    /// A configuration for a [`CallbackService`](crate::CallbackService) that works with this sandbox.
    ///
    /// Free ports, a journal in memory, and failed attempts repeated almost at once. Its routeUrl's path is
    /// `/callback`.
    pub fn callback_toml(&self) -> String {
        format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n\n[admin]\nlisten = \"127.0.0.1:0\"\n\n\
             [journal]\nurl = \"memory:\"\n\n\
             [dispatch]\nbackoff = \"20ms\"\nmax_backoff = \"200ms\"\n\n\
             [deliver]\nattempts = 20\nbackoff = \"20ms\"\nmax_backoff = \"200ms\"\n\n\
             [[apps]]\npath = \"/callback\"\nkey = {}\nsecrets = [{}]\napi_url = {}\n",
            quoted(self.app_key().as_str()),
            quoted(self.secret()),
            quoted(self.api_url())
        )
    }

    /// Sends what users write to `url` from now on, whatever account they write to.
    pub fn route_to(&self, url: impl Into<String>) {
        let url = url.into();
        let mut state = self.platform.state();
        for account in &mut state.accounts {
            account.route_url.clone_from(&url);
        }
        state.publish_accounts(|_| true);
    }

    /// Where what users write to the account `demo` goes; empty if nowhere.
    pub fn route_url(&self) -> String {
        let mut state = self.platform.state();
        state.account(state::DEMO).map(|account| account.route_url.clone()).unwrap_or_default()
    }

    /// Injects these faults and no others, from the next delivery and call on.
    pub fn faults(&self, faults: Faults) {
        self.platform.state().set_faults(faults);
    }

    /// An observer to which the server under test tells what becomes of messages.
    ///
    /// Then [`Delivery::handling`] says it, and the page shows it.
    ///
    /// # Examples
    ///
    /// ```
    /// use rongcloud_callback::sandbox::{HandlingEvent, HandlingState, HandlingStep, Sandbox};
    ///
    /// # async fn example(sandbox: &Sandbox) {
    /// let observer = sandbox.observer();
    /// let delivery = sandbox.user("ann").says("hello").await;
    /// // The server's own words, whatever it is written with:
    /// let (body, event) = (delivery.xml.into(), HandlingEvent::Begun);
    /// observer.note(&HandlingStep { entry: 1, answers: None, body, attempt: 1, event });
    /// let handling = sandbox.deliveries()[0].handling.clone();
    /// assert_eq!(handling.map(|it| it.state), Some(HandlingState::Working));
    /// # }
    /// ```
    pub fn observer(&self) -> Observer {
        self.platform.state().is_observed = true;
        Observer { platform: Arc::clone(&self.platform) }
    }

    /// A user of the app, who talks to the account `demo` unless told otherwise.
    pub fn user(&self, id: impl Into<UserId>) -> User<'_> {
        User { sandbox: self, account: state::DEMO.into(), id: id.into() }
    }

    /// The latest messages, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.platform.state().messages.iter().cloned().collect()
    }

    /// The latest deliveries, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.platform.state().deliveries.iter().cloned().collect()
    }

    /// The latest API calls, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.platform.state().calls.iter().cloned().collect()
    }

    /// Plays a conversation.
    pub async fn play(&self, conversation: &Conversation) -> Report {
        conversation.play_on(&self.platform).await
    }

    /// The time by its clock.
    pub fn now(&self) -> UnixMillis {
        self.platform.clock.now()
    }

    /// Ends it: cuts what is going on, and waits until nothing is left.
    pub async fn stop(self) {
        self.platform.stop.cancel();
        self.platform.tasks.close();
        self.platform.tasks.wait().await;
    }

    fn read(&self) -> MutexGuard<'_, HashMap<(AccountId, UserId), u64>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.platform.stop.cancel();
    }
}

/// A string of a configuration, in which `${` would begin a variable of the environment.
fn quoted(text: &str) -> String {
    toml::Value::from(text.replace("${", "$${")).to_string()
}

/// Where a listener can be reached from this machine.
fn base(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        let ip = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        address.set_ip(ip);
    }
    format!("http://{address}")
}

/// Serves the page, its interface and the API until the sandbox ends.
async fn serve(platform: Arc<Platform>, listener: TcpListener) {
    let guarded = assets::router()
        .merge(control::router())
        .route_layer(middleware::from_fn_with_state(Arc::clone(&platform), guard::guard));
    let router = guarded.merge(api::router()).with_state(Arc::clone(&platform));
    let stop = platform.stop.clone();
    let serve = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let too_late = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        // Accepting connections goes on after every error; there is nothing to report.
        _ = serve => {}
        () = too_late => {}
    }
}
