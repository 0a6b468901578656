//! The entries that a job means.

use std::fmt;

use crate::journal::{Filter, Record};

/// The entries that a job means.
pub(crate) struct JobFilter {
    /// The part that the journal looks for. The runner sets limit, scan and order, and looks at the job's entries only.
    pub(crate) filter: Filter,
    /// Whether an entry that the journal has found is meant.
    pub(crate) admits: Box<dyn Fn(&Record) -> bool + Send + Sync>,
}

/// Reads a job's filter as the API has written it; the error says what this program does not understand.
pub(crate) type ReadFilter = fn(&str) -> Result<JobFilter, String>;

impl fmt::Debug for JobFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobFilter").field("filter", &self.filter).finish_non_exhaustive()
    }
}
