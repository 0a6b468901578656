//! The signatures of pushed callbacks.

use secrecy::SecretString;

use crate::{
    clock::{Clock, UnixMillis},
    signature::signed_query,
};

/// The maker of signatures, as query strings that follow the routeUrl.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) secret: SecretString,
    pub(super) clock: Clock,
}

impl Signer {
    /// A signature of this moment.
    pub(super) fn sign_now(&self) -> String {
        self.sign_at(self.clock.now())
    }

    /// A signature of the moment `at`.
    pub(super) fn sign_at(&self, at: UnixMillis) -> String {
        signed_query(&self.secret, &nonce(), at)
    }

    /// A signature of this moment that was made with a wrong secret.
    pub(super) fn sign_wrongly(&self) -> String {
        signed_query(&"not the secret".into(), &nonce(), self.clock.now())
    }
}

/// A random string, as the platform signs it.
pub(super) fn nonce() -> String {
    rand::random::<u64>().to_string()
}
