//! One of the servers that share the database, and the state that its tasks share.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    address::Address,
    backlog::Backlog,
    client::Client,
    leases::ActiveLeases,
    next_due::NextDue,
    replica_statements::{DELAY_DOUBTFUL, ENTER, START_CLOCK},
    retry::with_timeout,
    time::{JournalTime, LEAST_STEP, log_step},
};
use crate::journal::{JournalError, Options, PerQueue, Queue, changes::Changes};

/// The longest that the death of a replica goes unnoticed by one that has just come.
const NOTICED_AFTER: Duration = Duration::from_secs(15);

/// A replica. Its writer, its maintenance and the journal's methods share it.
#[derive(Debug)]
pub(super) struct Replica {
    /// The number under which it is on the list of replicas.
    pub(super) id: i64,
    /// The database, for the connections of the writer and the maintenance.
    pub(super) address: Address,
    pub(super) options: Options,
    /// Journal time, which the heartbeat learns and records.
    pub(super) time: JournalTime,
    /// The leases that the writer has given.
    pub(super) leases: ActiveLeases,
    /// The bound on the Inbox, which the writer keeps.
    pub(super) backlog: Backlog,
    /// The time at which something that is scheduled is due next, as far as it is known.
    pub(super) next_due: NextDue,
    /// The counters that wake the workers of this replica.
    pub(super) changes: Changes,
    /// The hints to other replicas, which the maintenance sends.
    pub(super) hints: Hints,
}

impl Replica {
    /// Puts a new replica on the list, after reading the clock, and delays the entries that a replica which may be dead was
    /// working on.
    ///
    /// A replica is on the list before its first lease, or nobody would miss it if it died early.
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
        let name = options.replica.as_bytes();
        let enter = || async { client.query_one(ENTER, &[&name]).await };
        let id: i64 = with_timeout(client, enter).await?.get(0);
        let delay =
            || async { client.execute(DELAY_DOUBTFUL.as_str(), &[&now, &id, &noticed_after]).await };
        with_timeout(client, delay).await?;
        Ok(Self {
            id,
            address,
            time,
            leases: ActiveLeases::new(options.clock.clone()),
            backlog: Backlog::new(options.max_pending),
            next_due: NextDue::new(options.clock.clone()),
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
    /// Whether the other replicas are to be told of a queue.
    pending: PerQueue<AtomicBool>,
    /// Wakes the maintenance, which sends the hints.
    added: Notify,
}

impl Hints {
    fn add(&self, queue: Queue) {
        self.pending[queue].store(true, Ordering::Relaxed);
        self.added.notify_one();
    }

    /// Waits until there are hints to send.
    pub(super) async fn wait(&self) {
        self.added.notified().await;
    }

    /// Takes the queues out of which the other replicas are to be told.
    pub(super) fn take(&self) -> impl Iterator<Item = Queue> {
        let is_pending = |queue: &Queue| self.pending[*queue].swap(false, Ordering::Relaxed);
        Queue::ALL.into_iter().filter(is_pending)
    }
}
