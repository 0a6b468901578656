//! One struct for each section of `callback.toml`, which documents every key and its default.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use bytesize::ByteSize;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{env, proxies, unquoted};
use crate::{ids::AppKey, signature::Timestamps, toml_values::duration};

/// `[server]`: the server for the platform's callbacks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSection {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Largest accepted body.
    pub max_body: ByteSize,
    /// Time limit on receiving a request's headers, and on idle keep-alive connections.
    #[serde(deserialize_with = "duration::deserialize")]
    pub header_timeout: Duration,
    /// Time limit on receiving a request's body.
    #[serde(deserialize_with = "duration::deserialize")]
    pub body_timeout: Duration,
    /// Time limit on making a message durable.
    #[serde(deserialize_with = "duration::deserialize")]
    pub answer_timeout: Duration,
    /// Most connections at once.
    pub max_connections: usize,
    /// Most callbacks at once that wait for the journal.
    pub max_in_flight: usize,
    /// Proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "proxies::deserialize")]
    pub trusted_proxies: Vec<IpNet>,
    /// Largest distance of a callback's timestamp from our clock, either way.
    #[serde(deserialize_with = "duration::deserialize")]
    pub timestamp_tolerance: Duration,
    /// Number of recent signatures per app that stay bound to their bodies.
    pub signature_memory: usize,
}

/// `[journal]`: the store of accepted messages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalSection {
    /// Address of the store: `sqlite:PATH`, `postgres://…` or `memory:`.
    pub url: JournalUrl,
    /// Time for which a finished entry is kept.
    #[serde(deserialize_with = "duration::deserialize")]
    pub keep: Duration,
    /// Time for which a dead letter is kept.
    #[serde(deserialize_with = "duration::deserialize")]
    pub keep_dead: Duration,
    /// Most pending entries in each queue.
    pub max_pending: u64,
    /// Number of recent keys whose duplicates are answered from memory.
    pub recent_keys: usize,
}

/// The address of a journal. Its `Display` and `Debug` show it without a password.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct JournalUrl(#[serde(deserialize_with = "unquoted::url")] SecretString);

impl JournalUrl {
    /// The whole address with its password, for opening the journal.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Reads an address in which `${NAME}` stands for a variable of this process's environment, as in a configuration file.
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
            // An address of PostgreSQL that is not written as a URL may contain a password anywhere.
            let shown = if url.contains("postgres") { "postgres…" } else { url };
            return f.write_str(shown);
        };
        // A password may contain characters that should have been written as %XX, and parameters may be passwords, too.
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

/// `[dispatch]` and `[deliver]`: the worker of one queue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PumpSection {
    /// Most entries worked on at once, each of another conversation.
    pub concurrency: usize,
    /// Time limit of one attempt.
    #[serde(deserialize_with = "duration::deserialize")]
    pub timeout: Duration,
    /// Number of attempts after which an entry is a dead letter.
    pub attempts: u32,
    /// Upper bound of the first delay.
    #[serde(deserialize_with = "duration::deserialize")]
    pub backoff: Duration,
    /// Upper bound of every delay.
    #[serde(deserialize_with = "duration::deserialize")]
    pub max_backoff: Duration,
}

/// `[deliver.rate]`: the rate limit on replies.
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
    /// Time limit on establishing a connection.
    #[serde(deserialize_with = "duration::deserialize")]
    pub connect_timeout: Duration,
    /// Time limit on a whole call.
    #[serde(deserialize_with = "duration::deserialize")]
    pub timeout: Duration,
}

/// `[shutdown]`: the end of the process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownSection {
    /// Time for which handlers may go on after SIGTERM.
    #[serde(deserialize_with = "duration::deserialize")]
    pub grace: Duration,
}

/// `[log]`: the log on standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSection {
    /// The form of lines.
    pub format: LogFormat,
    /// A `tracing` filter.
    pub level: String,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for people.
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
    /// Secrets, all valid at once; never empty once loaded. The first secret signs outgoing calls.
    #[serde(default, deserialize_with = "unquoted::secrets")]
    pub secrets: Vec<SecretString>,
    /// Files with one secret each; their contents are in `secrets` once loaded.
    pub secret_files: Vec<PathBuf>,
    /// The unit of the timestamps in the app's callbacks.
    pub timestamps: Timestamps,
    /// Base addresses of the platform's API, tried in this order (`api_url`); never empty once loaded.
    #[serde(rename = "api_url", deserialize_with = "unquoted::addresses")]
    pub api_urls: Vec<Url>,
    /// The API that replies are sent through.
    pub replies: Replies,
    /// The portal push API, if the app has one.
    pub portal: Option<PortalSection>,
}

/// The API that replies are sent through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Replies {
    /// The platform's own API.
    Platform,
    /// The portal push API.
    Portal,
}

/// `[apps.portal]`: the portal push API (应用服务号推送) of one company.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalSection {
    /// Base addresses, without `/interface/…`, tried in this order (`url`); never empty once loaded.
    #[serde(rename = "url", deserialize_with = "unquoted::addresses")]
    pub urls: Vec<Url>,
    /// The company's code, which is part of the address.
    pub ecode: String,
    /// The access token; either `token` or `token_file` is set once loaded.
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
