//! The values of a transaction's statements: one array for each column, with one element for each request.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::types::ToSql;

use super::{
    commands::{Append, BoundBody, LeaseOptions, NewRow, Settle},
    key_hash::KeyHash,
};
use crate::journal::{
    Appended, EntryKey, Lease, ReasonGroup, Revision, StateChange,
    driver::{
        numbers::{queue_number, state_number},
        request::Request,
    },
};

/// A value of a statement.
pub(super) type Value<'a> = &'a (dyn ToSql + Sync);

/// The values of one statement, in the order of its parameters.
pub(super) type Parameters<'a> = Vec<Value<'a>>;

type Appends = [Request<Append, Option<Appended>>];
pub(super) type Settles = [Request<Settle, ()>];

/// The number of the Inbox.
const INBOX: i16 = 0;

/// The signatures to be bound, each once and in the order of their locks, with the first body that each came with.
#[derive(Default)]
pub(super) struct BindingArrays<'a> {
    pub(super) signatures: Vec<&'a [u8]>,
    bodies: Vec<KeyHash>,
    spans: Vec<i64>,
}

impl<'a> BindingArrays<'a> {
    pub(super) fn new(appends: &'a Appends) -> Self {
        let mut first = BTreeMap::new();
        for binding in appends.iter().filter_map(|request| request.input.binding.as_ref()) {
            first.entry(&binding.signature).or_insert(binding);
        }
        let mut arrays = Self::default();
        for BoundBody { signature, span, body } in first.into_values() {
            arrays.signatures.push(signature);
            arrays.bodies.push(*body);
            arrays.spans.push(span.as_millis().try_into().unwrap_or(i64::MAX));
        }
        arrays
    }

    pub(super) fn parameters<'p>(&'p self, elapsed: Value<'p>) -> Parameters<'p> {
        vec![elapsed, &self.signatures, &self.bodies, &self.spans]
    }
}

/// The conversations that a transaction changes, each once and in the order of their locks.
#[derive(Default)]
pub(super) struct ConversationArrays {
    pub(super) queues: Vec<i16>,
    conversations: Vec<KeyHash>,
}

impl ConversationArrays {
    pub(super) fn new(appends: &Appends, settles: &Settles) -> Self {
        let rows = appends.iter().filter_map(|request| request.input.row.as_ref());
        let follow_ups = settles.iter().flat_map(|request| &request.input.follow_ups);
        let mut all: BTreeSet<_> = rows
            .chain(follow_ups)
            .map(|row| (queue_number(row.entry.queue), row.conversation))
            .collect();
        all.extend(settles.iter().map(|request| conversation(&request.input.lease)));
        // Only who has locked the conversation's row of the Inbox changes its state.
        let changes = settles.iter().filter(|request| request.input.change != StateChange::Keep);
        all.extend(changes.map(|request| (INBOX, request.input.lease.conversation.into())));
        let (queues, conversations) = all.into_iter().unzip();
        Self { queues, conversations }
    }

    pub(super) fn lock<'p>(&'p self, now: Value<'p>) -> Parameters<'p> {
        vec![now, &self.queues, &self.conversations]
    }

    /// The values of the statement that aligns the conversations, and ends the leases with `fences`.
    pub(super) fn align<'p>(&'p self, now: Value<'p>, fences: &'p Vec<i64>) -> Parameters<'p> {
        vec![now, &self.queues, &self.conversations, fences]
    }
}

/// The leased entries to be settled.
#[derive(Default)]
pub(super) struct SettleArrays<'a> {
    pub(super) ids: Vec<i64>,
    queues: Vec<i16>,
    conversations: Vec<KeyHash>,
    pub(super) fences: Vec<i64>,
    states: Vec<i16>,
    spans: Vec<i64>,
    reasons: Vec<Option<&'a [u8]>>,
    uncounted: Vec<i32>,
    revisions: Vec<Option<i64>>,
    reason_groups: Vec<Option<i64>>,
    endings: Vec<Option<&'a [u8]>>,
    /// The dialogue of the state that the entry gives its conversation, empty where it has none any more; with the version
    /// and the body. None where the entry leaves the state as it is.
    dialogues: Vec<Option<&'a [u8]>>,
    versions: Vec<Option<i64>>,
    bodies: Vec<Option<&'a [u8]>>,
}

impl<'a> SettleArrays<'a> {
    pub(super) fn new(settles: &'a Settles) -> Self {
        let mut arrays = Self::default();
        for settle in settles.iter().map(|request| &request.input) {
            let Settle { lease, state, span, uncounted, reason, .. } = settle;
            let (queue, conversation) = conversation(lease);
            arrays.ids.push(lease.id.0);
            arrays.queues.push(queue);
            arrays.conversations.push(conversation);
            arrays.fences.push(fence(lease));
            arrays.states.push(state_number(*state));
            arrays.spans.push(*span);
            arrays.reasons.push(reason.as_ref().map(String::as_bytes));
            arrays.uncounted.push(*uncounted);
            arrays.revisions.push(lease.revision.map(|Revision(revision)| revision));
            arrays.reason_groups.push(settle.reason_group.map(|ReasonGroup(group)| group));
            arrays.endings.push(settle.ending.as_ref().map(String::as_bytes));
            arrays.push_step(&settle.change, lease.revision);
        }
        arrays
    }

    /// Adds the step from the state with the revision `before` to the next one.
    fn push_step(&mut self, change: &'a StateChange, before: Option<Revision>) {
        let (dialogue, version, body) = match change {
            StateChange::Put(state) => {
                let version = i64::from(state.version);
                (Some(state.dialogue.as_bytes()), Some(version), Some(&state.body[..]))
            }
            StateChange::Clear if before.is_some() => (Some(&[][..]), None, None),
            StateChange::Clear | StateChange::Keep => (None, None, None),
        };
        self.dialogues.push(dialogue);
        self.versions.push(version);
        self.bodies.push(body);
    }

    pub(super) fn parameters<'p>(
        &'p self,
        now: Value<'p>,
        shard: Value<'p>,
        elapsed: Value<'p>,
    ) -> Parameters<'p> {
        vec![
            now,
            &self.ids,
            &self.queues,
            &self.conversations,
            &self.fences,
            &self.states,
            &self.spans,
            &self.reasons,
            &self.uncounted,
            shard,
            elapsed,
            &self.revisions,
            &self.reason_groups,
            &self.endings,
            &self.dialogues,
            &self.versions,
            &self.bodies,
        ]
    }
}

/// The new entries: those of appends first, then the follow-ups of finished entries.
#[derive(Default)]
pub(super) struct EntryArrays<'a> {
    pub(super) queues: Vec<i16>,
    keys: Vec<EntryKey>,
    conversation_hashes: Vec<KeyHash>,
    conversations: Vec<&'a [u8]>,
    answers: Vec<Option<i64>>,
    reasons: Vec<Option<&'a [u8]>>,
    reason_groups: Vec<Option<i64>>,
    bodies: Vec<&'a [u8]>,
    /// The queue, conversation and fence of the lease that must still count, for each follow-up.
    lease_queues: Vec<Option<i16>>,
    lease_conversations: Vec<Option<KeyHash>>,
    lease_fences: Vec<Option<i64>>,
    /// The signature that must be bound to this body, for each append with a binding.
    signatures: Vec<Option<&'a [u8]>>,
    bound_bodies: Vec<Option<KeyHash>>,
}

impl<'a> EntryArrays<'a> {
    pub(super) fn new(appends: &'a Appends, settles: &'a Settles) -> Self {
        let mut arrays = Self::default();
        for append in appends.iter().map(|request| &request.input) {
            if let Some(row) = &append.row {
                arrays.push(row, None, append.binding.as_ref());
            }
        }
        for settle in settles.iter().map(|request| &request.input) {
            for row in &settle.follow_ups {
                arrays.push(row, Some(&settle.lease), None);
            }
        }
        arrays
    }

    fn push(&mut self, row: &'a NewRow, lease: Option<&Lease>, binding: Option<&'a BoundBody>) {
        let NewRow { conversation: hash, entry } = row;
        self.queues.push(queue_number(entry.queue));
        self.keys.push(entry.key);
        self.conversation_hashes.push(*hash);
        self.conversations.push(entry.conversation.as_bytes());
        self.answers.push(lease.map(|lease| lease.id.0));
        self.reasons.push(entry.dead.as_ref().map(String::as_bytes));
        let group = |reason: &String| ReasonGroup::new(entry.queue, reason).0;
        self.reason_groups.push(entry.dead.as_ref().map(group));
        self.bodies.push(&entry.body);
        self.lease_queues.push(lease.map(|lease| conversation(lease).0));
        self.lease_conversations.push(lease.map(|lease| conversation(lease).1));
        self.lease_fences.push(lease.map(fence));
        self.signatures.push(binding.map(|binding| &binding.signature[..]));
        self.bound_bodies.push(binding.map(|binding| binding.body));
    }

    pub(super) fn parameters<'p>(
        &'p self,
        now: Value<'p>,
        shard: Value<'p>,
        elapsed: Value<'p>,
    ) -> Parameters<'p> {
        vec![
            now,
            &self.queues,
            &self.keys,
            &self.conversation_hashes,
            &self.conversations,
            &self.answers,
            &self.reasons,
            &self.bodies,
            &self.lease_queues,
            &self.lease_conversations,
            &self.lease_fences,
            &self.signatures,
            &self.bound_bodies,
            shard,
            elapsed,
            &self.reason_groups,
        ]
    }
}

/// The values of one request for leases.
pub(super) struct LeaseValues {
    queue: i16,
    limit: i64,
    span: i64,
}

impl LeaseValues {
    pub(super) fn new(options: &LeaseOptions) -> Self {
        Self {
            queue: queue_number(options.queue),
            limit: options.limit.try_into().unwrap_or(i64::MAX),
            span: options.span,
        }
    }

    pub(super) fn parameters<'p>(
        &'p self,
        now: Value<'p>,
        replica: &'p i64,
        max_pending: &'p i64,
        elapsed: &'p i64,
    ) -> Parameters<'p> {
        vec![now, &self.queue, &self.limit, &self.span, replica, max_pending, elapsed]
    }
}

/// The key of the conversation's row that a lease is of.
pub(super) fn conversation(lease: &Lease) -> (i16, KeyHash) {
    (queue_number(lease.queue), lease.conversation.into())
}

pub(super) fn fence(lease: &Lease) -> i64 {
    lease.fence.cast_signed()
}
