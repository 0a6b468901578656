//! The events that a listener is told.

use std::sync::Arc;

use super::change::Changes;
use crate::{journal::Record, worker::Progress};

/// Something that has happened.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// An entry is new in the journal, of either queue and of any server.
    Entry(Arc<Record>),
    /// A worker of this server has made a step.
    Step(Arc<Progress>),
    /// Something has changed, and should be looked at again.
    Change(Changes),
    /// Events were left out, because they were too many or the listener too slow: everything should be looked at again.
    Lost,
}
