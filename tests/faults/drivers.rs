//! The journals that outlive a process: each of them meets the same faults.

use crate::support::{postgres::Cluster, process::Home};

/// The driver of a server's journal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Driver {
    Sqlite,
    Postgres,
}

impl Driver {
    /// The echoing server with an empty journal; `None` where it cannot have one, unless under CI.
    pub(crate) async fn home(self, api_url: &str) -> Option<Home> {
        let home = Home::of_example("echo", api_url);
        match self {
            Self::Sqlite => Some(home),
            Self::Postgres => Some(home.with_journal(Cluster::shared().await?.database().await)),
        }
    }
}
