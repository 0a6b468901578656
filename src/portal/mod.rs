//! The portal push API (应用服务号推送): a second way out, with an access token instead of a signature.
//!
//! The same manners as the [`client`](crate::client): one attempt a call, the same limits, the same errors.

mod content;
mod media;
mod messages;
mod request;
mod token;

use std::{fmt, sync::Arc};

use url::Url;

pub use content::{Card, Links, MassMessage, Message};
pub use media::{LinkedArticle, Media};
pub use messages::{Messages, Persona};
pub use token::{TokenError, TokenSource};

use self::request::Caller;
use crate::{
    client::{ClientError, transport::Transport},
    clock::Clock,
    config::{ClientSection, PortalSection},
    protocol::{Outgoing, Recipients},
};

/// The portal push API of one company (`ecode`). Clones share their connections.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use rongcloud_callback::{config::ClientSection, portal::{Message, Portal, TokenSource}};
///
/// let times =
///     ClientSection { connect_timeout: Duration::from_secs(5), timeout: Duration::from_secs(10) };
/// let token = TokenSource::file("/run/secrets/portal-token");
/// let portal = Portal::new("acme", token, ["https://portal.example.com".parse()?], &times)?;
/// portal.messages().to_users(&"news".into(), &["u1".into()], &Message::Text("Hi".into()), None).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Portal {
    caller: Arc<Caller>,
    clock: Clock,
    /// Whether calls end before anything is sent.
    dry_run: bool,
}

impl Portal {
    /// Calls `/interface/{ecode}/api/push/…` below the first of `bases` that answers.
    ///
    /// Base addresses, times and connections are handled as by [`Client::new`](crate::client::Client::new).
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`]: no company code, no base address, one that is not plain `http` or
    /// `https`, or a system without certificates.
    pub fn new(
        ecode: &str,
        token: TokenSource,
        bases: impl IntoIterator<Item = Url>,
        section: &ClientSection,
    ) -> Result<Self, ClientError> {
        if ecode.is_empty() {
            return Err(ClientError::Setup("the portal needs the company's code (ecode)".to_owned()));
        }
        let below = |mut base: Url| {
            if let Ok(mut segments) = base.path_segments_mut() {
                segments.pop_if_empty().extend(["interface", ecode, "api"]);
            }
            base
        };
        let transport = Transport::new(bases.into_iter().map(below), section)?;
        let caller = Arc::new(Caller { token, transport });
        Ok(Self { caller, clock: Clock::system(), dry_run: false })
    }

    /// The portal as it is configured.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn of_section(portal: &PortalSection, section: &ClientSection) -> Result<Self, ClientError> {
        let token = match &portal.token_file {
            Some(path) => TokenSource::file(path),
            None => TokenSource::fixed(portal.token.clone().unwrap_or_default()),
        };
        Self::new(&portal.ecode, token, portal.urls.iter().cloned(), section)
    }

    /// The same portal, which sends nothing: each call ends with [`ClientError::Unsent`], its request.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// The same portal with the time from `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Uploads (上传多媒体文件, 上传图文).
    pub fn media(&self) -> Media<'_> {
        Media::new(self)
    }

    /// Sending messages (发送消息, 群发消息).
    pub fn messages(&self) -> Messages<'_> {
        Messages::new(self)
    }

    /// Sends what was meant for the platform's own API, so that replies can go either way.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotOffered`], which is permanent, for what the portal cannot carry: pictures and
    /// recordings by URL, cards without a link, without a text or to all followers, articles to single users. A limit,
    /// or what went wrong on the way.
    pub async fn send(&self, outgoing: &Outgoing) -> Result<(), ClientError> {
        let (channel, payload) = (&outgoing.sender, &outgoing.payload);
        let users = match &outgoing.recipients {
            Recipients::Followers => {
                return self.messages().to_all(channel, &MassMessage::try_from(payload)?).await;
            }
            Recipients::User(user) => std::slice::from_ref(user),
            Recipients::Users(users) => users,
        };
        self.messages().to_users(channel, users, &Message::try_from(payload)?, None).await
    }
}

impl fmt::Debug for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portal").field("token", &self.caller.token).finish_non_exhaustive()
    }
}
