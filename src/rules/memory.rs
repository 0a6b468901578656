//! What a rule with `every` has answered lately: in this process, and bounded.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;

use super::subject::Subject;
use crate::{clock::UnixMillis, config::RuleSection};

/// Most rules and conversations that are remembered; those that were answered longest ago are forgotten.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(50_000).unwrap();

/// The last message of a conversation that a rule has answered.
#[derive(Debug)]
pub(super) struct Memory {
    answered: Mutex<LruCache<u64, (u64, UnixMillis)>>,
    hasher: RandomState,
}

/// Where an answer is noted, once there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    conversation: u64,
    message: u64,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { answered: Mutex::new(LruCache::new(REMEMBERED)), hasher: RandomState::new() }
    }

    /// Where a rule's answer to a message is noted.
    pub(super) fn place(&self, rule: &RuleSection, subject: &Subject<'_>) -> Place {
        let Subject { app, inbound, .. } = subject;
        let conversation = (rule.fingerprint, app, &inbound.account, &inbound.user);
        Place {
            conversation: self.hasher.hash_one(conversation),
            message: self.hasher.hash_one(inbound.dedup_key(app)),
        }
    }

    /// Until when the rule is quiet. It is not if it has not answered within `every`, or if that was this very message,
    /// in an attempt whose result was lost.
    pub(super) fn quiet_until(
        &self,
        place: Place,
        every: Duration,
        now: UnixMillis,
    ) -> Option<UnixMillis> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let &(message, at) = answered.peek(&place.conversation)?;
        // A clock that was set back says nothing.
        let is_quiet = message != place.message && now >= at && now.since(at) < every;
        is_quiet.then(|| at.plus(every))
    }

    pub(super) fn note(&self, place: Place, now: UnixMillis) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.put(place.conversation, (place.message, now));
    }
}
