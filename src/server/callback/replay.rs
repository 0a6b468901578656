//! Protection against replays: each accepted signature is bound to the body that it came with, because a signature does
//! not cover the body, and the requests in progress under one signature are limited.

use std::{
    collections::HashMap,
    fmt,
    hash::{Hash, Hasher},
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard},
};

use lru::LruCache;
use siphasher::sip::SipHasher13;

use super::rejection::Rejection;
use crate::{identity_hasher::BuildIdentityHasher, lock::lock, signature::Verified};

/// Most requests in progress under one signature. The platform's retries need one place. A thief of an address must not be
/// able to keep others out.
const MOST_IN_PROGRESS: usize = 8;

/// The signature bindings of one app: its most recent signatures, each with the fingerprint of its body.
///
/// No times are kept: a signature that is older than the tolerance is refused before it is looked up here.
pub(super) struct SignatureBindings {
    /// The hasher of fingerprints, with a random key, so that nobody can make two bodies with one fingerprint.
    hasher: SipHasher13,
    seen: Mutex<Seen>,
}

/// The signatures that were seen.
struct Seen {
    /// The fingerprint of the body that each recent signature is bound to.
    bodies: LruCache<SignaturePrefix, u64, BuildIdentityHasher>,
    /// The number of requests in progress under each signature that has any.
    in_progress: HashMap<SignaturePrefix, usize, BuildIdentityHasher>,
}

/// The error of a signature that is bound to another body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OtherBody;

/// The place of one request in progress under a signature; free again when dropped.
#[must_use]
pub(super) struct InProgress<'a> {
    bindings: &'a SignatureBindings,
    signature: SignaturePrefix,
}

/// The first 16 bytes of a signature. No two verified signatures will ever share them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct SignaturePrefix([u8; 16]);

impl From<Verified> for SignaturePrefix {
    fn from(Verified([first @ .., _, _, _, _]): Verified) -> Self {
        Self(first)
    }
}

impl Hash for SignaturePrefix {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [first @ .., _, _, _, _, _, _, _, _] = self.0;
        state.write_u64(u64::from_ne_bytes(first));
    }
}

impl SignatureBindings {
    /// Bindings of the last `memory` signatures, and of at least one.
    pub(super) fn new(memory: usize) -> Self {
        let memory = NonZeroUsize::new(memory).unwrap_or(NonZeroUsize::MIN);
        let bodies = LruCache::with_hasher(memory, BuildIdentityHasher::default());
        Self {
            hasher: SipHasher13::new_with_keys(rand::random(), rand::random()),
            seen: Mutex::new(Seen { bodies, in_progress: HashMap::default() }),
        }
    }

    /// Takes a place for a request under `signature`.
    ///
    /// # Errors
    ///
    /// [`Rejection::Crowded`] if all places of the signature are taken.
    pub(super) fn enter(&self, signature: Verified) -> Result<InProgress<'_>, Rejection> {
        let signature = SignaturePrefix::from(signature);
        let mut seen = self.seen();
        let count = seen.in_progress.entry(signature).or_default();
        if *count == MOST_IN_PROGRESS {
            return Err(Rejection::Crowded);
        }
        *count += 1;
        Ok(InProgress { bindings: self, signature })
    }

    /// The fingerprint that stands for `body` in memory.
    pub(super) fn fingerprint(&self, body: &[u8]) -> u64 {
        self.hasher.hash(body)
    }

    /// Binds `signature` to `body` if the signature is new.
    ///
    /// # Errors
    ///
    /// [`OtherBody`] if the signature is bound to another body.
    pub(super) fn bind(&self, signature: Verified, body: &[u8]) -> Result<(), OtherBody> {
        let (signature, fingerprint) = (SignaturePrefix::from(signature), self.fingerprint(body));
        let mut seen = self.seen();
        let bound = *seen.bodies.get_or_insert(signature, || fingerprint);
        if bound == fingerprint { Ok(()) } else { Err(OtherBody) }
    }

    /// Removes the binding of `signature`, because another server has bound it to another body before.
    pub(super) fn unbind(&self, signature: Verified) {
        self.seen().bodies.pop(&SignaturePrefix::from(signature));
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        let mut seen = self.bindings.seen();
        if let Some(count) = seen.in_progress.get_mut(&self.signature) {
            *count -= 1;
            if *count == 0 {
                seen.in_progress.remove(&self.signature);
            }
        }
    }
}

impl fmt::Debug for SignatureBindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureBindings").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Verified = Verified([1; 20]);
    const SECOND: Verified = Verified([2; 20]);

    #[test]
    fn a_signature_may_come_again_with_its_body_and_with_no_other() {
        let bindings = SignatureBindings::new(8);
        assert!(bindings.bind(FIRST, b"<xml>1</xml>").is_ok());
        assert!(bindings.bind(FIRST, b"<xml>2</xml>").is_err());
        assert!(bindings.bind(FIRST, b"<xml>1</xml>").is_ok());
    }

    #[test]
    fn two_signatures_may_carry_one_body() {
        let bindings = SignatureBindings::new(8);
        assert!(bindings.bind(FIRST, b"<xml/>").is_ok());
        assert!(bindings.bind(SECOND, b"<xml/>").is_ok());
    }

    #[test]
    fn the_signatures_that_came_last_are_remembered() {
        let bindings = SignatureBindings::new(2);
        for signature in 1..=5 {
            assert!(bindings.bind(Verified([signature; 20]), b"body").is_ok());
        }
        assert!(bindings.bind(Verified([5; 20]), b"other").is_err());
        assert!(bindings.bind(Verified([4; 20]), b"other").is_err());
        assert!(bindings.bind(Verified([1; 20]), b"other").is_ok());
    }

    #[test]
    fn a_signature_has_its_places_again_when_its_requests_are_over_and_nothing_is_kept_of_it() {
        let bindings = SignatureBindings::new(2);
        let mut open: Vec<_> = (0..MOST_IN_PROGRESS).map(|_| bindings.enter(FIRST).unwrap()).collect();
        assert!(bindings.enter(FIRST).is_err());
        assert!(bindings.enter(SECOND).is_ok());
        open.pop();
        assert!(bindings.enter(FIRST).is_ok());
        drop(open);
        assert!(bindings.seen().in_progress.is_empty());
    }
}
