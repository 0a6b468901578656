//! What the writer thread is asked to do, each with its waiter.

use tokio::{runtime::Handle, sync::oneshot, task};

use super::{
    purge::{Purged, Stretch},
    verbs::{Fault, Verbs},
};
use crate::journal::{
    Appended, Entry, EntryId, JournalError, Lease, NewEntry, Queue, error::closed_error, time::Ahead,
};

/// A command on its way to the writer thread.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) command: Command,
    /// Where its waiter is; none for the writer's own.
    pub(super) home: Option<Handle>,
}

/// One command.
#[derive(Debug)]
pub(super) enum Command {
    Append(Call<NewEntry, Appended>),
    Lease(Call<(Queue, usize, Ahead), Vec<Entry>>),
    Finish(Call<(Lease, Vec<NewEntry>), ()>),
    Postpone(Call<(Lease, Ahead, String), ()>),
    Release(Call<(Lease, Ahead, String), ()>),
    Bury(Call<(Lease, String), ()>),
    Revive(Call<EntryId, ()>),
    Discard(Call<EntryId, ()>),
    Purge(Call<Stretch, Purged>),
    Close(Call<(), ()>),
}

/// A command's input, its result once it was run, and who waits for it.
#[derive(Debug)]
pub(super) struct Call<I, T> {
    input: I,
    result: Option<Result<T, JournalError>>,
    waiter: oneshot::Sender<Result<T, JournalError>>,
}

impl<I, T> Call<I, T> {
    pub(super) fn new(input: I) -> (Self, oneshot::Receiver<Result<T, JournalError>>) {
        let (waiter, answer) = oneshot::channel();
        (Self { input, result: None, waiter }, answer)
    }

    /// A refusal is the command's own result; only the store's failure is the whole batch's.
    fn run(&mut self, verb: impl FnOnce(&I) -> Result<T, Fault>) -> rusqlite::Result<()> {
        self.result = Some(match verb(&self.input) {
            Ok(result) => Ok(result),
            Err(Fault::Refused(refusal)) => Err(refusal),
            Err(Fault::Store(error)) => return Err(error),
        });
        Ok(())
    }

    fn answer(mut self, committed: &Result<(), JournalError>) {
        let answer = match (committed, self.result.take()) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(closed_error()),
            (Err(error), _) => Err(error.clone()),
        };
        self.send(answer);
    }

    fn send(self, result: Result<T, JournalError>) {
        // Whoever waited may have given up; what was done is done.
        let _ = self.waiter.send(result);
    }
}

impl Order {
    /// The order of a caller on the current runtime, if it is one of its tasks.
    ///
    /// Who is on a runtime without being its task may be all that there is of it: nothing else runs there then.
    pub(super) fn new(command: Command) -> Self {
        let home = task::try_id().and_then(|_| Handle::try_current().ok());
        Self { command, home }
    }
}

/// Tells every waiter what came of its command.
///
/// Waking a task from another thread is a system call, and costs as much as half the command. So all answers of a
/// runtime are given by one task there, which also frees what was asked where it was allocated.
pub(super) fn answer(orders: &mut Vec<Order>, committed: &Result<(), JournalError>) {
    let mut homes: Vec<(Handle, Vec<Command>)> = Vec::new();
    for Order { command, home } in orders.drain(..) {
        let Some(home) = home else {
            command.answer(committed);
            continue;
        };
        match homes.iter_mut().find(|(known, _)| known.id() == home.id()) {
            Some((_, commands)) => commands.push(command),
            None => homes.push((home, vec![command])),
        }
    }
    for (home, commands) in homes {
        let committed = committed.clone();
        home.spawn(async move {
            for command in commands {
                command.answer(&committed);
            }
        });
    }
}

impl Command {
    /// Does it, within an open transaction.
    pub(super) fn run(&mut self, verbs: &mut Verbs<'_>) -> rusqlite::Result<()> {
        match self {
            Self::Append(call) => call.run(|entry| verbs.append(entry)),
            Self::Lease(call) => call.run(|(queue, limit, until)| verbs.lease(*queue, *limit, *until)),
            Self::Finish(call) => call.run(|(lease, follow_ups)| verbs.finish(lease, follow_ups)),
            Self::Postpone(call) => {
                call.run(|(lease, until, reason)| verbs.postpone(lease, *until, reason))
            }
            Self::Release(call) => {
                call.run(|(lease, until, reason)| verbs.release(lease, *until, reason))
            }
            Self::Bury(call) => call.run(|(lease, reason)| verbs.bury(lease, reason)),
            Self::Revive(call) => call.run(|id| verbs.revive(*id)),
            Self::Discard(call) => call.run(|id| verbs.discard(*id)),
            Self::Purge(call) => call.run(|stretch| verbs.purge(*stretch)),
            // Not the store's: the thread keeps it until everything before it is done.
            Self::Close(_) => Ok(()),
        }
    }

    /// Tells its waiter what came of it, once it is known whether it was committed.
    pub(super) fn answer(self, committed: &Result<(), JournalError>) {
        match self {
            Self::Append(call) => call.answer(committed),
            Self::Lease(call) => call.answer(committed),
            Self::Finish(call) => call.answer(committed),
            Self::Postpone(call) | Self::Release(call) => call.answer(committed),
            Self::Bury(call) => call.answer(committed),
            Self::Revive(call) | Self::Discard(call) => call.answer(committed),
            Self::Purge(call) => call.answer(committed),
            Self::Close(call) => call.send(committed.clone()),
        }
    }
}
