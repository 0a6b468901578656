//! The values of the statements that carry out what a finish changes beside the entries: states, and what is scheduled.

use super::{
    arrays::{Parameters, Settles, Value, conversation, fence},
    commands::millis,
    key_hash::KeyHash,
};
use crate::journal::{EntryKey, Lease, NewScheduled, StateChange, driver::numbers::queue_number};

/// The leases by which a conversation's state is changed, or entries are scheduled for it: one for each change.
#[derive(Default)]
struct LeaseArrays {
    queues: Vec<i16>,
    conversations: Vec<KeyHash>,
    fences: Vec<i64>,
}

impl LeaseArrays {
    fn push(&mut self, lease: &Lease) {
        let (queue, conversation) = conversation(lease);
        self.queues.push(queue);
        self.conversations.push(conversation);
        self.fences.push(fence(lease));
    }
}

/// The changes of conversations' states.
#[derive(Default)]
pub(super) struct StateArrays<'a> {
    leases: LeaseArrays,
    /// The name of the dialogue of the state that is put; none where the state is cleared.
    dialogues: Vec<Option<&'a [u8]>>,
    versions: Vec<i64>,
    spans: Vec<i64>,
    bodies: Vec<&'a [u8]>,
}

impl<'a> StateArrays<'a> {
    pub(super) fn new(settles: &'a Settles) -> Self {
        let mut arrays = Self::default();
        for settle in settles.iter().map(|request| &request.input) {
            match &settle.change {
                StateChange::Keep => continue,
                StateChange::Clear => {
                    arrays.dialogues.push(None);
                    arrays.versions.push(0);
                    arrays.spans.push(0);
                    arrays.bodies.push(&[]);
                }
                StateChange::Put(state) => {
                    arrays.dialogues.push(Some(state.dialogue.as_bytes()));
                    arrays.versions.push(state.version.into());
                    arrays.spans.push(millis(state.expires_in));
                    arrays.bodies.push(&state.body);
                }
            }
            arrays.leases.push(&settle.lease);
        }
        arrays
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    pub(super) fn parameters<'p>(&'p self, now: Value<'p>) -> Parameters<'p> {
        let Self { leases, dialogues, versions, spans, bodies } = self;
        let LeaseArrays { queues, conversations, fences } = leases;
        vec![now, queues, conversations, fences, dialogues, versions, spans, bodies]
    }
}

/// The entries to be scheduled.
#[derive(Default)]
pub(super) struct ScheduledArrays<'a> {
    leases: LeaseArrays,
    queues: Vec<i16>,
    keys: Vec<EntryKey>,
    are_bound: Vec<bool>,
    spans: Vec<i64>,
    bodies: Vec<&'a [u8]>,
}

impl<'a> ScheduledArrays<'a> {
    pub(super) fn new(settles: &'a Settles) -> Self {
        let mut arrays = Self::default();
        for settle in settles.iter().map(|request| &request.input) {
            for NewScheduled { queue, key, after, body, is_bound } in &settle.scheduled {
                arrays.leases.push(&settle.lease);
                arrays.queues.push(queue_number(*queue));
                arrays.keys.push(*key);
                arrays.are_bound.push(*is_bound);
                arrays.spans.push(millis(*after));
                arrays.bodies.push(body);
            }
        }
        arrays
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    pub(super) fn parameters<'p>(&'p self, now: Value<'p>) -> Parameters<'p> {
        let Self { leases: lease, queues, keys, are_bound, spans, bodies } = self;
        let LeaseArrays { queues: lease_queues, conversations, fences } = lease;
        vec![now, lease_queues, conversations, fences, queues, keys, are_bound, spans, bodies]
    }
}
