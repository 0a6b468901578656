//! The platform's API (融云应用公众服务): every call, signed, checked against the limits, decoded.
//!
//! One attempt a call: the client never repeats one by itself. [`ClientError::is_retryable`] tells
//! whether it makes sense to, and the worker does it for replies.

mod accounts;
mod error;
mod followers;
pub(crate) mod loose;
pub(crate) mod media;
mod menus;
mod messages;
mod parts;
mod probe;
mod proxies;
mod request;
mod retry_after;
pub(crate) mod transport;
mod unsent;

use std::{fmt, sync::Arc};

use secrecy::SecretString;
use url::Url;

pub use accounts::{Account, Accounts, NewAccount, Profile};
pub use error::{Answer, Call, ClientError, NoAnswer};
pub use followers::Followers;
pub use media::{FullArticle, Media, Uploaded};
pub use menus::{Menu, Menus, NewMenu};
pub use messages::{Messages, Sent};
pub use parts::PartError;
pub use probe::{ProbeError, probe, server_time};
pub use proxies::proxy;
pub use unsent::Unsent;

use self::{request::Caller, transport::Transport};
use crate::{
    clock::Clock,
    config::{AppSection, ClientSection},
    ids::AppKey,
};

/// The platform's API for one app. Clones share their connections.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use rongcloud_callback::{client::Client, config::ClientSection};
///
/// let times =
///     ClientSection { connect_timeout: Duration::from_secs(5), timeout: Duration::from_secs(10) };
/// let base = "https://api.example.com".parse()?;
/// let client = Client::new("uwd1c0sxdlx2".into(), "secret".into(), [base], &times)?;
/// client.messages().text(&"news".into(), &"user1".into(), "Hello").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    caller: Arc<Caller>,
    clock: Clock,
    /// Whether calls end before anything is sent.
    dry_run: bool,
}

impl Client {
    /// A client that signs for `app` with `secret` and calls the first of `bases` that answers.
    ///
    /// Each base address is tried at most once a call, beginning with the one that answered last; the
    /// times of `section` bound each try. A call that a base address has kept waiting until it was cut off is
    /// followed by one that begins with the next. No request goes out on a connection older than 60 s. Redirects
    /// are not followed. Proxies of the environment are used as [`proxy`] says.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`]: no base address, one that is not plain `http` or `https`, or a system
    /// without certificates.
    pub fn new(
        app: AppKey,
        secret: SecretString,
        bases: impl IntoIterator<Item = Url>,
        section: &ClientSection,
    ) -> Result<Self, ClientError> {
        let transport = Transport::new(bases, section)?;
        let caller = Arc::new(Caller { app, secret, transport });
        Ok(Self { caller, clock: Clock::system(), dry_run: false })
    }

    /// The client of one app as it is configured; the first of its secrets signs.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn of_app(app: &AppSection, section: &ClientSection) -> Result<Self, ClientError> {
        let secret = app.secrets.first().cloned().unwrap_or_default();
        Self::new(app.key.clone(), secret, app.api_urls.iter().cloned(), section)
    }

    /// The same client, which sends nothing: each call ends with [`ClientError::Unsent`], its request.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// The same client with the time from `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The app that calls are made for.
    pub fn app(&self) -> &AppKey {
        &self.caller.app
    }

    /// Public accounts (应用公众号设置).
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts::new(self)
    }

    /// Menus of public accounts (公众号菜单设置).
    pub fn menus(&self) -> Menus<'_> {
        Menus::new(self)
    }

    /// Followers of public accounts (关注、取消关注公众号).
    pub fn followers(&self) -> Followers<'_> {
        Followers::new(self)
    }

    /// Uploads (素材管理).
    pub fn media(&self) -> Media<'_> {
        Media::new(self)
    }

    /// Sending messages (发送消息).
    pub fn messages(&self) -> Messages<'_> {
        Messages::new(self)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("app", &self.caller.app).finish_non_exhaustive()
    }
}
