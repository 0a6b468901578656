//! `forward`: where messages are handed on to, and how they are signed.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretSlice};
use serde::Deserialize;
use url::Url;

use super::read::Strings;
use crate::config::{Problem, check::is_base_address, duration};

/// How long a target may take, where the rule does not say.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Requests under way to a target at once, where the rule does not say.
const CONCURRENCY: usize = 32;
/// What every secret of Standard Webhooks begins with; it may be left out.
const PREFIX: &str = "whsec_";

/// A service that messages are handed on to, as Standard Webhooks.
#[derive(Clone)]
pub(crate) struct Forward {
    /// Its address.
    pub(crate) url: Url,
    /// The keys, at least one; each makes a signature of its own.
    pub(crate) secrets: Vec<SecretSlice<u8>>,
    /// How long it may take to answer.
    pub(crate) timeout: Duration,
    /// Most requests under way at once.
    pub(crate) concurrency: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawForward {
    url: Option<String>,
    #[serde(default)]
    secret: Strings,
    #[serde(default, deserialize_with = "some_duration")]
    timeout: Option<Duration>,
    concurrency: Option<usize>,
}

fn some_duration<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration::deserialize(deserializer).map(Some)
}

impl RawForward {
    /// Reads what is in it; `path` is the key's.
    pub(super) fn check(self, path: &str, problems: &mut Vec<Problem>) -> Option<Forward> {
        let mut problem = |key: &str, what: &str, hint: &str| {
            problems.push(Problem::new(format!("{path}.{key}"), what, hint));
        };
        let example = "write url = \"https://orders.internal/wechat\"";
        let url = match self.url.as_deref().map(str::parse::<Url>) {
            None => {
                problem("url", "is missing: there is nowhere to forward to", example);
                None
            }
            Some(Ok(url)) if is_base_address(&url) => Some(url),
            Some(_) => {
                let what =
                    "is no http:// or https:// address without user name, password, query and fragment";
                problem("url", what, example);
                None
            }
        };
        let hint = "make one: echo \"whsec_$(openssl rand -base64 32)\"; then write secret = \"${FORWARD_SECRET}\"";
        if self.secret.0.is_empty() {
            problem("secret", "is missing: the service could not tell our messages from anyone's", hint);
        }
        let secrets: Vec<_> = self.secret.0.iter().filter_map(|secret| key(secret)).collect();
        if secrets.len() < self.secret.0.len() {
            let what =
                "is not \"whsec_\" and then 24 to 64 bytes in base64, as Standard Webhooks asks for";
            problem("secret", what, hint);
        }
        let timeout = self.timeout.unwrap_or(TIMEOUT);
        if timeout.is_zero() {
            problem(
                "timeout",
                "is no time at all, so every attempt would fail",
                "write \"10s\", or leave it out",
            );
        }
        let concurrency = self.concurrency.unwrap_or(CONCURRENCY);
        if concurrency == 0 {
            problem(
                "concurrency",
                "is 0, so nothing would ever be forwarded",
                "write 1 or more, or leave it out",
            );
        }
        Some(Forward { url: url?, secrets, timeout, concurrency: concurrency.max(1) })
    }
}

fn key(secret: &str) -> Option<SecretSlice<u8>> {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX).unwrap_or(secret)).ok()?;
    (24..=64).contains(&key.len()).then(|| key.into())
}

impl Forward {
    /// The longest that an attempt can take: waiting for its turn, then for the answer.
    pub(in crate::config) fn longest(&self) -> Duration {
        self.timeout.saturating_mul(2)
    }

    /// Whether both are the same service, called in the same way.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same_key =
            |(a, b): (&SecretSlice<u8>, &SecretSlice<u8>)| a.expose_secret() == b.expose_secret();
        self.url == other.url
            && (self.timeout, self.concurrency) == (other.timeout, other.concurrency)
            && self.secrets.len() == other.secrets.len()
            && self.secrets.iter().zip(&other.secrets).all(same_key)
    }
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forward({}, {} secret(s))", self.url, self.secrets.len())
    }
}
