//! Binds each accepted signature to the body that it came with, because it does not cover the body.

use std::{
    fmt,
    hash::{Hash, Hasher},
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use siphasher::sip::SipHasher13;

use super::rejection::Rejection;
use crate::{
    generations::{BuildUnhashed, Generations},
    signature::Verified,
};

/// The most recent signatures of an app, each with the fingerprint of its body.
///
/// No times are kept: a signature that is older than the tolerance is refused before it comes here.
pub(super) struct Bindings {
    /// Keyed at random, so that nobody can make two bodies with one fingerprint.
    fingerprint: SipHasher13,
    bodies: Mutex<Generations<Short, u64, BuildUnhashed>>,
}

/// The first 16 bytes of a signature: no two that were found to be right will ever share them.
#[derive(PartialEq, Eq)]
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
    /// Remembers at least the last `memory` signatures, and at least one.
    pub(super) fn new(memory: usize) -> Self {
        let memory = NonZeroUsize::new(memory).unwrap_or(NonZeroUsize::MIN);
        Self {
            fingerprint: SipHasher13::new_with_keys(rand::random(), rand::random()),
            bodies: Mutex::new(Generations::new(memory)),
        }
    }

    /// Binds `signature` to `body` if it is new.
    ///
    /// # Errors
    ///
    /// [`Rejection::Replayed`] if it is bound to another body.
    pub(super) fn bind(&self, signature: Verified, body: &[u8]) -> Result<(), Rejection> {
        let (signature, fingerprint) = (Short::from(signature), self.fingerprint.hash(body));
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        match bodies.get(&signature) {
            Some(bound) if *bound == fingerprint => Ok(()),
            Some(_) => Err(Rejection::Replayed),
            None => {
                bodies.insert(signature, fingerprint);
                Ok(())
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
}
