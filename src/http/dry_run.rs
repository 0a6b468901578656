//! A dry run of a call: its request is shown instead of sent.

use std::fmt;

use serde::Serialize;

use super::redaction::mask;

/// A request that was not sent. Texts that only its sender may know are masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unsent {
    /// HTTP method.
    pub method: String,
    /// The whole address, with `…` for a signature or a token.
    pub url: String,
    /// Names and values, with `…` for a signature.
    pub headers: Vec<(String, String)>,
    /// The body; none for a file.
    pub body: Option<String>,
}

impl Unsent {
    /// Everything of `request` that may be shown, which is all but its `sensitive` texts.
    pub(super) fn new(request: &reqwest::Request, sensitive: &[String]) -> Self {
        let header = |value: &[u8]| mask(&String::from_utf8_lossy(value), sensitive);
        let headers = request.headers().iter().map(|(name, value)| {
            let value = if value.is_sensitive() { "…".to_owned() } else { header(value.as_bytes()) };
            (name.to_string(), value)
        });
        let body = request.body().and_then(|body| body.as_bytes());
        Self {
            method: request.method().to_string(),
            url: mask(request.url().as_str(), sensitive),
            headers: headers.collect(),
            body: body.map(|body| mask(&String::from_utf8_lossy(body), sensitive)),
        }
    }
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.url)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        write!(f, "\n{}", self.body.as_deref().unwrap_or("(the file)"))
    }
}
