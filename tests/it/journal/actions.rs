//! The operations of the model's test, at random.

use proptest::prelude::*;
use rongcloud_callback::journal::Queue;

use super::{remembered::Change, support::Ending};

/// One operation; numbers choose among what there is.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Append { entries: Vec<(u8, u8, bool)> },
    Lease { queue: Queue, limit: usize, seconds: u64 },
    Finish { lease: usize, handling: Handling },
    Postpone { lease: usize, seconds: u64 },
    Bury { lease: usize },
    Revive { entry: usize },
    Discard { entry: usize },
    Intervene { conversation: u8, change: Change, later: Vec<Later>, is_stale: bool },
    Wait { seconds: u64 },
    SetClock { seconds: i64 },
    Purge,
    Reopen { ending: Ending, seconds: u64, set: i64 },
}

/// An entry to schedule: where it goes, in how many seconds, and whether it belongs to the state that is put with it.
pub(super) type Later = (Queue, u64, bool);

fn change() -> impl Strategy<Value = Change> {
    let seconds = prop_oneof![1..60u64, 60..7_000u64];
    prop_oneof![
        2 => Just(Change::Keep),
        4 => seconds.prop_map(Change::Add),
        1 => Just(Change::Clear),
    ]
}

fn later() -> impl Strategy<Value = Vec<Later>> {
    let queue = prop_oneof![3 => Just(Queue::Inbox), 1 => Just(Queue::Outbox)];
    let one = (queue, prop_oneof![0..60u64, 60..7_000u64], prop::bool::ANY);
    prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(one, 1..4)]
}

pub(super) fn action() -> impl Strategy<Value = Action> {
    let entry = (0..4u8, 0..40u8, prop::bool::weighted(0.1));
    let queue = prop_oneof![3 => Just(Queue::Inbox), 1 => Just(Queue::Outbox)];
    // Far beyond the longest time that anything is kept, either way.
    let set = || prop_oneof![2..90_000i64, -90_000..-2i64, 90_000..9_000_000i64, -9_000_000..-90_000i64];
    // As long as something may be kept; and shorter than a lease, or not.
    let long_wait = prop_oneof![600..9_000u64, 600..90_000u64];
    let pause = prop_oneof![2 => 0..20u64, 1 => 0..9_000u64];
    let ending = prop_oneof![1 => Just(Ending::Orderly), 2 => Just(Ending::Crash)];
    prop_oneof![
        12 => prop::collection::vec(entry, 1..4).prop_map(|entries| Action::Append { entries }),
        12 => (queue, 1..4usize, 1..40u64)
            .prop_map(|(queue, limit, seconds)| Action::Lease { queue, limit, seconds }),
        10 => (0..8usize, 0..3u8, change(), later()).prop_map(|(lease, follow_ups, change, later)| {
            Action::Finish { lease, handling: Handling { follow_ups, change, later } }
        }),
        3 => (0..4u8, change(), later(), prop::bool::weighted(0.2)).prop_map(
            |(conversation, change, later, is_stale)| {
                Action::Intervene { conversation, change, later, is_stale }
            }
        ),
        4 => (0..8usize, 0..20u64).prop_map(|(lease, seconds)| Action::Postpone { lease, seconds }),
        2 => (0..8usize).prop_map(|lease| Action::Bury { lease }),
        2 => (0..30usize).prop_map(|entry| Action::Revive { entry }),
        2 => (0..30usize).prop_map(|entry| Action::Discard { entry }),
        5 => (1..15u64).prop_map(|seconds| Action::Wait { seconds }),
        2 => long_wait.prop_map(|seconds| Action::Wait { seconds }),
        2 => set().prop_map(|seconds| Action::SetClock { seconds }),
        3 => Just(Action::Purge),
        3 => (ending, pause, prop_oneof![Just(0), set()])
            .prop_map(|(ending, seconds, set)| Action::Reopen { ending, seconds, set }),
    ]
}

/// The result of a handler's work on its message.
#[derive(Debug, Clone)]
pub(super) struct Handling {
    /// How many replies there are at once.
    pub(super) follow_ups: u8,
    pub(super) change: Change,
    pub(super) later: Vec<Later>,
}
