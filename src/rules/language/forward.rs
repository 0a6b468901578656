//! `forward`: the service that messages are forwarded to, and the keys that sign them.

use std::{fmt, time::Duration};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Deserializer, de::Error as _};
use url::Url;

use super::fold;
use crate::toml_values::{OneOrMany, Problem, duration};

/// The limit on one request, unless the rule has another.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most requests to a service at once, unless the rule has another number.
const CONCURRENCY: usize = 32;
/// Highest number of requests at once that a rule may ask for.
const MAX_CONCURRENCY: usize = 10_000;
/// The beginning of every secret of Standard Webhooks; it may be left out.
const PREFIX: &str = "whsec_";
/// The version of the signatures, which some services write before the prefix.
const VERSION: &str = "v1,";
/// Base64 with or without padding: some generators leave it out, which changes nothing about the key.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Fewest bytes of a value in an address that is hidden. A shorter one is no secret, and hiding it would hide other words.
const MIN_HIDDEN: usize = 8;

/// A service that a rule forwards messages to, as Standard Webhooks.
#[derive(Clone)]
pub(crate) struct Forward {
    /// The address of the service.
    pub(crate) url: Url,
    /// The keys, at least one; each makes a signature of its own.
    pub(crate) secrets: Vec<SecretSlice<u8>>,
    /// The limit on one request.
    pub(crate) timeout: Duration,
    /// Most requests at once.
    pub(crate) concurrency: usize,
}

/// The table `forward` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawForward {
    url: Option<String>,
    #[serde(default, deserialize_with = "secrets")]
    secret: OneOrMany<String>,
    #[serde(default, deserialize_with = "duration::deserialize_optional")]
    timeout: Option<Duration>,
    concurrency: Option<usize>,
}

/// Deserialises the secrets; the error does not quote them.
fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OneOrMany<String>, D::Error> {
    let wrong = |_| D::Error::custom("is not a text in quotes, or a list of such texts");
    OneOrMany::deserialize(deserializer).map_err(wrong)
}

impl RawForward {
    /// Reads the service, which stands at `key`.
    pub(super) fn read(self, key: &str, problems: &mut Vec<Problem>) -> Option<Forward> {
        let mut problem = |name: &str, what: &str, hint: &str| {
            problems.push(Problem::new(format!("{key}.{name}"), what, hint));
        };
        let example = "write url = \"https://orders.internal/wechat\"";
        let url = match self.url.as_deref().map(str::parse::<Url>) {
            None => {
                problem("url", "is missing: there is nowhere to forward to", example);
                None
            }
            Some(Ok(url)) if is_address(&url) => Some(url),
            Some(_) => {
                let what = "is no http:// or https:// address without user name, password and fragment";
                problem(
                    "url",
                    what,
                    "write url = \"https://orders.internal/wechat\"; it may have a query, such as ?code=…",
                );
                None
            }
        };
        let hint = "make one: echo \"whsec_$(openssl rand -base64 32)\"; then write secret = \"${FORWARD_SECRET}\"";
        if self.secret.0.is_empty() {
            problem("secret", "is missing: the service could not tell our messages from anyone's", hint);
        }
        let mut secrets = Vec::new();
        for secret in &self.secret.0 {
            match decode_secret(secret) {
                Ok(key) => secrets.push(key),
                Err(what) => problem("secret", &what, hint),
            }
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
        if concurrency > MAX_CONCURRENCY {
            problem(
                "concurrency",
                &format!(
                    "is more than {MAX_CONCURRENCY}, and no service takes so many requests at once"
                ),
                "write a smaller number, or leave it out",
            );
        }
        let concurrency = concurrency.clamp(1, MAX_CONCURRENCY);
        Some(Forward { url: url?, secrets, timeout, concurrency })
    }
}

fn is_address(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
}

/// Decodes the key that a secret stands for. The error says what is wrong, without the letters of the secret.
fn decode_secret(secret: &str) -> Result<SecretSlice<u8>, String> {
    let wrong = |what: &str| {
        let form = "\"whsec_\" and then 24 to 64 bytes in base64, as Standard Webhooks asks for";
        Err(format!("{what}: it must be {form}"))
    };
    let is_stray =
        |char: &char| char.is_whitespace() || fold::is_invisible(*char) || "\"'`“”‘’".contains(*char);
    if let Some(char) = secret.chars().next().into_iter().chain(secret.chars().last()).find(is_stray) {
        return wrong(&format!(
            "begins or ends with {}, which is no part of a secret",
            fold::describe_char(char)
        ));
    }
    if ["whsk_", "whpk_"].iter().any(|prefix| secret.starts_with(prefix)) {
        return wrong("is a key for signatures of the other kind (v1a)");
    }
    let encoded = secret.strip_prefix(VERSION).unwrap_or(secret);
    let encoded = encoded.strip_prefix(PREFIX).unwrap_or(encoded);
    if encoded.contains(['-', '_']) {
        return wrong(
            "has - or _ in it, for which base64 has + and / (its form for URLs is not read by verifiers)",
        );
    }
    match BASE64.decode(encoded).map(|key| (key.len(), key)) {
        Ok((24..=64, key)) => Ok(key.into()),
        Ok((length, _)) => wrong(&format!("has {length} bytes")),
        Err(_) => wrong("is not base64"),
    }
}

impl Forward {
    /// The longest time that an attempt can take: the wait for its turn, then the request.
    pub(crate) fn longest_attempt(&self) -> Duration {
        self.timeout.saturating_mul(2)
    }

    /// The address for people: without the query, which may contain a key.
    pub(crate) fn shown_url(&self) -> String {
        let mut shown = self.url.clone();
        shown.set_query(None);
        if self.url.query().is_some() { format!("{shown}?…") } else { shown.to_string() }
    }

    /// The parts of the address that must be hidden where the service repeats them.
    pub(crate) fn hidden_parts(&self) -> Vec<String> {
        let raw = self.url.query().unwrap_or_default();
        let values = raw.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        let decoded = self.url.query_pairs().map(|(_, value)| value.into_owned());
        let parts = [raw].into_iter().chain(values).map(ToOwned::to_owned).chain(decoded);
        parts.filter(|part| part.len() >= MIN_HIDDEN).collect()
    }

    /// Whether `other` is the same service, called in the same way.
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
        write!(f, "Forward({}, {} secret(s))", self.shown_url(), self.secrets.len())
    }
}
