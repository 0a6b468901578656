//! Commands of an operator's work, which are too rare for a kind of their own.

use std::fmt;

use super::{
    failure::{Failure, run},
    transaction::Transaction,
};
use crate::journal::{JournalError, driver::request::Request};

/// Work for the writer thread, with its waiter.
pub(super) struct AdministrationCommand(Box<dyn Administer>);

trait Administer: Send {
    fn run(&mut self, transaction: &mut Transaction<'_>) -> rusqlite::Result<()>;

    fn answer(self: Box<Self>, committed: &Result<(), JournalError>);
}

impl AdministrationCommand {
    pub(super) fn new<W, T>(request: Request<W, T>) -> Self
    where
        W: Fn(&mut Transaction<'_>) -> Result<T, Failure> + Send + 'static,
        T: Send + 'static,
    {
        Self(Box::new(request))
    }

    /// Does the work within an open transaction; only a failure of the store is an error.
    pub(super) fn run(&mut self, transaction: &mut Transaction<'_>) -> rusqlite::Result<()> {
        self.0.run(transaction)
    }

    /// Tells the waiter what came of the work, once it is known whether it was committed.
    pub(super) fn answer(self, committed: &Result<(), JournalError>) {
        self.0.answer(committed);
    }
}

impl<W, T> Administer for Request<W, T>
where
    W: Fn(&mut Transaction<'_>) -> Result<T, Failure> + Send,
    T: Send,
{
    fn run(&mut self, transaction: &mut Transaction<'_>) -> rusqlite::Result<()> {
        run(self, |work| work(transaction))
    }

    fn answer(self: Box<Self>, committed: &Result<(), JournalError>) {
        self.answer_committed(committed);
    }
}

impl fmt::Debug for AdministrationCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdministrationCommand").finish_non_exhaustive()
    }
}
