//! The end of a transaction: its commit, and the answers to the callers who wait for it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use metrics::Histogram;

use super::{
    backlog::Reservation,
    replica::Replica,
    transaction::{Answers, Outcome, Transaction},
    write_connection::WriteConnection,
};
use crate::journal::{JournalError, Queue};

/// A transaction whose statements have been run.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) replica: Arc<Replica>,
    pub(super) connection: WriteConnection,
    pub(super) transaction: Transaction,
    pub(super) answers: Answers,
    pub(super) reservation: Reservation,
    pub(super) begun: Instant,
    pub(super) seconds: Histogram,
}

impl Commit {
    /// Commits, and answers all callers; returns the connection, unless it cannot be trusted any more.
    pub(super) async fn run(self) -> Result<WriteConnection, JournalError> {
        let Self { replica, connection, transaction, answers, reservation, begun, seconds } = self;
        let committed = match connection.commit().await {
            Ok(()) => transaction.outcome(&answers),
            Err(error) => {
                transaction.fail(&error);
                Err(error)
            }
        };
        let pending = committed.as_ref().ok().map(|outcome| outcome.pending[Queue::Inbox]);
        replica.backlog.end(reservation, pending);
        seconds.record(begun.elapsed());
        answer(&replica, committed?);
        Ok(connection)
    }
}

/// Notes the leases, wakes those who wait for something to lease, and answers.
fn answer(replica: &Replica, outcome: Outcome) {
    let Outcome { pending, ready, appends, settles, leases } = outcome;
    for (request, answer) in &settles {
        replica.leases.remove(&request.input.lease);
        if let (Ok(()), Some(span)) = (answer, request.input.due_in()) {
            replica.next_due.bring_forward(span);
        }
    }
    for (request, entries) in &leases {
        let span = Duration::from_millis(request.input.span.try_into().unwrap_or(0));
        for entry in entries {
            replica.leases.add(&entry.lease, span);
        }
    }
    // Where the Outbox was full, no entry of the Inbox was leased: now that there is room, one can be.
    let sent =
        settles.iter().filter(|(request, _)| request.input.lease.queue == Queue::Outbox).count() as u64;
    let was_full =
        sent > 0 && pending[Queue::Outbox].saturating_add(sent) >= replica.options.max_pending;
    for queue in Queue::ALL {
        if ready[queue] || (queue == Queue::Inbox && was_full) {
            replica.notify(queue);
        }
    }
    for (request, answer) in appends {
        request.answer(answer);
    }
    for (request, answer) in settles {
        request.answer(answer);
    }
    for (request, entries) in leases {
        request.answer(Ok(entries));
    }
}
