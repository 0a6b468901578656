//! One server among those that share the database: what its tasks have in common.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::sync::Notify;
use tokio_postgres::Client;

use super::{
    address::Address,
    backlog::Backlog,
    leases::ActiveLeases,
    replica_statements::{DELAY_DOUBTFUL, ENTER, START_CLOCK},
    retry::with_timeout,
    time::{JournalTime, LEAST_STEP, log_step},
};
use crate::journal::{JournalError, Options, PerQueue, Queue, changes::Changes};

/// The longest that the death of a replica goes unnoticed by one that has just come.
const NOTICED_AFTER: Duration = Duration::from_secs(15);

/// A replica: shared by its writers, its maintenance and the journal's methods.
#[derive(Debug)]
pub(super) struct Replica {
    /// The number under which it is on the list of replicas.
    pub(super) id: i64,
    pub(super) address: Address,
    pub(super) options: Options,
    pub(super) time: JournalTime,
    pub(super) leases: ActiveLeases,
    pub(super) backlog: Backlog,
    pub(super) changes: Changes,
    pub(super) hints: Hints,
}

impl Replica {
    /// Puts a new replica on the list. That comes before its first lease, or nobody would miss it if it died early.
    ///
    /// Before that it looks what time it is, and what was in work on a replica that may not be alive any more.
    pub(super) async fn enter(
        client: &Client,
        address: Address,
        options: Options,
    ) -> Result<Self, JournalError> {
        let time = JournalTime::new(options.clock.clone());
        let now = options.clock.manual_now().map(|now| now.0);
        let noticed_after = i64::try_from(NOTICED_AFTER.as_millis()).unwrap_or(i64::MAX);
        let start = || async { client.query_one(START_CLOCK.as_str(), &[&now, &LEAST_STEP]).await };
        let row = with_timeout(client, start).await?;
        time.learn(row.get(0));
        if row.get::<_, i64>(1) != 0 {
            log_step(row.get(1));
        }
        let id: i64 = with_timeout(client, || client.query_one(ENTER, &[])).await?.get(0);
        let delay =
            || async { client.execute(DELAY_DOUBTFUL.as_str(), &[&now, &id, &noticed_after]).await };
        with_timeout(client, delay).await?;
        Ok(Self {
            id,
            address,
            time,
            leases: ActiveLeases::new(options.clock.clone()),
            backlog: Backlog::new(options.max_pending),
            changes: Changes::new(),
            hints: Hints::default(),
            options,
        })
    }

    /// Says that something can be leased: here at once, and to the other replicas by the next hint.
    pub(super) fn notify(&self, queue: Queue) {
        self.changes.notify(queue);
        self.hints.add(queue);
    }

    /// The time, where a test's clock gives it; otherwise it is the database's to tell.
    pub(super) fn manual_now(&self) -> Option<i64> {
        self.options.clock.manual_now().map(|now| now.0)
    }
}

/// The queues in which something can be leased, and of which the other replicas have not been told yet.
#[derive(Debug, Default)]
pub(super) struct Hints {
    pending: PerQueue<AtomicBool>,
    added: Notify,
}

impl Hints {
    fn add(&self, queue: Queue) {
        self.pending[queue].store(true, Ordering::Relaxed);
        self.added.notify_one();
    }

    /// Waits until there are some.
    pub(super) async fn wait(&self) {
        self.added.notified().await;
    }

    /// Takes them out.
    pub(super) fn take(&self) -> impl Iterator<Item = Queue> {
        let is_pending = |queue: &Queue| self.pending[*queue].swap(false, Ordering::Relaxed);
        Queue::ALL.into_iter().filter(is_pending)
    }
}
