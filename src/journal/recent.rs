//! Recently accepted keys in memory: the platform's retries are answered without the store.
//!
//! A key costs 25 bytes in each slot of a hash table, of which there are two for each key where a million are
//! remembered.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{
    NewEntry,
    fingerprint::{Fingerprint, Fingerprints},
};
use crate::{
    clock::UnixMillis,
    generations::{BuildUnhashed, Generations},
};

/// The keys accepted last, with a time not after their acceptance.
#[derive(Debug)]
pub(super) struct Recent {
    fingerprints: Fingerprints,
    keys: Option<Mutex<Generations<Fingerprint, UnixMillis, BuildUnhashed>>>,
    /// Within this time after its acceptance a key cannot have been purged.
    keep: Duration,
}

impl Recent {
    /// Remembers at least the last `capacity` keys; none if it is 0.
    pub(super) fn new(capacity: usize, keep: Duration) -> Self {
        let keys = NonZeroUsize::new(capacity).map(|capacity| Mutex::new(Generations::new(capacity)));
        Self { fingerprints: Fingerprints::new(), keys, keep }
    }

    pub(super) fn fingerprint(&self, entry: &NewEntry) -> Fingerprint {
        self.fingerprints.of(entry.queue, &entry.key)
    }

    /// Whether all of them are known to be durable.
    pub(super) fn know(&self, keys: &[Fingerprint], now: UnixMillis) -> bool {
        let Some(known) = &self.keys else { return false };
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().all(|key| {
            // From a clock that has been set back nothing follows.
            known
                .get(key)
                .is_some_and(|accepted_at| *accepted_at <= now && now.since(*accepted_at) < self.keep)
        })
    }

    /// The key is durable, and was accepted at this time or later.
    pub(super) fn remember(&self, keys: impl IntoIterator<Item = Fingerprint>, accepted_at: UnixMillis) {
        let Some(known) = &self.keys else { return };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            known.insert(key, accepted_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Queue;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn key(recent: &Recent, text: &str) -> Fingerprint {
        recent.fingerprints.of(Queue::Inbox, text)
    }

    #[test]
    fn a_key_is_known_until_it_could_have_been_purged() {
        let recent = Recent::new(8, Duration::from_secs(10));
        let one = key(&recent, "1");
        assert!(!recent.know(&[one], NOW));
        recent.remember([one], NOW);
        assert!(recent.know(&[one], NOW.plus(Duration::from_millis(9_999))));
        assert!(!recent.know(&[one, key(&recent, "2")], NOW));
        assert!(!recent.know(&[one], NOW.plus(Duration::from_secs(10))));
        assert!(!recent.know(&[one], NOW.minus(Duration::from_secs(1))));
    }

    #[test]
    fn the_keys_accepted_last_are_known() {
        let recent = Recent::new(2, Duration::from_secs(10));
        let keys = ["1", "2", "3", "4", "5"].map(|text| key(&recent, text));
        recent.remember(keys, NOW);
        assert!(recent.know(&keys[3..], NOW));
        assert!(!recent.know(&keys[..1], NOW));
    }

    #[test]
    fn without_room_nothing_is_known() {
        let recent = Recent::new(0, Duration::from_secs(10));
        let one = key(&recent, "1");
        recent.remember([one], NOW);
        assert!(!recent.know(&[one], NOW));
    }
}
