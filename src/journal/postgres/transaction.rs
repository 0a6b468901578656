//! What was asked together, as one transaction that is sent as a whole: the server can end it without us.

use std::collections::{HashMap, HashSet};

use futures_util::future::{BoxFuture, FutureExt, TryFutureExt, try_join_all};
use tokio_postgres::{Client, Error, Row as Found, Statement, types::ToSql};

use super::{
    arrays::{Limit, Lines, Rows, Seals, Settles},
    command::{Append, Ask, Call, Command, Row, Settle},
    error::Failure,
    key_hash::KeyHash,
    records,
    retry::BEGIN,
    statements::Statements,
};
use crate::{
    clock::UnixMillis,
    journal::{Appended, Entry, EntryId, JournalError, Lease, Queue},
};

/// Who writes, and what it knows without asking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    pub(super) replica: i64,
    /// The row of the tally that nobody else writes.
    pub(super) shard: i64,
    pub(super) max_pending: u64,
    /// The time, where it is not the database's to tell.
    pub(super) now: Option<i64>,
    /// Journal time.
    pub(super) elapsed: i64,
}

/// What a transaction did, besides what its callers asked for.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Pending entries by queue, after it.
    pub(super) pending: [u64; 2],
    /// Queues in which something can be leased because of it.
    pub(super) ready: [bool; 2],
}

/// Commands by kind, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    appends: Vec<Call<Append, Vec<Appended>>>,
    settles: Vec<Call<Settle, ()>>,
    leases: Vec<Call<Ask, Vec<Entry>>>,
}

/// The answers of the statements.
#[derive(Debug)]
pub(super) struct Answers {
    seals: Vec<Found>,
    locked: Vec<Found>,
    settled: Vec<Found>,
    added: Vec<Found>,
    aligned: Vec<Found>,
    leased: Vec<Vec<Found>>,
    sums: Vec<Found>,
}

impl Transaction {
    fn push(&mut self, command: Command) {
        match command {
            Command::Append(call) => self.appends.push(call),
            Command::Settle(call) => self.settles.push(call),
            Command::Lease(call) => self.leases.push(call),
        }
    }

    /// One append alone.
    pub(super) fn of(append: Call<Append, Vec<Appended>>) -> Self {
        Self { appends: vec![append], ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.appends.len() + self.settles.len() + self.leases.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries it may add to the Inbox's backlog.
    pub(super) fn most_new(&self) -> u64 {
        self.appends.iter().map(|call| call.input.most_new()).sum()
    }

    /// Takes the appends out, to be looked at one by one.
    pub(super) fn take_appends(&mut self) -> Vec<Call<Append, Vec<Appended>>> {
        std::mem::take(&mut self.appends)
    }

    /// Runs it, and says when only the commit is waited for; after an error it has changed nothing, or
    /// nothing is known of it.
    pub(super) async fn run(
        &self,
        client: &Client,
        statements: &Statements,
        Context { replica, shard, max_pending, now, elapsed }: Context,
    ) -> Result<Answers, Failure> {
        let (seals, settles) = (Seals::new(&self.appends), Settles::new(&self.settles));
        let rows = Rows::new(&self.appends, &self.settles);
        let lines = Lines::new(&self.appends, &self.settles);
        let max_pending = i64::try_from(max_pending).unwrap_or(i64::MAX);
        let limits: Vec<_> = self.leases.iter().map(|call| Limit::new(&call.input)).collect();

        let all = [
            (!seals.signatures.is_empty(), &statements.seal, seals.parameters(&elapsed)),
            (!lines.queues.is_empty(), &statements.lock, lines.parameters(&now)),
            (!settles.ids.is_empty(), &statements.settle, settles.parameters(&now, [&shard, &elapsed])),
            (!rows.queues.is_empty(), &statements.add, rows.parameters(&now, [&shard, &elapsed])),
            (!lines.queues.is_empty(), &statements.align, lines.aligned(&now, &settles.fences)),
        ];
        let leases: Vec<_> =
            limits.iter().map(|it| it.parameters(&now, &replica, &max_pending)).collect();

        // Each is sent when it is first polled, which is in this order; nothing is waited for in between.
        let mut steps = vec![client.batch_execute(BEGIN).map_ok(|()| Vec::new()).err_into().boxed()];
        let needed = all.each_ref().map(|(needed, ..)| *needed);
        for (_, statement, parameters) in all.iter().filter(|(needed, ..)| *needed) {
            steps.push(query(client, statement, parameters));
        }
        steps.extend(leases.iter().map(|parameters| query(client, &statements.lease, parameters)));
        steps.push(query(client, &statements.sum, &[]));

        let mut found = try_join_all(steps).await?.into_iter().skip(1);
        let mut next = |needed: bool| if needed { found.next().unwrap_or_default() } else { Vec::new() };
        let [seals, locked, settled, added, aligned] =
            [needed[0], needed[1], needed[2], needed[3], needed[4]].map(&mut next);
        let leased = self.leases.iter().map(|_| next(true)).collect();
        Ok(Answers { seals, locked, settled, added, aligned, leased, sums: next(true) })
    }

    /// What everybody is to be told.
    pub(super) fn outcome(self, answers: &Answers) -> Result<Outcome, Error> {
        let mut effects = Effects::default();
        for row in &answers.sums {
            effects.pending[usize::from(row.try_get::<_, i16>(0)? != 0)] =
                records::count(row.try_get(1)?);
        }
        for row in answers.locked.iter().chain(&answers.aligned) {
            effects.ready[usize::from(row.try_get::<_, i16>(0)? != 0)] |= row.try_get::<_, bool>(1)?;
        }
        let mut bound = HashMap::new();
        for row in &answers.seals {
            bound.insert(row.try_get::<_, Vec<u8>>(0)?, row.try_get::<_, KeyHash>(1)?);
        }
        let settled: HashSet<i64> =
            answers.settled.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let mut added = HashSet::new();
        for row in &answers.added {
            added.insert((row.try_get::<_, i16>(0)?, row.try_get::<_, KeyHash>(1)?));
        }
        let mut leased = Vec::new();
        for (call, rows) in self.leases.iter().zip(&answers.leased) {
            leased.push(entries(call.input.queue, rows)?);
        }

        let appends = self.appends.into_iter().map(|call| {
            let refused = call.input.bond.as_ref().is_some_and(|bond| {
                bound.get(&bond.signature[..]).is_some_and(|body| *body != call.input.sealed)
            });
            let answer =
                if refused { Err(JournalError::Bound) } else { Ok(appended(&call.input, &mut added)) };
            (call, answer)
        });
        let settles = self.settles.into_iter().map(|call| {
            let id = call.input.lease.id;
            let answer = if settled.contains(&id.0) { Ok(()) } else { Err(JournalError::LeaseLost(id)) };
            (call, answer)
        });
        Ok(Outcome {
            effects,
            appends: appends.collect(),
            settles: settles.collect(),
            leases: self.leases.into_iter().zip(leased).collect(),
        })
    }

    /// Tells everybody that it was not done, or that nothing is known of it.
    pub(super) fn fail(self, error: &JournalError) {
        let Self { appends, settles, leases } = self;
        for call in appends {
            Command::Append(call).fail(error);
        }
        for call in settles {
            Command::Settle(call).fail(error);
        }
        for call in leases {
            Command::Lease(call).fail(error);
        }
    }
}

/// What was committed, with those who wait for it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) effects: Effects,
    pub(super) appends: Vec<Answered<Append, Vec<Appended>>>,
    pub(super) settles: Vec<Answered<Settle, ()>>,
    pub(super) leases: Vec<Leased>,
}

/// A call for leases, and those that it gets.
type Leased = (Call<Ask, Vec<Entry>>, Vec<Entry>);

/// A call and its result.
type Answered<I, T> = (Call<I, T>, Result<T, JournalError>);

/// The first entry of a new key is the one that was added.
fn appended(append: &Append, added: &mut HashSet<(i16, KeyHash)>) -> Vec<Appended> {
    let mut answer = |row: &Row| {
        if added.remove(&(records::queue_number(row.entry.queue), row.key)) {
            Appended::New
        } else {
            Appended::Duplicate
        }
    };
    append.rows.iter().map(&mut answer).collect()
}

/// Leased entries, in the order in which they became ready.
fn entries(queue: Queue, rows: &[Found]) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let id = EntryId(row.try_get(3)?);
        let lease = Lease {
            id,
            queue,
            conversation: row.try_get::<_, KeyHash>(0)?.into(),
            fence: records::count(row.try_get(1)?),
        };
        let entry = Entry {
            lease,
            id,
            key: records::text(row.try_get(4)?),
            conversation: records::text(row.try_get(5)?),
            body: row.try_get::<_, Vec<u8>>(6)?.into(),
            attempt: records::attempts(row.try_get(7)?),
            accepted_at: UnixMillis(row.try_get(8)?),
        };
        entries.push((row.try_get::<_, i64>(2)?, entry));
    }
    entries.sort_by_key(|(ready_at, entry)| (*ready_at, entry.id));
    Ok(entries.into_iter().map(|(_, entry)| entry).collect())
}

/// A statement on its way.
type Step<'a> = BoxFuture<'a, Result<Vec<Found>, Failure>>;

fn query<'a>(
    client: &'a Client,
    statement: &'a Statement,
    parameters: &'a [&'a (dyn ToSql + Sync)],
) -> Step<'a> {
    client.query(statement, parameters).err_into().boxed()
}

impl FromIterator<Command> for Transaction {
    fn from_iter<T: IntoIterator<Item = Command>>(commands: T) -> Self {
        let mut transaction = Self::default();
        for command in commands {
            transaction.push(command);
        }
        transaction
    }
}
