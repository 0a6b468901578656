//! Requests to one server of any paths, whose answers its caller reads, whatever their status.

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    base_address::BaseAddress, connection_pool::ConnectionPool, error::ClientError, exchange::read_body,
    options::Options, redaction::innermost_cause,
};
use crate::{
    clock::Clock,
    tls::{self, Roots},
};

/// The largest answer that is read, in bytes: a page of entries with their bodies.
const MAX_ANSWER: usize = 64 << 20;

/// A server, and the connections to it. It is called as the platform's APIs are: over TLS with the system's certificates,
/// through the proxies of the environment, and without following redirects, which could lead the token elsewhere.
pub(crate) struct SingleServer {
    pool: ConnectionPool,
    options: Options,
    tls: ClientConfig,
    clock: Clock,
    /// The header by which the server knows the caller.
    authorization: Option<HeaderValue>,
}

/// A request to a server.
pub(crate) struct ServerRequest<'a> {
    /// The path below the server's address.
    pub(crate) path: &'a str,
    /// The query, percent-encoded; empty for none.
    pub(crate) query: String,
    /// The headers beside those of every request.
    pub(crate) headers: Vec<(&'static str, &'a str)>,
    /// The body of a POST, in JSON; a GET has none.
    pub(crate) json: Option<Vec<u8>>,
}

/// The answer of a server.
pub(crate) struct ServerAnswer {
    /// HTTP status.
    pub(crate) status: u16,
    /// The media type; empty if the server says none.
    pub(crate) media_type: String,
    /// The body.
    pub(crate) body: Bytes,
}

impl SingleServer {
    /// A server at `base`. No connection is made yet.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`]: a system without certificates where they are needed, or a token that no header can carry.
    pub(crate) fn new(
        base: BaseAddress,
        options: Options,
        token: Option<&SecretString>,
    ) -> Result<Self, ClientError> {
        let pool = ConnectionPool::new(base);
        let roots = if pool.is_encrypted() { Roots::System } else { Roots::None };
        let tls = tls::client_config(roots)
            .map_err(|error| ClientError::Setup(format!("TLS cannot be set up: {error}")))?;
        let authorization = token.map(|token| {
            let mut value: HeaderValue = format!("Bearer {}", token.expose_secret()).parse()?;
            value.set_sensitive(true);
            Ok(value)
        });
        let authorization =
            authorization.transpose().map_err(|_: reqwest::header::InvalidHeaderValue| {
                ClientError::Setup("the token has characters that no HTTP header can carry".to_owned())
            })?;
        Ok(Self { pool, options, tls, clock: Clock::system(), authorization })
    }

    /// Sends a request, and reads the answer.
    ///
    /// # Errors
    ///
    /// The reason why no answer came, or not a whole one.
    pub(crate) async fn send(&self, request: ServerRequest<'_>) -> Result<ServerAnswer, String> {
        let connections = self.pool.young_connections(&self.options, &self.tls, self.clock.now());
        let http = connections.map_err(|error| error.to_string())?;
        let mut url = self.pool.base().join(request.path);
        if !request.query.is_empty() {
            url.set_query(Some(&request.query));
        }
        let mut builder = match request.json {
            Some(json) => http.post(url).header(CONTENT_TYPE, "application/json").body(json),
            None => http.get(url),
        };
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(authorization) = &self.authorization {
            builder = builder.header(AUTHORIZATION, authorization.clone());
        }
        let failed = |error: reqwest::Error| self.pool.explain(innermost_cause(&error));
        let mut response = builder.send().await.map_err(failed)?;
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_owned();
        let status = response.status().as_u16();
        match read_body(&mut response, MAX_ANSWER).await {
            (_, Some(error)) => Err(failed(error)),
            (None, None) => Err("the answer is too large".to_owned()),
            (Some(body), None) => Ok(ServerAnswer { status, media_type, body: body.into() }),
        }
    }
}
