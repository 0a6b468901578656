//! The tokens that open the metrics.

use axum::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The tokens of `admin.tokens`. Without a token everybody is admitted.
pub(super) struct Tokens(pub(super) Vec<SecretString>);

impl Tokens {
    /// Whether a request with these headers may see the metrics.
    pub(super) fn may_pass(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
        let given = match given.split_at_checked(b"Bearer ".len()) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"Bearer ") => token,
            _ => &[],
        };
        // Digests are compared, because a comparison of slices of different lengths ends at once. All tokens are compared,
        // so that the time taken does not tell which one matches.
        let given = Sha256::digest(given);
        let matches = self.0.iter().fold(Choice::from(0), |any, token| {
            any | Sha256::digest(token.expose_secret()).ct_eq(&given)
        });
        self.0.is_empty() || bool::from(matches)
    }
}
