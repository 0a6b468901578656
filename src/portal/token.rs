//! Access tokens of the portal. Each deployment has its own way to get one.

use std::{error::Error, fmt, path::PathBuf, sync::Arc};

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::answer;
use crate::{
    clock::UnixMillis,
    http::{api::Authentication, error::ClientError, exchange::RawAnswer, request::Request},
    stray,
};

/// Why a function has no token; its text is shown in errors.
pub type TokenError = Box<dyn Error + Send + Sync>;

/// The source of the access token (`access_token`), asked before each call.
#[derive(Clone)]
pub struct TokenSource(Kind);

#[derive(Clone)]
enum Kind {
    Fixed(SecretString),
    File(PathBuf),
    Function(Arc<dyn Fn() -> BoxFuture<'static, Result<SecretString, TokenError>> + Send + Sync>),
}

impl TokenSource {
    /// A token that never changes.
    pub fn fixed(token: SecretString) -> Self {
        Self(Kind::Fixed(token))
    }

    /// A file with the token, read before each call. To renew the token, write the file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File(path.into()))
    }

    /// A function that fetches the token, or remembers it while it is valid.
    ///
    /// # Examples
    ///
    /// ```
    /// use rongcloud_callback::portal::TokenSource;
    ///
    /// let token = TokenSource::function(async || Ok("from somewhere".into()));
    /// ```
    pub fn function<F, Fut>(function: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<SecretString, TokenError>> + Send + 'static,
    {
        Self(Kind::Function(Arc::new(move || Box::pin(function()))))
    }

    /// The token for the next call, without the white space around it.
    pub(super) async fn fetch(&self) -> Result<AccessToken, ClientError> {
        let token = match &self.0 {
            Kind::Fixed(token) => token.clone(),
            Kind::File(path) => tokio::fs::read_to_string(path)
                .await
                .map_err(|error| ClientError::Token(format!("{}: {error}", path.display())))?
                .into(),
            Kind::Function(function) => {
                function().await.map_err(|error| ClientError::Token(error.to_string()))?
            }
        };
        let token = token.expose_secret().trim();
        if token.is_empty() {
            return Err(ClientError::Token("it is empty".to_owned()));
        }
        match stray::found_in(token) {
            Some(stray) => Err(ClientError::Token(format!("it {stray}: {}", stray::HINT))),
            None => Ok(AccessToken(token.into())),
        }
    }
}

/// The access token of one call.
pub(super) struct AccessToken(SecretString);

impl Authentication for AccessToken {
    fn authenticate(&self, request: Request, _now: UnixMillis) -> Request {
        let token = self.0.expose_secret();
        let encoded = form_urlencoded::byte_serialize(token.as_bytes()).collect();
        request
            .with_parameter("access_token", token)
            .with_sensitive(token.to_owned())
            .with_sensitive(encoded)
    }

    fn decode<T: DeserializeOwned>(answer: RawAnswer) -> Result<T, ClientError> {
        answer::decode(answer)
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Fixed(_) => f.write_str("TokenSource::fixed(…)"),
            Kind::File(path) => write!(f, "TokenSource::file({})", path.display()),
            Kind::Function(_) => f.write_str("TokenSource::function(…)"),
        }
    }
}
