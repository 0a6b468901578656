//! The entries of a journal that has been in use for a month.
//!
//! Entries come in groups of five: three messages and the replies to the first two. All of them are made from their
//! numbers, so that each run has the same ones.

use std::time::Duration;

use rongcloud_callback::{
    clock::UnixMillis,
    journal::{
        EntryId, EntryKey, FailedAttempt, KEPT_ATTEMPTS, PastState, Queue, Record, Revision, State,
        StateStep,
    },
    protocol::Conversation,
};

use crate::{
    content,
    reasons::reason,
    users::{BUSIEST, conversation, scattered, user_of},
};

/// The number of entries in a group.
const GROUP: u64 = 5;
/// The number of groups that belong to the busiest user: 20,000 entries.
const BUSIEST_GROUPS: u64 = 4000;
/// The number of the newest groups with a pending message and a pending reply each.
const PENDING_GROUPS: u64 = 2000;
/// The failed attempts at a dead letter.
const ATTEMPTS: u32 = 3;
/// The time that all entries were accepted in.
const SPAN: Duration = Duration::from_hours(30 * 24);
/// How long the pending entries are postponed: longer than any run.
const POSTPONED: Duration = Duration::from_hours(24);

const _: () = assert!((ATTEMPTS as usize) < KEPT_ATTEMPTS);

/// All entries of a journal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct History {
    /// How many entries there are; their numbers begin with 1.
    pub(crate) entries: u64,
    /// How many of them are dead letters.
    pub(crate) dead: u64,
    /// The time at which the last of them was accepted.
    pub(crate) ended_at: UnixMillis,
}

/// A dead letter's number among those of its queue.
struct DeadLetter(u64);

impl History {
    /// One entry; none behind the last one.
    pub(crate) fn record(&self, EntryId(id): EntryId) -> Option<Record> {
        let at = id.cast_unsigned().checked_sub(1).filter(|at| *at < self.entries)?;
        let (group, place) = (at / GROUP, at % GROUP);
        let answers = (place % 2 == 1).then(|| EntryId(id - 1));
        let queue = if answers.is_some() { Queue::Outbox } else { Queue::Inbox };
        // The number of the message, or of the message that is answered.
        let message = at - place % 2;
        let conversation = self.conversation(group, message);
        let accepted_at = self.accepted_at(at);
        let dead = self.dead_letter(at);
        let state = match dead {
            Some(_) => State::Dead,
            None if place >= 3 && group + PENDING_GROUPS >= self.groups() => State::Pending,
            None => State::Done,
        };
        let (key, body) = if let Some(answered) = answers {
            (answered.reply_key(0), content::reply(message, &conversation))
        } else {
            let inbound = content::message(message, &conversation, accepted_at);
            let key = EntryKey::of(&inbound.dedup_key(&conversation.app));
            (key, inbound.to_documented_xml().into_bytes())
        };
        let is_pending = state == State::Pending;
        Some(Record {
            id: EntryId(id),
            queue,
            state,
            key,
            answers,
            conversation: conversation.encode(),
            body: body.into(),
            attempts: if state == State::Dead { ATTEMPTS } else { 1 },
            accepted_at,
            due_at: if is_pending { self.ended_at.plus(POSTPONED) } else { accepted_at },
            settled_at: (!is_pending).then(|| accepted_at.plus(Duration::from_millis(40))),
            reason: match (dead, state) {
                (Some(DeadLetter(number)), _) => Some(reason(queue, number)),
                (None, State::Pending) => Some("the shop is closed".to_owned()),
                (None, _) => None,
            },
            ending: (state == State::Done && queue == Queue::Inbox).then(|| ending(message).to_owned()),
            state_step: (state == State::Done && queue == Queue::Inbox).then(|| step(message)).flatten(),
        })
    }

    /// The time at which the entry at this place was accepted.
    pub(crate) fn accepted_at(&self, at: u64) -> UnixMillis {
        let left = u128::from(self.entries.saturating_sub(at)) * SPAN.as_millis();
        let left = u64::try_from(left / u128::from(self.entries)).expect("less than the span");
        self.ended_at.minus(Duration::from_millis(left))
    }

    /// A user who has written, another one for each number; never the busiest.
    pub(crate) fn some_user(&self, number: u64) -> u64 {
        let group = scattered(number) % (self.groups() - 1);
        // No two groups of the busiest are neighbours.
        let group = group + u64::from(self.is_of_busiest(group));
        user_of(group * GROUP)
    }

    fn conversation(&self, group: u64, message: u64) -> Conversation {
        conversation(if self.is_of_busiest(group) { BUSIEST } else { user_of(message) })
    }

    fn is_of_busiest(&self, group: u64) -> bool {
        group.is_multiple_of((self.groups() / BUSIEST_GROUPS).max(GROUP))
    }

    fn groups(&self) -> u64 {
        self.entries / GROUP
    }

    /// The dead letter that the entry at this place is: three messages, then a reply, evenly over the whole time.
    fn dead_letter(&self, at: u64) -> Option<DeadLetter> {
        let distance = self.entries.checked_div(self.dead)?;
        assert!(
            distance.is_multiple_of(GROUP),
            "the entries are a multiple of {GROUP} for each dead one"
        );
        let (number, place) = (at / distance, at % distance);
        let (of_four, in_four) = (number / 4, number % 4);
        match (in_four, place) {
            (3, 1) => Some(DeadLetter(of_four)),
            (0..3, 0) => Some(DeadLetter(3 * of_four + in_four)),
            _ => None,
        }
    }
}

/// The failed attempts at an entry.
pub(crate) fn attempts(record: &Record) -> impl Iterator<Item = (EntryId, FailedAttempt)> {
    let (id, accepted_at) = (record.id, record.accepted_at);
    let reason = record.reason.clone().unwrap_or_default();
    let count = if record.state == State::Dead { ATTEMPTS } else { 0 };
    (1..=count).map(move |number| {
        let attempt = FailedAttempt {
            number,
            ended_at: accepted_at.plus(Duration::from_secs(number.into())),
            took: Duration::from_millis(312),
            reason: reason.clone(),
            replica: "bench/1".to_owned(),
        };
        (id, attempt)
    })
}

/// How a message ended, in the worker's words.
fn ending(message: u64) -> &'static str {
    match scattered(message) % 10 {
        0..4 => "handled shipping",
        4..7 => "handled order",
        7 => "quiet thanks",
        8 => "handled",
        _ => "not_taken",
    }
}

/// The step of a dialogue, which a message in twenty makes.
fn step(message: u64) -> Option<StateStep> {
    let number = scattered(message) >> 16;
    let after = PastState {
        dialogue: "order".to_owned(),
        version: 1,
        body: format!(r#"{{"article":{},"colour":"蓝色","count":2}}"#, number >> 24).into(),
    };
    number.is_multiple_of(20).then(|| StateStep {
        // The message before has written the state, or one that has been purged.
        before: Some(Revision(message.saturating_sub(GROUP).cast_signed() + 1)),
        after: Some(after),
    })
}
