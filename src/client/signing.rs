//! The signature that the platform knows an app's calls by.

use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::answer;
use crate::{
    clock::UnixMillis,
    http::{api::Authentication, error::ClientError, exchange::RawAnswer, request::Request},
    ids::AppKey,
    signature,
};

/// An app, and the secret that its calls are signed with.
pub(super) struct Credentials {
    /// The app that calls are made for.
    pub(super) app: AppKey,
    /// The secret that signs them.
    pub(super) secret: SecretString,
}

/// The place of the four parts of a signature.
#[derive(Debug, Clone, Copy)]
pub(super) enum SignaturePlacement {
    /// The headers, as with most calls.
    Headers,
    /// The query, as with uploads.
    Query,
}

/// A call's authentication by signature.
pub(super) struct Signer<'a> {
    /// The app that the call is made for, and its secret.
    pub(super) credentials: &'a Credentials,
    /// The place that the call has for the signature.
    pub(super) placement: SignaturePlacement,
}

impl Authentication for Signer<'_> {
    fn authenticate(&self, request: Request, now: UnixMillis) -> Request {
        let Credentials { app, secret } = self.credentials;
        let (nonce, timestamp) = (new_nonce(), now.0.to_string());
        let signature = signature::sign(secret, &nonce, &timestamp);
        let request = request.with_sensitive(signature.clone());
        let parts = [
            ("RC-App-Key", app.as_str().to_owned()),
            ("RC-Nonce", nonce),
            ("RC-Timestamp", timestamp),
            ("RC-Signature", signature),
        ];
        parts.into_iter().fold(request, |request, (name, value)| match self.placement {
            SignaturePlacement::Headers => request.with_header(name, value),
            SignaturePlacement::Query => request.with_parameter(name, &value),
        })
    }

    fn decode<T: DeserializeOwned>(answer: RawAnswer) -> Result<T, ClientError> {
        answer::decode(answer)
    }
}

/// Draws a nonce: 16 random hexadecimal digits.
pub(super) fn new_nonce() -> String {
    format!("{:016x}", rand::random::<u64>())
}
