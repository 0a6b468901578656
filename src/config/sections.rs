//! One struct for each section of `callback.toml`, which documents every key and its default.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use bytesize::ByteSize;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{env, proxies, unquoted};
use crate::{ids::AppKey, signature::Timestamps, toml_values::duration};

/// `[server]`: what the platform's callbacks meet.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSection {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Largest accepted body.
    pub max_body: ByteSize,
    /// Bound on receiving a request's headers, and on idle keep-alive connections.
    #[serde(deserialize_with = "duration::deserialize")]
    pub header_timeout: Duration,
    /// Bound on receiving a request's body.
    #[serde(deserialize_with = "duration::deserialize")]
    pub body_timeout: Duration,
    /// Bound on making a message durable.
    #[serde(deserialize_with = "duration::deserialize")]
    pub answer_timeout: Duration,
    /// Most connections at once.
    pub max_connections: usize,
    /// Most callbacks at once whose bodies are there, and that wait for the journal.
    pub max_in_flight: usize,
    /// Proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "proxies::deserialize")]
    pub trusted_proxies: Vec<IpNet>,
    /// How far a callback's timestamp may be from our clock.
    #[serde(deserialize_with = "duration::deserialize")]
    pub timestamp_tolerance: Duration,
    /// How many recent signatures are bound to their body, per app.
    pub signature_memory: usize,
}

/// `[admin]`: health, readiness and metrics.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminSection {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Any of them opens the metrics; without one they are open, and `listen` is on loopback once loaded.
    #[serde(deserialize_with = "unquoted::secrets")]
    pub tokens: Vec<SecretString>,
    /// Files with one token each; their contents are in `tokens` once loaded.
    pub token_files: Vec<PathBuf>,
}

impl AdminSection {
    /// Whether other machines can reach it.
    pub fn is_remote(&self) -> bool {
        !self.listen.ip().to_canonical().is_loopback()
    }
}

/// `[journal]`: what survives a crash.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalSection {
    /// `sqlite:PATH`, `postgres://…` or `memory:`.
    pub url: JournalUrl,
    /// How long a finished entry is kept.
    #[serde(deserialize_with = "duration::deserialize")]
    pub keep: Duration,
    /// How long a dead letter is kept.
    #[serde(deserialize_with = "duration::deserialize")]
    pub keep_dead: Duration,
    /// Most pending entries in each queue.
    pub max_pending: u64,
    /// Recent keys answered from memory.
    pub recent_keys: usize,
}

/// The journal's address; what it shows of itself is without a password.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct JournalUrl(#[serde(deserialize_with = "unquoted::url")] SecretString);

impl JournalUrl {
    /// All of it, for whoever opens the journal.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Takes `${NAME}` from this process's environment, as a configuration file does.
impl FromStr for JournalUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        env::resolve_argument(text).map(|url| Self(url.into()))
    }
}

impl fmt::Display for JournalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.expose();
        let Some((scheme, rest)) =
            url.split_once("://").filter(|(scheme, _)| scheme.starts_with("postgres"))
        else {
            return f.write_str(url.split_once("postgres").map_or(url, |_| "postgres…"));
        };
        // A password may hold what should have been written as %XX, and parameters may be passwords, too.
        let address = rest.rsplit_once('@').map_or(rest, |(_, address)| address);
        let address = address.split('?').next().unwrap_or_default();
        write!(f, "{scheme}://{address}")
    }
}

impl fmt::Debug for JournalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// `[dispatch]` and `[deliver]`: how one queue is worked on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PumpSection {
    /// Entries worked on at once, each of another conversation.
    pub concurrency: usize,
    /// Time limit of one attempt.
    #[serde(deserialize_with = "duration::deserialize")]
    pub timeout: Duration,
    /// After so many attempts an entry is a dead letter.
    pub attempts: u32,
    /// Upper bound of the first delay.
    #[serde(deserialize_with = "duration::deserialize")]
    pub backoff: Duration,
    /// Upper bound of every delay.
    #[serde(deserialize_with = "duration::deserialize")]
    pub max_backoff: Duration,
}

/// `[deliver.rate]`: how fast replies are sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateSection {
    /// Most replies of one app in a second.
    pub per_second: u32,
}

/// `[client]`: calls to the platform's API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSection {
    /// Bound on establishing a connection.
    #[serde(deserialize_with = "duration::deserialize")]
    pub connect_timeout: Duration,
    /// Bound on a whole call.
    #[serde(deserialize_with = "duration::deserialize")]
    pub timeout: Duration,
}

/// `[shutdown]`: how it ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownSection {
    /// How long handlers may go on after SIGTERM.
    #[serde(deserialize_with = "duration::deserialize")]
    pub grace: Duration,
}

/// `[log]`: logs, on standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSection {
    /// How lines are written.
    pub format: LogFormat,
    /// A `tracing` filter.
    pub level: String,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[[apps]]`: one app (App Key) and its routeUrl.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppSection {
    /// Path of the routeUrl.
    pub path: String,
    /// The App Key.
    pub key: AppKey,
    /// Secrets, all valid at once; never empty once loaded. The first one signs outgoing calls.
    #[serde(default, deserialize_with = "unquoted::secrets")]
    pub secrets: Vec<SecretString>,
    /// Files with one secret each; their contents are in `secrets` once loaded.
    pub secret_files: Vec<PathBuf>,
    /// The unit of its callbacks' timestamps.
    pub timestamps: Timestamps,
    /// Base addresses of the platform's API, tried in this order (`api_url`); never empty once loaded.
    #[serde(rename = "api_url", deserialize_with = "unquoted::addresses")]
    pub api_urls: Vec<Url>,
    /// Which way replies go out.
    pub replies: Replies,
    /// The portal push API, where there is one.
    pub portal: Option<PortalSection>,
}

/// Which way replies go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Replies {
    /// Through the platform's own API.
    Platform,
    /// Through the portal push API.
    Portal,
}

/// `[apps.portal]`: the portal push API (应用服务号推送) of one company.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalSection {
    /// Base addresses, without `/interface/…`, tried in this order (`url`); never empty once loaded.
    #[serde(rename = "url", deserialize_with = "unquoted::addresses")]
    pub urls: Vec<Url>,
    /// The company's code, which stands in the address.
    pub ecode: String,
    /// The access token; either this or `token_file` once loaded.
    #[serde(default, deserialize_with = "unquoted::secret")]
    pub token: Option<SecretString>,
    /// A file with the access token, read before each call.
    pub token_file: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_s_address_is_shown_without_its_password() {
        for (url, shown) in [
            ("sqlite:data/journal.db", "sqlite:data/journal.db"),
            ("postgres://user:s3cret@db.example.com/journal", "postgres://db.example.com/journal"),
            (
                "postgresql://user:s3@s3cret@db:5433/j?sslmode=require&password=s3cret",
                "postgresql://db:5433/j",
            ),
            ("postgres:user:s3cret@db/j", "postgres…"),
        ] {
            let url = JournalUrl(url.into());
            assert_eq!(
                (url.to_string(), format!("{url:?}")),
                (shown.to_owned(), format!("\"{shown}\""))
            );
        }
    }
}
