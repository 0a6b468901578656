//! The tokens of the operators' endpoints.

use axum::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::right::{Right, Rights};

/// A token of the operators' endpoints, and what it opens.
#[derive(Debug, Clone)]
pub struct AdminToken {
    /// The name of the person or the program that has the token. A token for the metrics alone needs no name.
    pub name: Option<String>,
    /// The token itself.
    pub secret: SecretString,
    /// The endpoints that the token opens.
    pub rights: Rights,
}

impl AdminToken {
    /// A token for the metrics alone.
    pub fn for_metrics(secret: SecretString) -> Self {
        Self { name: None, secret, rights: Rights::from_iter([Right::Metrics]) }
    }
}

/// The tokens of `admin.tokens`.
#[derive(Debug, Clone, Default)]
pub struct AdminTokens(Vec<AdminToken>);

impl AdminTokens {
    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tokens, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = &AdminToken> {
        self.0.iter()
    }

    /// The token that equals `given`.
    pub fn find(&self, given: &[u8]) -> Option<&AdminToken> {
        // Digests are compared, because a comparison of slices of different lengths ends at once. All tokens are compared,
        // so that the time taken does not tell which one matches.
        let given = Sha256::digest(given);
        let mut found = None;
        for token in &self.0 {
            if bool::from(Sha256::digest(token.secret.expose_secret()).ct_eq(&given)) {
                found = Some(token);
            }
        }
        found
    }

    /// Whether a request with these headers may see the metrics. Without a token everybody may.
    pub(super) fn admit_to_metrics(&self, headers: &HeaderMap) -> bool {
        let found = || self.find(bearer(headers).unwrap_or_default());
        self.is_empty() || found().is_some_and(|token| token.rights.has(Right::Metrics))
    }
}

impl FromIterator<AdminToken> for AdminTokens {
    fn from_iter<I: IntoIterator<Item = AdminToken>>(tokens: I) -> Self {
        Self(tokens.into_iter().collect())
    }
}

/// The token of the header `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes)?;
    let (scheme, token) = given.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}
