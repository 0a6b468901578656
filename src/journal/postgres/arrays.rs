//! A batch's values as the arrays that its statements take.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::types::ToSql;

use super::{
    command::{Append, Ask, Call, Row, Settle},
    key_hash::KeyHash,
    records::{queue_number, state_number},
};
use crate::journal::{Appended, Lease};

/// A value of a statement.
type Value<'a> = &'a (dyn ToSql + Sync);

/// The values of one statement.
pub(super) type Parameters<'a> = Vec<Value<'a>>;

type Appends = [Call<Append, Vec<Appended>>];
type Settlings = [Call<Settle, ()>];

/// Signatures and the bodies that they came with; of each signature the first.
#[derive(Default)]
pub(super) struct Seals<'a> {
    pub(super) signatures: Vec<&'a [u8]>,
    bodies: Vec<KeyHash>,
    spans: Vec<i64>,
}

impl<'a> Seals<'a> {
    pub(super) fn new(appends: &'a Appends) -> Self {
        let mut first = BTreeMap::new();
        for append in appends.iter().map(|call| &call.input) {
            if let Some(bond) = &append.bond {
                first.entry(&bond.signature).or_insert((append.sealed, bond.span));
            }
        }
        let mut seals = Self::default();
        for (signature, (body, span)) in first {
            seals.signatures.push(signature);
            seals.bodies.push(body);
            seals.spans.push(span.as_millis().try_into().unwrap_or(i64::MAX));
        }
        seals
    }

    pub(super) fn parameters<'p>(&'p self, elapsed: Value<'p>) -> Parameters<'p> {
        vec![elapsed, &self.signatures, &self.bodies, &self.spans]
    }
}

/// The conversations that a batch changes, each once and in the order of their locks.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) queues: Vec<i16>,
    lines: Vec<KeyHash>,
}

impl Lines {
    pub(super) fn new(appends: &Appends, settles: &Settlings) -> Self {
        let mut lines = BTreeSet::new();
        let rows = appends.iter().flat_map(|call| &call.input.rows);
        let follow_ups = settles.iter().flat_map(|call| &call.input.follow_ups);
        lines.extend(rows.chain(follow_ups).map(|row| (queue_number(row.entry.queue), row.line)));
        lines.extend(settles.iter().map(|call| key(&call.input.lease)));
        lines.into_iter().collect()
    }

    pub(super) fn parameters<'p>(&'p self, now: Value<'p>) -> Parameters<'p> {
        vec![now, &self.queues, &self.lines]
    }

    /// Ends the leases with `fences` as well.
    pub(super) fn aligned<'p>(&'p self, now: Value<'p>, fences: &'p Vec<i64>) -> Parameters<'p> {
        vec![now, &self.queues, &self.lines, fences]
    }
}

impl FromIterator<(i16, KeyHash)> for Lines {
    fn from_iter<T: IntoIterator<Item = (i16, KeyHash)>>(lines: T) -> Self {
        let (queues, lines) = lines.into_iter().unzip();
        Self { queues, lines }
    }
}

/// What became of leased entries.
#[derive(Default)]
pub(super) struct Settles<'a> {
    pub(super) ids: Vec<i64>,
    queues: Vec<i16>,
    lines: Vec<KeyHash>,
    pub(super) fences: Vec<i64>,
    states: Vec<i16>,
    spans: Vec<i64>,
    reasons: Vec<Option<&'a [u8]>>,
    uncounted: Vec<i32>,
}

impl<'a> Settles<'a> {
    pub(super) fn new(settles: &'a Settlings) -> Self {
        let mut all = Self::default();
        for Settle { lease, state, span, uncounted, reason, .. } in
            settles.iter().map(|call| &call.input)
        {
            let (queue, line) = key(lease);
            all.ids.push(lease.id.0);
            all.queues.push(queue);
            all.lines.push(line);
            all.fences.push(fence(lease));
            all.states.push(state_number(*state));
            all.spans.push(*span);
            all.reasons.push(reason.as_ref().map(String::as_bytes));
            all.uncounted.push(*uncounted);
        }
        all
    }

    pub(super) fn parameters<'p>(&'p self, now: Value<'p>, own: [&'p i64; 2]) -> Parameters<'p> {
        let Self { ids, queues, lines, fences, states, spans, reasons, uncounted } = self;
        let [shard, elapsed] = own;
        vec![now, ids, queues, lines, fences, states, spans, reasons, uncounted, shard, elapsed]
    }
}

/// New entries: what is appended first, then what follows from finished ones.
#[derive(Default)]
pub(super) struct Rows<'a> {
    pub(super) queues: Vec<i16>,
    digests: Vec<KeyHash>,
    lines: Vec<KeyHash>,
    conversations: Vec<&'a [u8]>,
    keys: Vec<&'a [u8]>,
    reasons: Vec<Option<&'a [u8]>>,
    bodies: Vec<&'a [u8]>,
    of_queues: Vec<Option<i16>>,
    of_lines: Vec<Option<KeyHash>>,
    of_fences: Vec<Option<i64>>,
    signatures: Vec<Option<&'a [u8]>>,
    seals: Vec<Option<KeyHash>>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(appends: &'a Appends, settles: &'a Settlings) -> Self {
        let mut all = Self::default();
        for append in appends.iter().map(|call| &call.input) {
            let bond = append.bond.as_ref().map(|bond| (&bond.signature[..], append.sealed));
            for row in &append.rows {
                all.push(row, None, bond);
            }
        }
        for settle in settles.iter().map(|call| &call.input) {
            for row in &settle.follow_ups {
                all.push(row, Some(&settle.lease), None);
            }
        }
        all
    }

    fn push(&mut self, row: &'a Row, of: Option<&Lease>, bond: Option<(&'a [u8], KeyHash)>) {
        let Row { key: digest, line, entry } = row;
        self.queues.push(queue_number(entry.queue));
        self.digests.push(*digest);
        self.lines.push(*line);
        self.conversations.push(entry.conversation.as_bytes());
        self.keys.push(entry.key.as_bytes());
        self.reasons.push(entry.dead.as_ref().map(String::as_bytes));
        self.bodies.push(&entry.body);
        self.of_queues.push(of.map(|lease| key(lease).0));
        self.of_lines.push(of.map(|lease| key(lease).1));
        self.of_fences.push(of.map(fence));
        self.signatures.push(bond.map(|(signature, _)| signature));
        self.seals.push(bond.map(|(_, seal)| seal));
    }

    pub(super) fn parameters<'p>(&'p self, now: Value<'p>, own: [&'p i64; 2]) -> Parameters<'p> {
        let [shard, elapsed] = own;
        vec![
            now,
            &self.queues,
            &self.digests,
            &self.lines,
            &self.conversations,
            &self.keys,
            &self.reasons,
            &self.bodies,
            &self.of_queues,
            &self.of_lines,
            &self.of_fences,
            &self.signatures,
            &self.seals,
            shard,
            elapsed,
        ]
    }
}

/// What a lease takes.
pub(super) struct Limit {
    queue: i16,
    most: i64,
    span: i64,
}

impl Limit {
    pub(super) fn new(ask: &Ask) -> Self {
        Self {
            queue: queue_number(ask.queue),
            most: ask.limit.try_into().unwrap_or(i64::MAX),
            span: ask.span,
        }
    }

    pub(super) fn parameters<'p>(
        &'p self,
        now: Value<'p>,
        replica: &'p i64,
        max_pending: &'p i64,
    ) -> Parameters<'p> {
        vec![now, &self.queue, &self.most, &self.span, replica, max_pending]
    }
}

/// The row that a lease is of.
pub(super) fn key(lease: &Lease) -> (i16, KeyHash) {
    (queue_number(lease.queue), lease.conversation.into())
}

fn fence(lease: &Lease) -> i64 {
    lease.fence.cast_signed()
}
