//! [`Statistics`]: the counters of this server, read each second and written into the journal each minute.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    counters::Counters,
    history::{Builder, History},
    numbers::Numbers,
    recent::{Rates, Recent},
};
use crate::{
    clock::{Clock, UnixMillis},
    journal::{Activity, Administration, JournalError},
    lock::lock,
};

/// Time between two samples of the counters.
const SAMPLE: Duration = Duration::from_secs(1);
/// Time between two records in the journal.
const RECORD: Duration = Duration::from_mins(1);
/// Time that the last record may take when the server ends.
const LAST_RECORD: Duration = Duration::from_secs(1);

/// The statistics of a server and of the servers that share its journal; clones share them.
#[derive(Debug, Clone)]
pub struct Statistics(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    counters: Arc<Counters>,
    journal: Arc<dyn Administration>,
    clock: Clock,
    /// The name of this server among those that share the journal.
    replica: String,
    recent: Mutex<Recent>,
    recorded: Mutex<Recorded>,
}

/// The part of the numbers that the journal has.
#[derive(Debug, Clone)]
struct Recorded {
    numbers: Numbers,
    /// The begin of the span that the journal does not have yet.
    until: UnixMillis,
}

impl Statistics {
    /// Statistics of what `counters` count from now on, kept in `journal` under the name `replica`.
    pub fn new(
        counters: Arc<Counters>,
        journal: Arc<dyn Administration>,
        clock: Clock,
        replica: String,
    ) -> Self {
        let recorded = Mutex::new(Recorded { numbers: counters.numbers(), until: clock.now() });
        let recent = Mutex::default();
        Self(Arc::new(Shared { counters, journal, clock, replica, recent, recorded }))
    }

    /// The rates of this server over the last minute.
    pub fn rates(&self) -> Rates {
        let (numbers, span) = self.last_minute();
        Rates::new(&numbers, span)
    }

    /// The time in milliseconds that 99 of 100 acknowledgements of this server did not take longer than in the last minute;
    /// `None` if there were none.
    pub fn ack_p99(&self) -> Option<f64> {
        self.last_minute().0.ack_percentile(0.99)
    }

    /// The statistics of all servers over the `span` that ends now, in at most 288 points. This server's last minute is in
    /// it; that of another server comes when it is over.
    ///
    /// # Errors
    ///
    /// [`JournalError::Unavailable`]: the journal's store fails.
    pub async fn history(&self, span: Duration) -> Result<History, JournalError> {
        let mut history = Builder::new(span, self.0.clock.now());
        let activity = self.0.journal.activity(history.begin()).await?;
        for activity in &activity {
            history.add_activity(activity);
        }
        let recorded = lock(&self.0.recorded).clone();
        history.add(recorded.until, &self.0.counters.numbers().since(&recorded.numbers));
        Ok(history.build())
    }

    /// Reads the counters each second, and writes a record each minute, until `stop`.
    pub(crate) async fn record(&self, stop: &CancellationToken) {
        let mut samples = interval(SAMPLE);
        samples.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next_record = Instant::now() + RECORD;
        while let Some(now) = stop.run_until_cancelled(samples.tick()).await {
            lock(&self.0.recent).add(now, self.0.counters.numbers());
            if now >= next_record {
                next_record = now + RECORD;
                stop.run_until_cancelled(self.write_record()).await;
            }
        }
    }

    /// Writes what was counted since the last record, at the end of the server.
    pub(crate) async fn record_last(&self) {
        if timeout(LAST_RECORD, self.write_record()).await.is_err() {
            tracing::debug!("the statistics of the last minute are lost: the journal does not answer");
        }
    }

    /// Writes what was counted since the last record. If the journal fails, the next record has it.
    async fn write_record(&self) {
        let Shared { counters, journal, clock, replica, recorded, .. } = &*self.0;
        let numbers = counters.numbers();
        let (before, now) = (lock(recorded).clone(), clock.now());
        let counted = numbers.since(&before.numbers);
        if !counted.is_empty() {
            let body = counted.encode();
            let activity = Activity { at: before.until, replica: replica.clone(), body };
            if let Err(error) = journal.add_activity(activity).await {
                return tracing::debug!(%error, "the statistics are written a minute later");
            }
        }
        *lock(recorded) = Recorded { numbers, until: now };
    }

    /// The counts of this server in the last minute, and the time that they took.
    fn last_minute(&self) -> (Numbers, Duration) {
        lock(&self.0.recent).since_begin(Instant::now(), &self.0.counters.numbers())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;
    use crate::{journal, statistics::Counted};

    #[tokio::test(start_paused = true)]
    async fn a_record_is_written_each_minute_in_which_something_was_counted() {
        let journal = journal::open_operator("memory:", journal::Options::default()).await.unwrap();
        let (counters, clock) = (Arc::<Counters>::default(), Clock::manual(UnixMillis(0)));
        let here = "here".to_owned();
        let statistics =
            Statistics::new(Arc::clone(&counters), Arc::clone(&journal), clock.clone(), here);
        let stop = CancellationToken::new();
        let work = async {
            for accepted in [2, 0, 3] {
                (0..accepted).for_each(|_| counters.count(Counted::Accepted));
                // The record is written at the end of the minute, when the clock shows its time.
                sleep(RECORD.saturating_sub(SAMPLE)).await;
                clock.advance(RECORD);
                sleep(SAMPLE).await;
            }
            stop.cancel();
        };
        tokio::join!(statistics.record(&stop), work);
        counters.count(Counted::Accepted);
        statistics.record_last().await;
        statistics.record_last().await;
        let activity = journal.activity(UnixMillis(0)).await.unwrap();
        let written: Vec<_> = activity.iter().map(|it| (it.at.0, &it.body[..])).collect();
        let expected: [(i64, &[u8]); 3] = [
            (0, br#"{"accepted":2}"#),
            (120_000, br#"{"accepted":3}"#),
            (180_000, br#"{"accepted":1}"#),
        ];
        assert_eq!(written, expected);
        assert_eq!(statistics.history(Duration::from_hours(1)).await.unwrap().points.len(), 3);
    }
}
