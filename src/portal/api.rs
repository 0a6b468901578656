//! The portal of one company.

use std::fmt;

use serde::de::DeserializeOwned;
use url::Url;

use super::token::TokenSource;
use crate::{
    clock::Clock,
    http::{api::Api, error::ClientError, options::Options, request::Request},
};

/// The portal push API of one company (`ecode`). Clones share their connections.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use rongcloud_callback::portal::{Message, Options, Portal, TokenSource};
///
/// let base = "https://portal.example.com".parse()?;
/// let token = TokenSource::file("/run/secrets/portal-token");
/// let portal = Portal::new("acme", token, [base], Options::default())?;
/// portal.messages().to_users(&"news".into(), &["u1".into()], &Message::Text("Hi".into()), None).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Portal {
    token: TokenSource,
    api: Api,
}

impl Portal {
    /// A portal client that calls `/interface/{ecode}/api/push/…` below the first of `bases` that answers.
    ///
    /// Base addresses, `options` and connections are handled as by [`Client::new`](crate::client::Client::new).
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`]: no company code, no base address, one that is not plain `http` or
    /// `https`, or a system without certificates.
    pub fn new(
        ecode: &str,
        token: TokenSource,
        bases: impl IntoIterator<Item = Url>,
        options: Options,
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
        Ok(Self { token, api: Api::new(bases.into_iter().map(below), options)? })
    }

    /// A portal like this one that sends nothing: each call ends with [`ClientError::Unsent`], its request.
    #[must_use]
    pub fn dry_run(self) -> Self {
        Self { api: self.api.dry_run(), ..self }
    }

    /// A portal like this one that reads the time from `clock`.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { api: self.api.with_clock(clock), ..self }
    }

    /// Makes one call.
    pub(super) async fn call<T: DeserializeOwned>(&self, request: &Request) -> Result<T, ClientError> {
        self.api.call(&self.token.fetch().await?, request).await
    }
}

impl fmt::Debug for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portal").field("token", &self.token).finish_non_exhaustive()
    }
}
