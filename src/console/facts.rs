//! The parts of a server from which entries are explained.

use crate::journal::Administration;

/// The parts of a server from which entries are explained; they are there without a server, too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    /// The journal, as an operator has it.
    pub(super) journal: &'a dyn Administration,
    /// The most pending entries of a queue.
    pub(super) max_pending: u64,
}
