//! A request that is shown instead of sent, without what nobody must see.

use std::fmt;

use serde::Serialize;

use super::{
    ClientError,
    transport::{Prepared, cause, mask},
};

/// A request that was not sent; what only its sender may know is masked.
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
    pub(super) fn new(Prepared { request, sensitive }: Prepared) -> Result<Self, ClientError> {
        let request = request.build().map_err(|error| ClientError::Setup(cause(&error)))?;
        let header = |value: &[u8]| mask(&String::from_utf8_lossy(value), &sensitive);
        let headers = request.headers().iter().map(|(name, value)| {
            let value = if value.is_sensitive() { "…".to_owned() } else { header(value.as_bytes()) };
            (name.to_string(), value)
        });
        let body = request.body().and_then(|body| body.as_bytes());
        Ok(Self {
            method: request.method().to_string(),
            url: mask(request.url().as_str(), &sensitive),
            headers: headers.collect(),
            body: body.map(|body| mask(&String::from_utf8_lossy(body), &sensitive)),
        })
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
