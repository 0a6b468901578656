//! The observer, through which the server under test reports its work on messages.

use std::fmt;

use super::{handling::HandlingStep, shared_state::SharedState};
use crate::clock::Clock;

/// The receiver of a server's reports; made by [`Sandbox::observer`](super::Sandbox::observer).
#[derive(Clone)]
pub struct Observer {
    pub(super) clock: Clock,
    pub(super) state: SharedState,
}

impl Observer {
    /// Notes a step. A step of a message that this sandbox has not delivered, or has forgotten, is ignored.
    pub fn note(&self, step: &HandlingStep) {
        let now = self.clock.now();
        self.state.lock().note_step(step, now);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}
