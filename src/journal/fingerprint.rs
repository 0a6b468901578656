//! 128-bit keyed fingerprints that stand for keys and conversations in memory.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use siphasher::sip128::{Hasher128, SipHasher13};

use super::{entry::ConversationToken, queue::Queue};

/// A fingerprint of one string of one queue.
///
/// Two halves instead of a `u128`, whose alignment would cost eight bytes in every map entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fingerprint(u64, u64);

impl From<ConversationToken> for Fingerprint {
    fn from(ConversationToken(bytes): ConversationToken) -> Self {
        let number = u128::from_be_bytes(bytes);
        #[expect(clippy::cast_possible_truncation, reason = "its lower half")]
        Self((number >> 64) as u64, number as u64)
    }
}

impl From<Fingerprint> for ConversationToken {
    fn from(Fingerprint(high, low): Fingerprint) -> Self {
        Self((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.0, self.1)
    }
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// A maker of fingerprints with a random key, so that nobody outside can aim at a collision.
#[derive(Clone)]
pub(super) struct Fingerprints(SipHasher13);

impl Fingerprints {
    pub(super) fn new() -> Self {
        Self(SipHasher13::new_with_keys(rand::random(), rand::random()))
    }

    /// The fingerprint of `bytes` in `queue`.
    pub(super) fn of(&self, queue: Queue, bytes: impl AsRef<[u8]>) -> Fingerprint {
        let mut hasher = self.0;
        hasher.write_u8(queue as u8);
        hasher.write(bytes.as_ref());
        let hash = hasher.finish128();
        Fingerprint(hash.h1, hash.h2)
    }
}

impl fmt::Debug for Fingerprints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprints(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_bytes_and_process_key_all_count() {
        let fingerprints = Fingerprints::new();
        let one = fingerprints.of(Queue::Inbox, "a");
        assert_eq!(one, fingerprints.of(Queue::Inbox, "a"));
        assert_ne!(one, fingerprints.of(Queue::Outbox, "a"));
        assert_ne!(one, fingerprints.of(Queue::Inbox, "b"));
        assert_ne!(one, Fingerprints::new().of(Queue::Inbox, "a"));
    }
}
