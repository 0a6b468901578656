//! Recent keys in memory: the platform's retries are answered without the store.
//!
//! A key costs about 90 bytes, of which a quarter is the hash table's.

use std::{
    num::NonZeroUsize,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use lru::LruCache;

use super::{
    entry::NewEntry,
    fingerprint::{Fingerprint, Fingerprints},
};
use crate::{identity_hasher::BuildIdentityHasher, lock::lock};

/// The keys accepted last by one store, each with a time not after its acceptance.
#[derive(Debug)]
pub(super) struct RecentKeys {
    fingerprints: Fingerprints,
    /// The keys; none if no key is to be remembered.
    keys: Option<Mutex<Keys>>,
    /// The number of the present epoch, which changes with `keys` locked only.
    epoch: AtomicU64,
    /// The shortest time after its acceptance at which a key can have been purged.
    keep: Duration,
}

#[derive(Debug)]
struct Keys {
    capacity: NonZeroUsize,
    /// The elapsed time at each key's acceptance.
    accepted_at: LruCache<Fingerprint, Duration, BuildIdentityHasher>,
}

/// The time in which a store is known to be the same: a key that was accepted in one is not known in the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Epoch(u64);

impl RecentKeys {
    /// Remembers the last `capacity` keys; none if it is 0.
    pub(super) fn new(capacity: usize, keep: Duration) -> Self {
        let keys = NonZeroUsize::new(capacity).map(|capacity| {
            let accepted_at = LruCache::with_hasher(capacity, BuildIdentityHasher::default());
            Mutex::new(Keys { capacity, accepted_at })
        });
        Self { fingerprints: Fingerprints::new(), keys, epoch: AtomicU64::new(0), keep }
    }

    /// The fingerprint of an entry's key.
    pub(super) fn fingerprint(&self, entry: &NewEntry) -> Fingerprint {
        self.fingerprints.of(entry.queue, entry.key.as_bytes())
    }

    /// The present epoch: read it before a key is given to the store, and remember the key with it.
    pub(super) fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::Acquire))
    }

    /// Whether the key was durable in the store of this epoch, at this elapsed time.
    pub(super) fn has(&self, key: Fingerprint, now: Duration) -> bool {
        let Some(keys) = self.lock() else { return false };
        let accepted_at = keys.accepted_at.peek(&key);
        accepted_at.is_some_and(|accepted_at| now.saturating_sub(*accepted_at) < self.keep)
    }

    /// Notes that a key became durable in `epoch`, at this elapsed time or later.
    pub(super) fn remember(&self, epoch: Epoch, key: Fingerprint, accepted_at: Duration) {
        let Some(mut known) = self.lock().filter(|_| self.epoch() == epoch) else { return };
        known.accepted_at.put(key, accepted_at);
    }

    /// Forgets every key and begins another epoch: the store may not have them any more.
    pub(super) fn forget(&self) {
        let Some(mut known) = self.lock() else { return };
        self.epoch.fetch_add(1, Ordering::Release);
        let empty = LruCache::with_hasher(known.capacity, BuildIdentityHasher::default());
        let forgotten = std::mem::replace(&mut known.accepted_at, empty);
        drop(known);
        // A million keys take a while, for which nobody has to wait.
        drop(forgotten);
    }

    fn lock(&self) -> Option<MutexGuard<'_, Keys>> {
        self.keys.as_ref().map(lock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Queue;

    const NOW: Duration = Duration::from_secs(1_000);

    fn key(recent: &RecentKeys, text: &str) -> Fingerprint {
        recent.fingerprints.of(Queue::Inbox, text)
    }

    #[test]
    fn a_key_is_known_until_it_could_have_been_purged() {
        let recent = RecentKeys::new(8, Duration::from_secs(10));
        let one = key(&recent, "1");
        assert!(!recent.has(one, NOW));
        recent.remember(recent.epoch(), one, NOW);
        assert!(recent.has(one, NOW + Duration::from_millis(9_999)));
        assert!(!recent.has(key(&recent, "2"), NOW));
        assert!(!recent.has(one, NOW + Duration::from_secs(10)));
    }

    #[test]
    fn the_keys_accepted_last_are_known_and_no_others() {
        let recent = RecentKeys::new(2, Duration::from_secs(10));
        let keys = ["1", "2", "3", "4", "5"].map(|text| key(&recent, text));
        for key in keys {
            recent.remember(recent.epoch(), key, NOW);
            assert!(recent.has(key, NOW));
        }
        assert!(keys[3..].iter().all(|key| recent.has(*key, NOW)));
        assert!(keys[..3].iter().all(|key| !recent.has(*key, NOW)));
    }

    #[test]
    fn a_key_of_an_earlier_epoch_is_not_known_in_the_next() {
        let recent = RecentKeys::new(8, Duration::from_secs(10));
        let [before, late, after] = ["before", "late", "after"].map(|text| key(&recent, text));
        let earlier = recent.epoch();
        recent.remember(earlier, before, NOW);
        recent.forget();
        recent.remember(earlier, late, NOW);
        assert!(!recent.has(before, NOW) && !recent.has(late, NOW));
        recent.remember(recent.epoch(), after, NOW);
        assert!(recent.has(after, NOW));
    }

    #[test]
    fn without_room_nothing_is_known() {
        let recent = RecentKeys::new(0, Duration::from_secs(10));
        let one = key(&recent, "1");
        recent.remember(recent.epoch(), one, NOW);
        assert!(!recent.has(one, NOW));
    }
}
