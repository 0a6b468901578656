//! Pools of connections that do not grow old.

use std::{sync::Mutex, time::Duration};

use reqwest::{redirect, retry};
use rustls::ClientConfig;

use super::{
    base_address::BaseAddress,
    error::{ClientError, NoAnswer},
    options::Options,
    proxies::{is_loopback, proxy},
    redaction::innermost_cause,
};
use crate::{clock::UnixMillis, lock::lock};

/// The platform asks for connections no older than this, so that its load balancing works.
const MAX_AGE: Duration = Duration::from_mins(1);

/// The connections to one base address.
pub(super) struct ConnectionPool {
    base: BaseAddress,
    /// The proxy on the way to the base address.
    proxy: Option<String>,
    newest: Mutex<Option<Generation>>,
}

/// The connections that were made after `since`.
struct Generation {
    http: reqwest::Client,
    since: UnixMillis,
}

impl ConnectionPool {
    /// A pool of connections to `base`, empty at first.
    pub(super) fn new(base: BaseAddress) -> Self {
        Self { proxy: proxy(base.url()), base, newest: Mutex::new(None) }
    }

    /// The base address that the connections lead to.
    pub(super) fn base(&self) -> &BaseAddress {
        &self.base
    }

    /// Whether the system's certificates are needed, for the base address or for the proxy on the way to it.
    pub(super) fn is_encrypted(&self) -> bool {
        let proxy = self.proxy.as_deref().unwrap_or_default();
        self.base.url().scheme() == "https" || proxy.starts_with("https:")
    }

    /// Connections that are young enough. Older ones finish what they are doing and close.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`]: the HTTP client cannot be built.
    pub(super) fn young_connections(
        &self,
        options: &Options,
        tls: &ClientConfig,
        now: UnixMillis,
    ) -> Result<reqwest::Client, ClientError> {
        let mut newest = lock(&self.newest);
        // A clock that was set back says nothing about the age.
        let is_young = |of: &&Generation| now >= of.since && now.since(of.since) < MAX_AGE;
        if let Some(generation) = newest.as_ref().filter(is_young) {
            return Ok(generation.http.clone());
        }
        let http = self.connect(options, tls)?;
        *newest = Some(Generation { http: http.clone(), since: now });
        Ok(http)
    }

    fn connect(&self, options: &Options, tls: &ClientConfig) -> Result<reqwest::Client, ClientError> {
        let builder = reqwest::Client::builder();
        // Otherwise reqwest reads the environment, as `proxy` does.
        let builder = if is_loopback(self.base.url()) { builder.no_proxy() } else { builder };
        builder
            .tls_backend_preconfigured(tls.clone())
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            .pool_idle_timeout(MAX_AGE)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                let cause = innermost_cause(&error);
                ClientError::Setup(format!("the HTTP client cannot be set up: {cause}"))
            })
    }

    /// Adds the proxy that was on the way to an error that says that no answer came.
    pub(super) fn with_proxy(&self, error: ClientError) -> ClientError {
        match error {
            ClientError::Transport(NoAnswer { call, cause }) => {
                ClientError::Transport(NoAnswer { call, cause: self.explain(cause) })
            }
            error => error,
        }
    }

    /// The reason why no answer came, with the proxy that was on the way.
    pub(super) fn explain(&self, cause: String) -> String {
        match &self.proxy {
            Some(proxy) => format!("{cause} (through the proxy {proxy})"),
            None => cause,
        }
    }
}
