//! The present numbers of the journal and of this server.

use std::time::Duration;

use super::{
    super::{
        api::{Empty, QueueNumbers, Rates, ReplicaRow, Stats},
        error::ApiError,
    },
    call::Call,
    sending,
};
use crate::journal::{JobState, QueueStats, Replica};

/// The most conversations that are counted as waiting.
const MAX_WAITING: usize = 1_000;

/// Shows the present numbers.
pub(super) async fn stats(call: Call, _: Empty) -> Result<Stats, ApiError> {
    let stats = call.journal.stats().await?;
    let job = call.journal.jobs(1).await?.into_iter().next();
    let options = &call.options;
    Ok(Stats {
        now: call.clock.now(),
        inbox: stats.inbox.into(),
        outbox: stats.outbox.into(),
        max_pending: options.max_pending,
        keep: millis(options.keep),
        keep_dead: millis(options.keep_dead),
        size: call.journal.size().await.ok(),
        replicas: call.journal.replicas().await?.into_iter().map(ReplicaRow::from).collect(),
        pauses: sending::rows(call.journal.pauses().await?),
        rates: Rates::default(),
        ack_p99: None,
        waiting_for_person: waiting_for_person(&call).await?,
        job: job.filter(|job| job.state == JobState::Running).map(Into::into),
    })
}

/// How many conversations wait for a person and nobody has taken.
async fn waiting_for_person(call: &Call) -> Result<u64, ApiError> {
    let waiting = call.desk.waiting(MAX_WAITING).await?;
    Ok(waiting.iter().filter(|waiting| waiting.by.is_none()).count() as u64)
}

impl From<QueueStats> for QueueNumbers {
    fn from(stats: QueueStats) -> Self {
        let QueueStats { pending, leased, done, dead, oldest_pending } = stats;
        Self { pending, leased, done, dead, oldest_pending }
    }
}

impl From<Replica> for ReplicaRow {
    fn from(replica: Replica) -> Self {
        let Replica { name, is_this, leased } = replica;
        Self { name, is_this, leased }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
