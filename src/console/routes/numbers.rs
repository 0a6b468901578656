//! The present numbers of the journal and of this server.

use std::time::Duration;

use super::{
    super::{
        api::{
            Empty, History, HistoryPoint, HistoryQuery, QueueNumbers, Rates, ReplicaRow, Stats, millis,
        },
        error::ApiError,
        selection::known,
    },
    call::Call,
    sending,
};
use crate::{
    journal::{JobState, QueueStats, Replica},
    statistics::{self, Point},
};

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
        rates: call.statistics.rates().into(),
        ack_p99: call.statistics.ack_p99(),
        waiting_for_person: waiting_for_person(&call).await?,
        job: job.filter(|job| job.state == JobState::Running).map(Into::into),
    })
}

/// Shows the numbers over time.
pub(super) async fn history(call: Call, query: HistoryQuery) -> Result<History, ApiError> {
    let span = match known(query.span.as_deref()) {
        Some("1h") => Duration::from_hours(1),
        None | Some("24h") => Duration::from_hours(24),
        Some("7d") => Duration::from_hours(7 * 24),
        Some(_) => return Err(ApiError::bad_request("span: write `1h`, `24h` or `7d`")),
    };
    let history = call.statistics.history(span).await?;
    let points = history.points.into_iter().map(HistoryPoint::from).collect();
    Ok(History { points, step: millis(history.step) })
}

/// How many conversations wait for a person and nobody has taken.
async fn waiting_for_person(call: &Call) -> Result<u64, ApiError> {
    let waiting = call.desk.waiting(usize::MAX).await?;
    Ok(waiting.iter().filter(|waiting| waiting.by.is_none()).count() as u64)
}

impl From<statistics::Rates> for Rates {
    fn from(rates: statistics::Rates) -> Self {
        let statistics::Rates { accepted, handled, sent, failed } = rates;
        Self { accepted, handled, sent, failed }
    }
}

impl From<Point> for HistoryPoint {
    fn from(point: Point) -> Self {
        Self {
            at: point.at,
            accepted: point.accepted,
            duplicates: point.duplicates,
            refused: point.refused,
            handled: point.handled,
            failed: point.failed,
            dead: point.dead,
            sent: point.sent,
            send_failed: point.send_failed,
            ack_p50: point.ack_p50,
            ack_p99: point.ack_p99,
        }
    }
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
