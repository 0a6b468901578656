//! The source that the commands read from: the journal itself, or a running server that has it.

use std::sync::Arc;

use rongcloud_callback::{
    Config,
    clock::Clock,
    console::{Session, client::Client},
    journal::{self, Administration},
};

use crate::failure::Failure;

/// The right to read texts and bodies.
pub(super) const BODIES: &str = "bodies";

/// The source that the commands read from.
#[derive(Debug)]
pub(super) enum Source {
    /// The journal itself.
    Journal(Local),
    /// A server that has the journal.
    Server(Box<Remote>),
}

/// The journal itself.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) journal: Arc<dyn Administration>,
    /// The most pending entries of a queue.
    pub(super) max_pending: u64,
}

/// A server that has the journal.
#[derive(Debug)]
pub(super) struct Remote {
    pub(super) client: Client,
    /// The name and the rights of the caller.
    pub(super) session: Session,
}

impl Local {
    pub(super) async fn open(config: &Config) -> Result<Self, Failure> {
        let options = config.journal.options(Clock::system());
        let max_pending = options.max_pending;
        let opened = journal::open_operator(config.journal.url.expose(), options).await;
        let journal = opened.map_err(|error| {
            Failure::from(error).hint("`journal.url` in the configuration says where the journal is")
        })?;
        Ok(Self { journal, max_pending })
    }
}

impl Remote {
    /// Whether the caller may read texts and bodies.
    pub(super) fn may_read_texts(&self) -> bool {
        self.session.may.iter().any(|right| right == BODIES)
    }
}

impl Source {
    pub(super) async fn close(self) -> Result<(), Failure> {
        match self {
            Self::Journal(Local { journal, .. }) => Ok(journal.close().await?),
            Self::Server(_) => Ok(()),
        }
    }
}
