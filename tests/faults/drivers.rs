//! The journals that outlive a process: each of them meets the same faults.

use crate::support::{postgres::Cluster, process::Home};

/// The driver of a server's journal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Driver {
    Sqlite,
    Postgres,
}

impl Driver {
    /// The counting server with an empty journal; `None` where it cannot have one, unless under CI.
    pub(crate) async fn home(self, api_url: &str) -> Option<Home> {
        let home = Home::of_example("counting", api_url);
        match self {
            Self::Sqlite => Some(home),
            Self::Postgres => Some(home.with_journal(Cluster::shared().await?.database().await)),
        }
    }

    /// The homes of as many servers as can share a journal.
    pub(crate) async fn homes(self, api_url: &str) -> Option<Vec<Home>> {
        match self {
            Self::Sqlite => Some(vec![self.home(api_url).await?]),
            Self::Postgres => {
                let url = Cluster::shared().await?.database().await;
                let home = || Home::of_example("counting", api_url).with_journal(url.clone());
                Some(vec![home(), home()])
            }
        }
    }
}
