//! Binds each accepted signature to the body that it came with, because it does not cover the body, and bounds the
//! requests that carry one signature at once.

use std::{
    collections::HashMap,
    fmt,
    hash::{Hash, Hasher},
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use siphasher::sip::SipHasher13;

use super::rejection::Rejection;
use crate::{identity_hasher::BuildIdentityHasher, signature::Verified};

/// Most requests in progress under one signature. The platform's retries need one: whoever holds a seen address must
/// not be able to keep the others out.
const MOST_IN_PROGRESS: usize = 8;

/// The most recent signatures of an app, each with the fingerprint of its body.
///
/// No times are kept: a signature that is older than the tolerance is refused before it comes here.
pub(super) struct Bindings {
    /// Keyed at random, so that nobody can make two bodies with one fingerprint.
    fingerprint: SipHasher13,
    seen: Mutex<Seen>,
}

struct Seen {
    bodies: LruCache<Short, u64, BuildIdentityHasher>,
    in_progress: HashMap<Short, usize, BuildIdentityHasher>,
}

/// A signature is bound to another body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OtherBody;

/// One of the requests in progress under a signature, for as long as this lives.
#[must_use]
pub(super) struct InProgress<'a> {
    bindings: &'a Bindings,
    signature: Short,
}

/// The first 16 bytes of a signature: no two that were found to be right will ever share them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Short([u8; 16]);

impl From<Verified> for Short {
    fn from(Verified([first @ .., _, _, _, _]): Verified) -> Self {
        Self(first)
    }
}

impl Hash for Short {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [first @ .., _, _, _, _, _, _, _, _] = self.0;
        state.write_u64(u64::from_ne_bytes(first));
    }
}

impl Bindings {
    /// Remembers the last `memory` signatures, and at least one.
    pub(super) fn new(memory: usize) -> Self {
        let memory = NonZeroUsize::new(memory).unwrap_or(NonZeroUsize::MIN);
        let bodies = LruCache::with_hasher(memory, BuildIdentityHasher::default());
        Self {
            fingerprint: SipHasher13::new_with_keys(rand::random(), rand::random()),
            seen: Mutex::new(Seen { bodies, in_progress: HashMap::default() }),
        }
    }

    /// Counts a request under `signature`, until what is returned is dropped.
    ///
    /// # Errors
    ///
    /// [`Rejection::Crowded`] if there are as many as may be.
    pub(super) fn enter(&self, signature: Verified) -> Result<InProgress<'_>, Rejection> {
        let signature = Short::from(signature);
        let mut seen = self.seen();
        let count = seen.in_progress.entry(signature).or_default();
        if *count == MOST_IN_PROGRESS {
            return Err(Rejection::Crowded);
        }
        *count += 1;
        Ok(InProgress { bindings: self, signature })
    }

    /// Stands for `body` in memory.
    pub(super) fn fingerprint(&self, body: &[u8]) -> u64 {
        self.fingerprint.hash(body)
    }

    /// Binds `signature` to `body` if it is new.
    ///
    /// # Errors
    ///
    /// [`OtherBody`] if it is bound to another one.
    pub(super) fn bind(&self, signature: Verified, body: &[u8]) -> Result<(), OtherBody> {
        let (signature, fingerprint) = (Short::from(signature), self.fingerprint(body));
        let mut seen = self.seen();
        let bound = *seen.bodies.get_or_insert(signature, || fingerprint);
        if bound == fingerprint { Ok(()) } else { Err(OtherBody) }
    }

    /// Forgets that `signature` was bound here: another server was first, and with another body.
    pub(super) fn release(&self, signature: Verified) {
        self.seen().bodies.pop(&Short::from(signature));
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
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

impl fmt::Debug for Bindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bindings").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Verified = Verified([1; 20]);
    const SECOND: Verified = Verified([2; 20]);

    #[test]
    fn a_signature_may_come_again_with_its_body_and_with_no_other() {
        let bindings = Bindings::new(8);
        assert!(bindings.bind(FIRST, b"<xml>1</xml>").is_ok());
        assert!(bindings.bind(FIRST, b"<xml>2</xml>").is_err());
        assert!(bindings.bind(FIRST, b"<xml>1</xml>").is_ok());
    }

    #[test]
    fn two_signatures_may_carry_one_body() {
        let bindings = Bindings::new(8);
        assert!(bindings.bind(FIRST, b"<xml/>").is_ok());
        assert!(bindings.bind(SECOND, b"<xml/>").is_ok());
    }

    #[test]
    fn the_signatures_that_came_last_are_remembered() {
        let bindings = Bindings::new(2);
        for signature in 1..=5 {
            assert!(bindings.bind(Verified([signature; 20]), b"body").is_ok());
        }
        assert!(bindings.bind(Verified([5; 20]), b"other").is_err());
        assert!(bindings.bind(Verified([4; 20]), b"other").is_err());
        assert!(bindings.bind(Verified([1; 20]), b"other").is_ok());
    }

    #[test]
    fn a_signature_has_its_places_again_when_its_requests_are_over_and_nothing_is_kept_of_it() {
        let bindings = Bindings::new(2);
        let mut open: Vec<_> = (0..MOST_IN_PROGRESS).map(|_| bindings.enter(FIRST).unwrap()).collect();
        assert!(bindings.enter(FIRST).is_err());
        assert!(bindings.enter(SECOND).is_ok());
        open.pop();
        assert!(bindings.enter(FIRST).is_ok());
        drop(open);
        assert!(bindings.seen().in_progress.is_empty());
    }
}
