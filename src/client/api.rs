//! The client of one app.

use std::{fmt, sync::Arc};

use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use super::signing::{Credentials, SignaturePlacement, Signer};
use crate::{
    clock::Clock,
    http::{api::Api, error::ClientError, options::Options, request::Request},
    ids::AppKey,
};

/// The platform's API for one app. Clones share their connections.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use rongcloud_callback::client::{Client, Options};
///
/// let base = "https://api.example.com".parse()?;
/// let client = Client::new("uwd1c0sxdlx2".into(), "secret".into(), [base], Options::default())?;
/// client.messages().text(&"news".into(), &"user1".into(), "Hello").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    credentials: Arc<Credentials>,
    api: Api,
}

impl Client {
    /// A client that signs for `app` with `secret` and calls the first of `bases` that answers.
    ///
    /// Each base address is tried at most once a call, beginning with the one that answered last; `options` bound
    /// each try. A call that a base address has kept waiting until it was cut off is followed by one that begins with
    /// the next. No request goes out on a connection older than 60 s. Redirects are not followed. Proxies of the
    /// environment are used as [`proxy`](super::proxy) says.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`]: no base address, one that is not plain `http` or `https`, or a system
    /// without certificates.
    pub fn new(
        app: AppKey,
        secret: SecretString,
        bases: impl IntoIterator<Item = Url>,
        options: Options,
    ) -> Result<Self, ClientError> {
        let credentials = Arc::new(Credentials { app, secret });
        Ok(Self { credentials, api: Api::new(bases, options)? })
    }

    /// A client like this one that sends nothing: each call ends with [`ClientError::Unsent`], its request.
    #[must_use]
    pub fn dry_run(self) -> Self {
        Self { api: self.api.dry_run(), ..self }
    }

    /// A client like this one that reads the time from `clock`.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { api: self.api.with_clock(clock), ..self }
    }

    /// The app that calls are made for.
    pub fn app(&self) -> &AppKey {
        &self.credentials.app
    }

    /// Makes a call that takes a form.
    pub(super) async fn post_form<T: DeserializeOwned>(
        &self,
        path: &'static str,
        fields: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        self.call(SignaturePlacement::Headers, &Request::post(path).with_form(fields)).await
    }

    /// Makes a call that takes JSON.
    pub(super) async fn post_json<T: DeserializeOwned>(
        &self,
        path: &'static str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.call(SignaturePlacement::Headers, &Request::post(path).with_json(body)?).await
    }

    /// Makes one call.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        placement: SignaturePlacement,
        request: &Request,
    ) -> Result<T, ClientError> {
        self.api.call(&Signer { credentials: &self.credentials, placement }, request).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("app", self.app()).finish_non_exhaustive()
    }
}
