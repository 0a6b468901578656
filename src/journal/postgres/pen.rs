//! One of the connections that write, with its statements and their plans.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

use super::{
    address::Address,
    batch::{Answers, Batch, Writing},
    session::{Failure, PATIENCE, Session, TRIES, panicked, silent, soon},
    statements::Statements,
};
use crate::{
    failpoint::{self, Point},
    journal::{Access, JournalError},
};

/// A plan is used for so long, and until there are a quarter more pending entries and some: which index is right depends
/// on how long the tables are, and an empty one says nothing.
const REPLAN: Duration = Duration::from_secs(1);
const REPLAN_ENTRIES: u64 = 50;
/// No commit is slow that takes less: a transaction costs the database about a millisecond, whatever is in it.
const SLOW: Duration = Duration::from_millis(2);

/// A connection, with its statements.
#[derive(Debug)]
pub(super) struct Pen {
    pub(super) session: Session,
    pub(super) statements: Statements,
    /// Among those of its replica.
    pub(super) number: usize,
    planned_at: Instant,
    /// The pending entries at that time.
    planned_for: u64,
}

/// A transaction at its end.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) pen: Pen,
    pub(super) batch: Batch,
    pub(super) written: Result<Answers, Failure>,
    pub(super) pace: Pace,
}

/// How long it takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    /// From the beginning until only the commit was waited for.
    statements: Duration,
    commit: Duration,
}

impl Pace {
    pub(super) fn whole(self) -> Duration {
        self.statements + self.commit
    }

    /// What is usual, after one more of those of which it was the usual.
    pub(super) fn and(self, next: Self) -> Self {
        let mean = |usual: Duration, next| (usual * 7 + next) / 8;
        Self {
            statements: mean(self.statements, next.statements),
            commit: mean(self.commit, next.commit),
        }
    }

    /// Whether it pays to begin another transaction during the commit. Else those who have come meanwhile do better to
    /// share the next one: also where it takes long because the machine is busy, as the statements then do, too.
    fn is_slow(self) -> bool {
        self.commit > least_slow(self.statements)
    }
}

/// A commit that takes longer after such statements is slow.
fn least_slow(statements: Duration) -> Duration {
    SLOW.max(statements)
}

/// When only the commit of a transaction is waited for: all of its locks are its own then.
#[derive(Debug)]
pub(super) struct Progress {
    begun: Instant,
    answered: OnceLock<Duration>,
    told: Notify,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), answered: OnceLock::new(), told: Notify::new() }
    }

    pub(super) fn answered(&self) {
        self.answered.get_or_init(|| self.begun.elapsed());
        self.told.notify_one();
    }

    /// Waits until another transaction may begin beside this one: unless commits are `usually` slow, it has to turn out
    /// that this one is.
    pub(super) async fn turn(&self, usually: Pace) {
        self.told.notified().await;
        if !usually.is_slow() {
            sleep(least_slow(self.begun.elapsed())).await;
        }
    }

    fn pace(&self) -> Pace {
        let whole = self.begun.elapsed();
        let statements = self.answered.get().copied().unwrap_or(whole);
        Pace { statements, commit: whole.saturating_sub(statements) }
    }
}

impl Pen {
    pub(super) async fn open(address: Address, number: usize) -> Result<Self, JournalError> {
        let session = Session::open(&address, Access::Server).await?;
        let statements = soon(&session.client, || Statements::prepare(&session.client)).await?;
        Ok(Self { session, statements, number, planned_at: Instant::now(), planned_for: 0 })
    }

    /// One transaction for all of `batch`, where so many entries are pending.
    pub(super) async fn write(
        mut self,
        batch: Batch,
        writing: Writing,
        pending: u64,
        progress: Arc<Progress>,
    ) -> Ended {
        let mut again = 1..TRIES;
        let written = loop {
            match self.transact(&batch, writing, pending, &progress).await {
                Err(Failure::Collision(error)) if again.next().is_some() => {
                    tracing::debug!(%error, "tried again");
                }
                written => break written,
            }
        };
        // Also where it failed before it came to that.
        progress.answered();
        Ended { pen: self, batch, written, pace: progress.pace() }
    }

    /// A panic in it ends this connection, and not the writer.
    async fn transact(
        &mut self,
        batch: &Batch,
        writing: Writing,
        pending: u64,
        progress: &Progress,
    ) -> Result<Answers, Failure> {
        let sent = async {
            let has_grown = pending > self.planned_for + self.planned_for / 4 + REPLAN_ENTRIES;
            if has_grown || self.planned_at.elapsed() >= REPLAN {
                self.session.client.batch_execute("discard plans").await?;
                (self.planned_at, self.planned_for) = (Instant::now(), pending);
            }
            let answers = batch.send(&self.session.client, &self.statements, writing, progress).await?;
            failpoint::reach(Point::Committed)?;
            Ok(answers)
        };
        match timeout(PATIENCE, AssertUnwindSafe(sent).catch_unwind()).await {
            Ok(Ok(sent)) => sent,
            Ok(Err(_)) => Err(Failure::Lost(panicked())),
            Err(_) => Err(Failure::Lost(silent())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(statements: u64, commit: u64) -> Pace {
        let [statements, commit] = [statements, commit].map(Duration::from_millis);
        Pace { statements, commit }
    }

    #[test]
    fn a_commit_is_slow_that_takes_long_and_longer_than_statements_on_a_busy_machine() {
        assert!(pace(1, 5).is_slow() && pace(4, 5).is_slow());
        assert!(!pace(1, 2).is_slow() && !pace(6, 5).is_slow());
    }

    #[test]
    fn one_slow_commit_among_quick_ones_makes_them_no_slower_and_several_do() {
        let usually = pace(1, 1).and(pace(1, 9));
        assert!(!usually.is_slow());
        assert!(usually.and(pace(1, 9)).is_slow());
    }
}
