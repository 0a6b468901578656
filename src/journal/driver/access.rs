//! The parties that open a journal: each is kept away by other marks and locks of the store.

/// The party that opens a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::journal) enum Access {
    /// A server, which makes the journal if there is none.
    Server,
    /// An operator's command, beside a running server.
    Operator,
    /// A copy from the journal, while no server runs.
    Source,
    /// A copy into the journal, while no server runs; the copy makes the journal.
    Target,
}
