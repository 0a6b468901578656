//! The checker: whether what both sides have recorded can be.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rongcloud_callback::{
    journal::{ConversationState, EntryId, Queue, Record, State},
    sandbox::{Attempt, Delivery, DeliveryFault},
};

use crate::counts::{Counts, text};

/// The record of a run: what the platform sent and got, and the journal once nothing is pending.
pub(crate) struct History {
    /// The deliveries of each user, in the order in which they were written.
    pub(crate) deliveries: Vec<Vec<Delivery>>,
    /// The journal's records, oldest first.
    pub(crate) records: Vec<Record>,
    /// The states of the conversations then.
    pub(crate) states: Vec<ConversationState>,
    /// The replies that users received, in order: the user and the text.
    pub(crate) sent: Vec<(String, String)>,
    /// How many attempts at one reply the journal may not have counted, because a crash cut them off.
    pub(crate) uncounted: u32,
}

impl History {
    pub(crate) fn check(&self) {
        self.every_message_is_settled_and_there_once();
        self.what_was_acknowledged_was_accepted_in_order();
        self.what_was_accepted_had_been_sent();
        self.every_attempt_was_answered_soundly();
        self.each_handled_message_has_one_reply();
        let counted = self.counted();
        self.each_reply_tells_what_came_before(&counted);
        self.each_reply_arrived_in_order(&counted);
    }

    pub(crate) fn summary(&self) -> String {
        let written: usize = self.deliveries.iter().map(Vec::len).sum();
        let acked = self.deliveries.iter().flatten().filter(|it| is_acked(it)).count();
        let count = |queue, state| self.of(queue).filter(|record| record.state == state).count();
        format!(
            "{written} written, {acked} acknowledged; inbox {} done {} dead; outbox {} done {} dead; {} sent",
            count(Queue::Inbox, State::Done),
            count(Queue::Inbox, State::Dead),
            count(Queue::Outbox, State::Done),
            count(Queue::Outbox, State::Dead),
            self.sent.len(),
        )
    }

    /// Every accepted message is done or dead, since nothing is pending any more, and is there once.
    fn every_message_is_settled_and_there_once(&self) {
        let (mut keys, mut bodies) = (BTreeSet::new(), BTreeSet::new());
        for record in &self.records {
            assert_ne!(record.state, State::Pending, "{record:?}");
            assert!(keys.insert((record.queue, &record.key)), "twice: {record:?}");
            let once = record.queue == Queue::Outbox || bodies.insert(&record.body);
            assert!(once, "accepted twice: {record:?}");
        }
    }

    /// A user's acknowledged messages were accepted in order: each was written once the one before was acknowledged or
    /// given up.
    fn what_was_acknowledged_was_accepted_in_order(&self) {
        // A body that came under another one's signature as well is kept twice, and accepted once.
        let is_letter = |record: &&Record| {
            record.reason.as_ref().is_some_and(|reason| reason.contains("came with another body"))
        };
        let accepted = self.of(Queue::Inbox).filter(|record| !is_letter(record));
        let ids: HashMap<&[u8], EntryId> = accepted.map(|record| (&*record.body, record.id)).collect();
        for deliveries in &self.deliveries {
            let acked = deliveries.iter().filter(|delivery| is_acked(delivery)).map(|delivery| {
                let accepted = ids.get(delivery.xml.as_bytes());
                *accepted.unwrap_or_else(|| panic!("acknowledged and lost: {delivery:#?}"))
            });
            let acked: Vec<_> = acked.collect();
            assert!(acked.is_sorted(), "not in order: {acked:?}");
        }
    }

    fn what_was_accepted_had_been_sent(&self) {
        let attempts = self.deliveries.iter().flatten().flat_map(|it| &it.attempts);
        let forged = attempts.clone().filter(|it| {
            matches!(it.fault, Some(DeliveryFault::WrongSignature | DeliveryFault::StaleSignature))
        });
        let forged: BTreeSet<_> = forged.filter_map(|it| it.xml.as_deref()).map(str::as_bytes).collect();
        let honest = self.deliveries.iter().flatten().map(|delivery| delivery.xml.as_bytes());
        let known: BTreeSet<_> =
            honest.chain(attempts.filter_map(|it| it.xml.as_deref()).map(str::as_bytes)).collect();
        for record in self.of(Queue::Inbox) {
            assert!(known.contains(&*record.body), "nobody sent it: {record:?}");
            assert!(!forged.contains(&*record.body), "it was forged: {record:?}");
        }
    }

    fn every_attempt_was_answered_soundly(&self) {
        for delivery in self.deliveries.iter().flatten() {
            for attempt in &delivery.attempts {
                assert!(is_sound(attempt), "{attempt:#?} of {delivery:#?}");
            }
        }
    }

    /// A handled message's reply was enqueued exactly once, after the message was accepted; a message that no handler
    /// finished has no reply.
    fn each_handled_message_has_one_reply(&self) {
        let replies: BTreeMap<_, &Record> =
            self.of(Queue::Outbox).map(|record| (record.answers, record)).collect();
        let mut expected = 0;
        for message in self.of(Queue::Inbox) {
            let reply = replies.get(&Some(message.id));
            let has_one = message.state == State::Done && text(&message.body).is_some();
            assert_eq!(reply.is_some(), has_one, "{message:?} {reply:?}");
            assert!(reply.is_none_or(|reply| reply.id > message.id), "{message:?} {reply:?}");
            expected += usize::from(has_one);
        }
        assert_eq!(replies.len(), expected, "there are replies to nothing");
    }

    /// The replies that the messages should have, by what was handled before each in its conversation; and each state is what
    /// its messages make of it.
    fn counted(&self) -> HashMap<EntryId, String> {
        let mut counts = Counts::default();
        let replies = self.of(Queue::Inbox).filter_map(|message| {
            let turn = counts.count(message)?;
            Some((message.id, turn.reply()))
        });
        let replies = replies.collect();
        counts.check(&self.states);
        replies
    }

    /// Each reply came with the transition of its message, from the state that the message before has left.
    fn each_reply_tells_what_came_before(&self, expected: &HashMap<EntryId, String>) {
        for reply in self.of(Queue::Outbox) {
            let expected = &expected[&reply.answers.unwrap()];
            let body = String::from_utf8_lossy(&reply.body);
            assert!(body.contains(expected), "{expected:?} should be in {reply:?}");
        }
    }

    /// A reply that is done was sent at least once, at most as often as it was tried, counted or not, and in the order of
    /// its conversation.
    fn each_reply_arrived_in_order(&self, expected: &HashMap<EntryId, String>) {
        let replies = self
            .of(Queue::Outbox)
            .map(|reply| ((user(&reply.conversation), &*expected[&reply.answers.unwrap()]), reply));
        let replies: HashMap<(&str, &str), &Record> = replies.collect();
        let mut sent: HashMap<(&str, &str), u32> = HashMap::new();
        let mut last: HashMap<&str, EntryId> = HashMap::new();
        for (user, said) in &self.sent {
            let key = (user.as_str(), said.as_str());
            let reply = replies.get(&key).unwrap_or_else(|| panic!("nobody replied {said:?} to {user}"));
            *sent.entry(key).or_default() += 1;
            let before = last.insert(user, reply.id);
            assert!(before.is_none_or(|before| before <= reply.id), "out of order: {user}: {said}");
        }
        for (key, reply) in &replies {
            let times = sent.get(key).copied().unwrap_or_default();
            let least = u32::from(reply.state == State::Done);
            let tried = reply.attempts + self.uncounted;
            assert!((least..=tried).contains(&times), "sent {times} times: {key:?} {reply:?}");
        }
    }

    fn of(&self, queue: Queue) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.queue == queue)
    }
}

/// Whether the server has acknowledged the message itself, even if the platform did not get to know.
fn is_acked(delivery: &Delivery) -> bool {
    delivery.attempts.iter().any(|attempt| attempt.status == Some(200) && attempt.xml.is_none())
}

/// Whether an attempt was answered as it should be, or not at all, or refused for now.
fn is_sound(attempt: &Attempt) -> bool {
    match attempt.status {
        None | Some(503) => true,
        // Which body a signature belongs to is not known any more after a crash.
        Some(200) if attempt.fault == Some(DeliveryFault::ForgedBody) => true,
        Some(status) => status == attempt.expected,
    }
}

/// The last part of a conversation's key.
fn user(conversation: &str) -> &str {
    conversation.rsplit('\u{1f}').next().unwrap()
}
