//! The states of conversations, as the server under test reports them: the current one of each, and the ones before.

use std::collections::VecDeque;

use lru::LruCache;
use serde::Serialize;
use serde_json::Value;

use super::{change_feed::ChangeFeed, ring_buffer::json_bytes};
use crate::{
    clock::UnixMillis,
    ids::{AccountId, UserId},
};

/// The dialogue of a conversation that a person has.
pub(super) const PERSON: &str = "person";

/// The largest number of a conversation's states that are kept.
const MAX_HISTORY: usize = 50;
/// The largest number of all conversations' states that are kept.
const MAX_RECORDS: usize = 1000;
/// The largest size of all kept states together, as JSON.
const MAX_BYTES: usize = 2 << 20;
/// The largest size of a state's body as JSON; a larger one is kept as `null`.
const MAX_BODY: usize = 64 << 10;
/// The largest length of a dialogue's name that is kept, in characters.
const MAX_NAME: usize = 500;

/// The dialogue that a conversation is in, and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DialogueState {
    /// The name of the dialogue; `person` while a person has the conversation.
    pub name: String,
    /// The version of the dialogue that has written the state.
    pub version: u32,
    /// The stored state.
    pub body: Value,
}

/// A state that a conversation has had since some moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DialogueRecord {
    /// The number of this record, counted from 1.
    pub id: u64,
    /// The time at which the state was reported.
    pub at: UnixMillis,
    /// The account of the conversation.
    pub account: AccountId,
    /// The user of the conversation.
    pub user: UserId,
    /// The message that made the state; none if time or a person did.
    pub message: Option<u64>,
    /// Whether a person made the state, at the page.
    pub by_person: bool,
    /// The dialogue with its state; none if the conversation is in no dialogue any more.
    pub dialogue: Option<DialogueState>,
}

/// A change of a conversation's state.
#[derive(Debug)]
pub(super) struct DialogueChange {
    pub(super) account: AccountId,
    pub(super) user: UserId,
    pub(super) message: Option<u64>,
    pub(super) by_person: bool,
    pub(super) dialogue: Option<DialogueState>,
}

/// The latest states of each conversation; each new one is published to the page.
///
/// Where the bounds are reached, the states of the conversation that changed longest ago go first.
#[derive(Debug)]
pub(super) struct DialogueLog {
    histories: LruCache<(AccountId, UserId), History>,
    last_id: u64,
    /// The number of all states.
    records: usize,
    /// The size of all states together.
    bytes: usize,
}

/// The states of one conversation, oldest first, each with its size in bytes.
type History = VecDeque<(DialogueRecord, usize)>;

impl DialogueLog {
    pub(super) fn new() -> Self {
        Self { histories: LruCache::unbounded(), last_id: 0, records: 0, bytes: 0 }
    }

    /// The dialogue that a conversation is in, as far as it was reported.
    pub(super) fn current(&self, account: &AccountId, user: &UserId) -> Option<&DialogueState> {
        let history = self.histories.peek(&(account.clone(), user.clone()))?;
        history.back()?.0.dialogue.as_ref()
    }

    /// All kept states, oldest first.
    pub(super) fn list(&self) -> Vec<&DialogueRecord> {
        let mut records: Vec<_> =
            self.histories.iter().flat_map(|(_, history)| history).map(|(record, _)| record).collect();
        records.sort_by_key(|record| record.id);
        records
    }

    /// Notes the state that a conversation has from now on. A state that it had before is not noted again.
    pub(super) fn note(&mut self, change: DialogueChange, at: UnixMillis, feed: &mut ChangeFeed) {
        let DialogueChange { account, user, message, by_person, dialogue } = change;
        let dialogue = dialogue.map(DialogueState::bounded);
        let is_with_person =
            |dialogue: Option<&DialogueState>| dialogue.is_some_and(DialogueState::is_of_person);
        let current = self.current(&account, &user);
        // Each message to a person puts their state anew, and the page does not know its body.
        let is_same = current == dialogue.as_ref()
            || (is_with_person(current) && is_with_person(dialogue.as_ref()));
        if is_same {
            return;
        }
        self.last_id += 1;
        let record =
            DialogueRecord { id: self.last_id, at, account, user, message, by_person, dialogue };
        feed.publish("state", &record);
        self.push(record);
        while self.records > MAX_RECORDS || (self.bytes > MAX_BYTES && self.records > 1) {
            self.forget_oldest();
        }
    }

    fn push(&mut self, record: DialogueRecord) {
        let size = json_bytes(&record);
        let conversation = (record.account.clone(), record.user.clone());
        let history = self.histories.get_or_insert_mut(conversation, History::new);
        history.push_back((record, size));
        (self.records, self.bytes) = (self.records + 1, self.bytes + size);
        if history.len() > MAX_HISTORY
            && let Some((_, size)) = history.pop_front()
        {
            (self.records, self.bytes) = (self.records - 1, self.bytes - size);
        }
    }

    /// Forgets the oldest state of the conversation that changed longest ago.
    fn forget_oldest(&mut self) {
        let Some((conversation, mut history)) = self.histories.pop_lru() else { return };
        if let Some((_, size)) = history.pop_front() {
            (self.records, self.bytes) = (self.records - 1, self.bytes - size);
        }
        if !history.is_empty() {
            self.histories.push(conversation.clone(), history);
            self.histories.demote(&conversation);
        }
    }
}

impl DialogueState {
    /// The state of a conversation that a person has.
    pub(super) fn of_person() -> Self {
        Self { name: PERSON.to_owned(), version: 1, body: Value::Null }
    }

    /// Whether a person has the conversation.
    fn is_of_person(&self) -> bool {
        self.name == PERSON
    }

    /// This state within the bounds.
    fn bounded(self) -> Self {
        let name = self.name.chars().take(MAX_NAME).collect();
        let body = if json_bytes(&self.body) > MAX_BODY { Value::Null } else { self.body };
        Self { name, body, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(log: &mut DialogueLog, user: &str, body: Value) {
        let dialogue = Some(DialogueState { name: "order".to_owned(), version: 1, body });
        let (account, user) = ("demo".into(), user.into());
        let change = DialogueChange { account, user, message: None, by_person: false, dialogue };
        log.note(change, UnixMillis(0), &mut ChangeFeed::new());
    }

    #[test]
    fn a_state_that_the_conversation_has_already_is_not_noted_again() {
        let mut log = DialogueLog::new();
        for body in [1, 1, 2, 1] {
            note(&mut log, "ann", body.into());
        }
        let bodies: Vec<_> = log.list().iter().map(|it| it.dialogue.clone().unwrap().body).collect();
        assert_eq!(bodies, [1, 2, 1]);
    }

    fn kept(log: &DialogueLog, user: &str) -> Vec<u64> {
        log.list().iter().filter(|record| record.user.as_str() == user).map(|record| record.id).collect()
    }

    #[test]
    fn fifty_states_of_a_conversation_are_kept() {
        let mut log = DialogueLog::new();
        for n in 1..=60 {
            note(&mut log, "ann", n.into());
        }
        assert_eq!(kept(&log, "ann"), (11..=60).collect::<Vec<_>>());
        let current = log.current(&"demo".into(), &"ann".into());
        assert_eq!(current.map(|dialogue| &dialogue.body), Some(&60.into()));
        assert_eq!(log.current(&"demo".into(), &"bo".into()), None);
    }

    #[test]
    fn the_conversation_that_changed_longest_ago_is_forgotten_first_by_number_and_by_bytes() {
        let mut log = DialogueLog::new();
        for n in 0..=MAX_RECORDS {
            note(&mut log, &n.to_string(), n.into());
        }
        assert_eq!((log.records, kept(&log, "0"), kept(&log, "1")), (MAX_RECORDS, vec![], vec![2]));
        let large = || Value::String("x".repeat(MAX_BODY - 2));
        for _ in 0..MAX_HISTORY {
            note(&mut log, "large", large());
            note(&mut log, "large", Value::Null);
        }
        assert!(log.bytes <= MAX_BYTES && kept(&log, "1").is_empty());
        assert_eq!(log.list().len(), log.records);
        let sizes: usize = log.list().iter().map(json_bytes).sum();
        assert_eq!(log.bytes, sizes);
        note(&mut log, "larger", Value::String("x".repeat(MAX_BODY)));
        let body = log.current(&"demo".into(), &"larger".into()).map(|dialogue| &dialogue.body);
        assert_eq!(body, Some(&Value::Null));
    }
}
