//! The state that the routes of the console share.

use std::sync::Arc;

use super::{access::Access, audit::Audit, facts::Facts, live::Events, options::Options};
use crate::{clock::Clock, desk::Desk, journal::Administration, statistics::Statistics};

/// The state that the routes of the console share.
#[derive(Debug)]
pub(super) struct Console {
    /// The journal, as an operator has it.
    pub(super) journal: Arc<dyn Administration>,
    /// The conversations that persons have.
    pub(super) desk: Desk,
    /// The clock of the server.
    pub(super) clock: Clock,
    /// The options of the console.
    pub(super) options: Options,
    /// The statistics of the servers.
    pub(super) statistics: Statistics,
    /// The live events of the server.
    pub(super) events: Events,
    /// The tokens and the way in.
    pub(super) access: Arc<Access>,
    /// The audit list, to which every action and every look is added beforehand.
    pub(super) audit: Audit,
}

impl Console {
    /// The parts from which entries are explained.
    pub(super) fn facts(&self) -> Facts<'_> {
        Facts { journal: &*self.journal, max_pending: self.options.max_pending }
    }
}
