//! The running sandbox, as tests and the executable drive it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    conversation::{Conversation, Report},
    demo_account::DEMO,
    desk::{Desk, DeskRequest},
    dialogue_log::DialogueRecord,
    faults::Faults,
    history::{ApiCall, ChatMessage, Delivery},
    observer::Observer,
    platform::Platform,
    shared_state::SharedState,
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
    pub(super) app_key: AppKey,
    /// The secret that both sides sign with.
    pub(super) secret: SecretString,
    /// The access token of the portal push API.
    pub(super) portal_token: SecretString,
    /// The clock that signs, checks and dates.
    pub(super) clock: Clock,
    /// The address that the listener was bound to at start.
    pub(super) address: SocketAddr,
    /// The base address of the page and of both APIs, for example `http://127.0.0.1:8000`.
    pub(super) base_url: String,
    /// The state that answers and deliveries share; each change of it wakes the pages and tests that wait.
    pub(super) state: SharedState,
    /// The way by which tests and the page write messages; it starts a task for each delivery.
    pub(super) platform: Arc<Platform>,
    /// The messages that tests have taken already.
    pub(super) read_marks: ReadMarks,
    /// The listener and all deliveries; [`stop`](Self::stop) waits for them.
    pub(super) tasks: TaskTracker,
    /// The signal at which the listener, all deliveries and all open answers end.
    pub(super) stop: CancellationToken,
}

impl Sandbox {
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

    /// Sets the desk of the server under test, at which the page's user takes conversations over as a person.
    ///
    /// Without a desk the page does not offer this. `act` carries out one action; its error is a sentence for the page.
    pub fn set_desk<F>(&self, act: impl Fn(DeskRequest) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.state.lock().desk = Some(Desk::new(act));
    }

    /// Names the console of the server under test, to which the page then has a link.
    pub fn set_console(&self, url: impl Into<String>) {
        self.state.lock().console_url = Some(url.into());
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

    /// The latest states of conversations, oldest first, where the server [reports](Self::observer) them.
    pub fn states(&self) -> Vec<DialogueRecord> {
        self.state.lock().dialogues.list().into_iter().cloned().collect()
    }

    /// Plays a conversation, and reports how it went.
    pub async fn play(&self, conversation: &Conversation) -> Report {
        conversation.play_on(&self.platform).await
    }

    /// The time by the sandbox's clock.
    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// The sandbox's clock, for a server that goes by the same one:
    /// [`CallbackService::with_clock`](crate::CallbackService::with_clock).
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Lets time pass, so that dialogues expire and timers are due; without effect if
    /// [`Options::clock`](super::Options::clock) is the system's.
    ///
    /// The server must go by the [`clock`](Self::clock) of the sandbox, or it refuses callbacks as too old. The server notices
    /// within half a second, as its workers look for what is due that often. A handler that is at work meanwhile loses its
    /// lease if more time passes than the lease lasts: wait for its reply before.
    pub fn advance(&self, span: Duration) {
        self.platform.advance(span);
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
