//! Why a service did not start, or ended by itself.

use std::{io, net::SocketAddr};

use crate::{client::ClientError, ids::AppKey, journal::JournalError};

/// Why a service did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The journal could not be opened or closed.
    #[error("the journal at `{url}`")]
    Journal {
        /// Its address in the configuration, without a password.
        url: String,
        /// What is wrong.
        source: JournalError,
    },
    /// An address could not be listened on.
    #[error("cannot listen on {address} (`{key}`)")]
    Listen {
        /// The key in the configuration.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What is wrong.
        source: io::Error,
    },
    /// The client of an app could not be made.
    #[error("the client of app {app}")]
    Client {
        /// The app.
        app: AppKey,
        /// What is wrong.
        source: ClientError,
    },
    /// The process's signals could not be listened for.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
    /// A part that runs until the service is stopped has ended before, so the rest was stopped, too. What was accepted is
    /// in the journal, and handled after the next start.
    #[error("{part} ended by itself")]
    Ended {
        /// The part.
        part: &'static str,
    },
}
