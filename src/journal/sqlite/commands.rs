//! The commands that the writer thread runs, on their way there and back to their waiters.

use std::time::Duration;

use tokio::{
    runtime::{Handle, Runtime},
    sync::mpsc,
    task,
    time::timeout,
};

use super::{
    administration_command::AdministrationCommand, failure::run, purge::PurgeRange,
    transaction::Transaction,
};
use crate::journal::{
    Appended, AttemptFailure, ConversationChange, Entry, EntryId, JournalError, Lease, NewEntry,
    Outcome, Queue,
    driver::{
        purge::PurgeResult,
        request::{MAX_BATCH, Request},
    },
    time::DueIn,
};

/// A command on its way to the writer thread.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) command: Command,
    /// The runtime on which the command's waiter is a task, if it is one.
    waiter_runtime: Option<Handle>,
}

/// One command with its waiter.
#[derive(Debug)]
pub(super) enum Command {
    Append(Request<NewEntry, Appended>),
    Lease(Request<(Queue, usize, DueIn), Vec<Entry>>),
    Finish(Request<(Lease, Outcome), ()>),
    Postpone(Request<(Lease, DueIn, AttemptFailure), ()>),
    Release(Request<(Lease, DueIn, String), ()>),
    Bury(Request<(Lease, AttemptFailure), ()>),
    Revive(Request<EntryId, ()>),
    Discard(Request<EntryId, ()>),
    ChangeConversation(Request<ConversationChange, ()>),
    Administer(AdministrationCommand),
    Purge(Request<PurgeRange, PurgeResult>),
    Close(Request<(), ()>),
}

impl Queued {
    /// The command of a caller on the current runtime.
    pub(super) fn new(command: Command) -> Self {
        // A caller that is on a runtime without being its task may be all that there is of it: nothing else runs there.
        let waiter_runtime = task::try_id().and_then(|_| Handle::try_current().ok());
        Self { command, waiter_runtime }
    }

    pub(super) fn is_close(&self) -> bool {
        matches!(self.command, Command::Close(_))
    }
}

impl Command {
    /// Runs the command within an open transaction; only a failure of the store is an error.
    pub(super) fn run(&mut self, transaction: &mut Transaction<'_>) -> rusqlite::Result<()> {
        match self {
            Self::Append(request) => run(request, |entry| transaction.append(entry)),
            Self::Lease(request) => {
                run(request, |(queue, limit, until)| transaction.lease(*queue, *limit, *until))
            }
            Self::Finish(request) => run(request, |(lease, outcome)| transaction.finish(lease, outcome)),
            Self::Postpone(request) => {
                run(request, |(lease, until, failure)| transaction.postpone(lease, *until, failure))
            }
            Self::Release(request) => {
                run(request, |(lease, until, reason)| transaction.release(lease, *until, reason))
            }
            Self::Bury(request) => run(request, |(lease, failure)| transaction.bury(lease, failure)),
            Self::Revive(request) => run(request, |id| transaction.revive(*id)),
            Self::Discard(request) => run(request, |id| transaction.discard(*id)),
            Self::ChangeConversation(request) => {
                run(request, |change| transaction.change_conversation(change))
            }
            Self::Administer(command) => command.run(transaction),
            Self::Purge(request) => run(request, |range| Ok(transaction.purge(*range)?)),
            // The writer thread keeps this command until everything before it is done.
            Self::Close(request) => {
                request.keep_result(Ok(()));
                Ok(())
            }
        }
    }

    /// Tells the waiter what came of the command, once it is known whether it was committed.
    fn answer(self, committed: &Result<(), JournalError>) {
        match self {
            Self::Append(request) => request.answer_committed(committed),
            Self::Lease(request) => request.answer_committed(committed),
            Self::Finish(request) => request.answer_committed(committed),
            Self::Postpone(request) => request.answer_committed(committed),
            Self::Release(request) => request.answer_committed(committed),
            Self::Bury(request) => request.answer_committed(committed),
            Self::Revive(request) | Self::Discard(request) => request.answer_committed(committed),
            Self::ChangeConversation(request) => request.answer_committed(committed),
            Self::Administer(command) => command.answer(committed),
            Self::Purge(request) => request.answer_committed(committed),
            Self::Close(request) => request.answer(committed.clone()),
        }
    }
}

/// Tells every waiter what came of its command.
///
/// Waking a task from another thread is a system call, and costs as much as half the command. So all answers of a
/// runtime are given by one task there, which also frees the commands where they were allocated.
pub(super) fn answer_all(batch: &mut Vec<Queued>, committed: &Result<(), JournalError>) {
    let mut by_runtime: Vec<(Handle, Vec<Command>)> = Vec::new();
    for Queued { command, waiter_runtime } in batch.drain(..) {
        let Some(runtime) = waiter_runtime else {
            command.answer(committed);
            continue;
        };
        match by_runtime.iter_mut().find(|(known, _)| known.id() == runtime.id()) {
            Some((_, commands)) => commands.push(command),
            None => by_runtime.push((runtime, vec![command])),
        }
    }
    for (runtime, commands) in by_runtime {
        let committed = committed.clone();
        runtime.spawn(async move {
            for command in commands {
                command.answer(&committed);
            }
        });
    }
}

/// The writer thread's end of the queue of commands.
#[derive(Debug)]
pub(super) struct CommandReceiver {
    commands: mpsc::Receiver<Queued>,
    /// The runtime that ends a wait for commands after a time; no task ever runs on it.
    runtime: Runtime,
}

/// The result of a wait for commands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    Commands,
    TimedOut,
    /// No command waits, and none will come.
    Closed,
}

impl CommandReceiver {
    pub(super) fn new(commands: mpsc::Receiver<Queued>) -> Result<Self, JournalError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| JournalError::Unavailable(error.to_string().into()))?;
        Ok(Self { commands, runtime })
    }

    /// Takes the commands that wait, or waits for one for a time.
    pub(super) fn receive(&mut self, batch: &mut Vec<Queued>, wait: Duration) -> Received {
        let receive = async { timeout(wait, self.commands.recv_many(batch, MAX_BATCH)).await };
        match self.runtime.block_on(receive) {
            Ok(0) => Received::Closed,
            Ok(_) => Received::Commands,
            Err(_) => Received::TimedOut,
        }
    }

    /// Takes no more commands but those that wait already.
    pub(super) fn close(&mut self) {
        self.commands.close();
    }
}
