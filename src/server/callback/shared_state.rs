//! The state that the callbacks of all apps share: the journal and the limits.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::options::Options;
use crate::{clock::Clock, journal::Queues};

/// The journal and the limits, which the receivers of all apps share.
#[derive(Debug)]
pub(super) struct SharedState {
    pub(super) journal: Arc<dyn Queues>,
    pub(super) clock: Clock,
    pub(super) max_body: usize,
    pub(super) body_timeout: Duration,
    pub(super) answer_timeout: Duration,
    pub(super) timestamp_tolerance: Duration,
    pub(super) signature_memory: usize,
    /// The places of callbacks that wait for the rest of their bodies.
    pub(super) waiting_bodies: Semaphore,
    /// The places of callbacks that wait for the journal. A body that does not come takes none of them.
    pub(super) in_flight: Semaphore,
}

impl SharedState {
    pub(super) fn new(options: &Options, journal: Arc<dyn Queues>, clock: Clock) -> Self {
        let places = |count: usize| Semaphore::new(count.min(Semaphore::MAX_PERMITS));
        Self {
            journal,
            clock,
            max_body: options.max_body,
            body_timeout: options.body_timeout,
            answer_timeout: options.answer_timeout,
            timestamp_tolerance: options.timestamp_tolerance,
            signature_memory: options.signature_memory,
            waiting_bodies: places(options.max_waiting_bodies),
            in_flight: places(options.max_in_flight),
        }
    }
}
