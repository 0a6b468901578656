//! One transaction for all requests that were taken together.

use std::collections::{HashMap, HashSet};

use futures_util::future::{BoxFuture, FutureExt, TryFutureExt, try_join_all};
use tokio_postgres::{Client, Row, Statement, types::ToSql};

use super::{
    arrays::{BindingArrays, ConversationArrays, EntryArrays, LeaseValues, SettleArrays},
    attempts::AttemptArrays,
    commands::{Append, Command, LeaseOptions, Settle},
    error::{Failure, unavailable_error},
    key_hash::KeyHash,
    outcome_arrays::{ScheduledArrays, StateArrays},
    records::{count, leased_entries, queue},
    retry::BEGIN,
    statements::Statements,
};
use crate::journal::{
    Appended, Entry, EntryKey, JournalError, PerQueue, Queue,
    driver::{numbers::queue_number, request::Request},
};

/// The values that all statements of a transaction share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) replica: i64,
    /// The name of the replica.
    pub(super) replica_name: &'a str,
    /// The shard of the tally that only this connection writes.
    pub(super) shard: i64,
    pub(super) max_pending: u64,
    /// The time, where a test's clock gives it; otherwise it is the database's to tell.
    pub(super) now: Option<i64>,
    /// Journal time.
    pub(super) elapsed: i64,
}

/// The requests of one transaction by kind, each kind in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    appends: Vec<Request<Append, Option<Appended>>>,
    settles: Vec<Request<Settle, ()>>,
    leases: Vec<Request<LeaseOptions, Vec<Entry>>>,
}

/// The rows that the statements of a transaction have returned.
#[derive(Debug)]
pub(super) struct Answers {
    bound: Vec<Row>,
    locked: Vec<Row>,
    settled: Vec<Row>,
    added: Vec<Row>,
    aligned: Vec<Row>,
    leased: Vec<Vec<Row>>,
    sums: Vec<Row>,
}

/// The result of a transaction, with the callers who wait for it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The pending entries after the transaction.
    pub(super) pending: PerQueue<u64>,
    /// Whether something can be leased because of the transaction.
    pub(super) ready: PerQueue<bool>,
    pub(super) appends: Vec<Answered<Append, Option<Appended>>>,
    pub(super) settles: Vec<Answered<Settle, ()>>,
    pub(super) leases: Vec<Leased>,
}

/// A request and its result.
type Answered<I, T> = (Request<I, T>, Result<T, JournalError>);

/// A request for leases, and the entries that it gets.
type Leased = (Request<LeaseOptions, Vec<Entry>>, Vec<Entry>);

impl Transaction {
    /// A transaction of one append alone.
    pub(super) fn of_append(append: Request<Append, Option<Appended>>) -> Self {
        Self { appends: vec![append], ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.appends.len() + self.settles.len() + self.leases.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most entries that the transaction may add to the Inbox's backlog.
    pub(super) fn max_added(&self) -> u64 {
        self.appends.iter().filter(|request| request.input.row_of_inbox().is_some()).count() as u64
    }

    /// Whether something of the Inbox is to be leased.
    pub(super) fn leases_inbox(&self) -> bool {
        self.leases.iter().any(|request| request.input.queue == Queue::Inbox)
    }

    /// Takes the appends out, to be looked at one by one.
    pub(super) fn take_appends(&mut self) -> Vec<Request<Append, Option<Appended>>> {
        std::mem::take(&mut self.appends)
    }

    /// Begins the transaction and runs its statements. After an error the transaction has changed nothing, or it is not
    /// known whether it has.
    pub(super) async fn run(
        &self,
        client: &Client,
        statements: &Statements,
        Context { replica, replica_name, shard, max_pending, now, elapsed }: Context<'_>,
    ) -> Result<Answers, Failure> {
        let (bindings, settles) = (BindingArrays::new(&self.appends), SettleArrays::new(&self.settles));
        let entries = EntryArrays::new(&self.appends, &self.settles);
        let conversations = ConversationArrays::new(&self.appends, &self.settles);
        let max_pending = i64::try_from(max_pending).unwrap_or(i64::MAX);
        let (attempts, replica_name) = (AttemptArrays::new(&self.settles), replica_name.as_bytes());
        let (states, scheduled) = (StateArrays::new(&self.settles), ScheduledArrays::new(&self.settles));
        let leases: Vec<_> =
            self.leases.iter().map(|request| LeaseValues::new(&request.input)).collect();

        let all = [
            (!bindings.signatures.is_empty(), &statements.bind, bindings.parameters(&elapsed)),
            (!conversations.queues.is_empty(), &statements.lock, conversations.lock(&now)),
            (!settles.ids.is_empty(), &statements.settle, settles.parameters(&now, &shard, &elapsed)),
            (!entries.queues.is_empty(), &statements.add, entries.parameters(&now, &shard, &elapsed)),
            (!attempts.is_empty(), &statements.keep_attempts, attempts.parameters(&now, &replica_name)),
            (!states.is_empty(), &statements.change_states, states.parameters(&now)),
            (!scheduled.is_empty(), &statements.schedule, scheduled.parameters(&now)),
            (
                !conversations.queues.is_empty(),
                &statements.align,
                conversations.align(&now, &settles.fences),
            ),
        ];
        let leases: Vec<_> = leases
            .iter()
            .map(|values| values.parameters(&now, &replica, &max_pending, &elapsed))
            .collect();

        // Each statement is sent when it is first polled, which is in this order; nothing is waited for in between.
        let begin = client.batch_execute(BEGIN).map_ok(|()| Vec::new());
        let mut steps = vec![begin.err_into().boxed()];
        let needed = all.each_ref().map(|(needed, ..)| *needed);
        for (_, statement, parameters) in all.iter().filter(|(needed, ..)| *needed) {
            steps.push(query(client, statement, parameters));
        }
        steps.extend(leases.iter().map(|parameters| query(client, &statements.lease, parameters)));
        steps.push(query(client, &statements.sum, &[]));

        let mut found = try_join_all(steps).await?.into_iter().skip(1);
        let mut next = |needed: bool| if needed { found.next().unwrap_or_default() } else { Vec::new() };
        let [bound, locked, settled, added, _, _, _, aligned] = needed.map(&mut next);
        let leased = self.leases.iter().map(|_| next(true)).collect();
        Ok(Answers { bound, locked, settled, added, aligned, leased, sums: next(true) })
    }

    /// The result of each request, once the transaction is committed.
    pub(super) fn outcome(self, answers: &Answers) -> Result<Outcome, JournalError> {
        let read = || -> Result<_, tokio_postgres::Error> {
            let mut leased = Vec::new();
            for (request, rows) in self.leases.iter().zip(&answers.leased) {
                leased.push(leased_entries(request.input.queue, rows)?);
            }
            Ok((answers.pending()?, answers.ready()?, answers.results()?, leased))
        };
        let (pending, ready, mut results, leased) = match read() {
            Ok(all) => all,
            Err(error) => {
                let error = unavailable_error(&error);
                self.fail(&error);
                return Err(error);
            }
        };
        let mut appends = Vec::with_capacity(self.appends.len());
        for request in self.appends {
            let answer = results.of_append(&request.input);
            appends.push((request, answer));
        }
        let settles = self.settles.into_iter().map(|request| {
            let id = request.input.lease.id;
            let answer = match results.settled.get(&id.0) {
                Some(false) => Ok(()),
                Some(true) => Err(JournalError::StateChanged(id)),
                None => Err(JournalError::LeaseLost(id)),
            };
            (request, answer)
        });
        Ok(Outcome {
            pending,
            ready,
            appends,
            settles: settles.collect(),
            leases: self.leases.into_iter().zip(leased).collect(),
        })
    }

    /// Tells all callers that their requests were not done, or that it is not known whether they were.
    pub(super) fn fail(self, error: &JournalError) {
        for request in self.appends {
            request.answer(Err(error.clone()));
        }
        for request in self.settles {
            request.answer(Err(error.clone()));
        }
        for request in self.leases {
            request.answer(Err(error.clone()));
        }
    }
}

impl FromIterator<Command> for Transaction {
    fn from_iter<T: IntoIterator<Item = Command>>(commands: T) -> Self {
        let mut transaction = Self::default();
        for command in commands {
            match command {
                Command::Append(request) => transaction.appends.push(request),
                Command::Settle(request) => transaction.settles.push(request),
                Command::Lease(request) => transaction.leases.push(request),
            }
        }
        transaction
    }
}

/// The results of appends and settles, by what the statements have returned.
struct Results {
    /// The body that each signature is bound to.
    bound: HashMap<Vec<u8>, KeyHash>,
    /// The numbers of the entries whose leases counted, and whether the state of the conversation had changed, so that
    /// the entry was not finished.
    settled: HashMap<i64, bool>,
    /// The queues and keys of the entries that were added, as far as no append was told so.
    added: HashSet<(i16, EntryKey)>,
}

impl Results {
    /// The result of an append. Of several with the same new key the first one is the one that was added.
    fn of_append(&mut self, append: &Append) -> Result<Option<Appended>, JournalError> {
        let is_refused = append.binding.as_ref().is_some_and(|binding| {
            self.bound.get(&binding.signature[..]).is_some_and(|body| *body != binding.body)
        });
        if is_refused {
            return Err(JournalError::SignatureReused);
        }
        Ok(append.row.as_ref().map(|row| {
            let is_new = self.added.remove(&(queue_number(row.entry.queue), row.entry.key));
            if is_new { Appended::New } else { Appended::Duplicate }
        }))
    }
}

impl Answers {
    fn pending(&self) -> Result<PerQueue<u64>, tokio_postgres::Error> {
        let mut pending = PerQueue::default();
        for row in &self.sums {
            pending[queue(row, 0)?] = count(row.try_get(1)?);
        }
        Ok(pending)
    }

    /// The queues in which something is ready: it was when its conversation was locked, so that a lease elsewhere may
    /// have passed it over, or it is now.
    fn ready(&self) -> Result<PerQueue<bool>, tokio_postgres::Error> {
        let mut ready = PerQueue::default();
        for row in self.locked.iter().chain(&self.aligned) {
            ready[queue(row, 0)?] |= row.try_get::<_, bool>(1)?;
        }
        Ok(ready)
    }

    fn results(&self) -> Result<Results, tokio_postgres::Error> {
        let bound = self.bound.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        let settled = self.settled.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        let added = self.added.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(Results {
            bound: bound.collect::<Result<_, tokio_postgres::Error>>()?,
            settled: settled.collect::<Result<_, tokio_postgres::Error>>()?,
            added: added.collect::<Result<_, tokio_postgres::Error>>()?,
        })
    }
}

/// A statement that was sent, and whose rows are waited for.
type Step<'a> = BoxFuture<'a, Result<Vec<Row>, Failure>>;

fn query<'a>(
    client: &'a Client,
    statement: &'a Statement,
    parameters: &'a [&'a (dyn ToSql + Sync)],
) -> Step<'a> {
    client.query(statement, parameters).err_into().boxed()
}
