//! The cooldown of rules with `every`: whether a rule has answered a conversation lately. It is kept in this process, and
//! bounded.

use std::{
    collections::hash_map::RandomState, hash::BuildHasher, num::NonZeroUsize, sync::Mutex,
    time::Duration,
};

use lru::LruCache;

use crate::{
    clock::UnixMillis,
    lock::lock,
    rules::language::{Rule, Subject},
};

/// Most pairs of a rule and a conversation that are kept; those that were answered longest ago go first.
const MAX_CONVERSATIONS: NonZeroUsize = NonZeroUsize::new(50_000).unwrap();

/// The last answer of each rule to each conversation.
#[derive(Debug)]
pub(super) struct Cooldown {
    /// The message that was answered and the time, by rule and conversation.
    answered: Mutex<LruCache<u64, (u64, UnixMillis)>>,
    hasher: RandomState,
}

/// The entry in which a rule's answer to a message is noted once there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct CooldownEntry {
    /// A hash of the rule and the conversation.
    conversation: u64,
    /// A hash of the message's duplicate key.
    message: u64,
}

impl Cooldown {
    pub(super) fn new() -> Self {
        Self { answered: Mutex::new(LruCache::new(MAX_CONVERSATIONS)), hasher: RandomState::new() }
    }

    /// The entry for a rule's answer to a message.
    pub(super) fn entry(&self, rule: &Rule, subject: &Subject<'_>) -> CooldownEntry {
        let Subject { app, inbound, .. } = subject;
        let conversation = (rule.fingerprint, app, &inbound.account, &inbound.user);
        CooldownEntry {
            conversation: self.hasher.hash_one(conversation),
            message: self.hasher.hash_one(inbound.dedup_key(app)),
        }
    }

    /// The end of the time in which the rule does not answer; `None` if it may answer now.
    ///
    /// A rule may answer the very message that it has answered: the result of that attempt was lost.
    pub(super) fn quiet_until(
        &self,
        entry: CooldownEntry,
        every: Duration,
        now: UnixMillis,
    ) -> Option<UnixMillis> {
        let answered = lock(&self.answered);
        let &(message, at) = answered.peek(&entry.conversation)?;
        // A clock that was set back says nothing.
        let is_quiet = message != entry.message && now >= at && now.since(at) < every;
        is_quiet.then(|| at.plus(every))
    }

    /// Notes that the message was answered at `now`.
    pub(super) fn note(&self, entry: CooldownEntry, now: UnixMillis) {
        let mut answered = lock(&self.answered);
        answered.put(entry.conversation, (entry.message, now));
    }
}
