//! The errors of calls to another server's console, by what their caller can do about them.

use crate::console::error::ErrorBody;

/// Why a call to a server's console failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// The client cannot be built, or the request cannot be written: change what the message names.
    #[error("{0}")]
    Setup(String),
    /// No answer came: is a server running there? Whether the request was carried out is not known.
    #[error("no answer from {server}: {cause}")]
    NoAnswer {
        /// The server's address.
        server: String,
        /// The reason.
        cause: String,
    },
    /// The answer is none of a console: another program or another listener answers there.
    #[error("{server} is no console: {what}")]
    Foreign {
        /// The server's address.
        server: String,
        /// The answer in a few words.
        what: String,
    },
    /// There is no such route: the server is older than this program, or it was built without a console.
    #[error("{server} has no {path}")]
    Older {
        /// The server's address.
        server: String,
        /// The path of the route.
        path: String,
    },
    /// The console refused the request, or could not carry it out.
    #[error("{server} answered: {}", body.error)]
    Refused {
        /// The server's address.
        server: String,
        /// HTTP status.
        status: u16,
        /// The reason, and what is missing.
        body: Box<ErrorBody>,
    },
}

impl ConsoleError {
    /// HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The right that is missing, such as `operate`.
    pub fn missing(&self) -> Option<&str> {
        match self {
            Self::Refused { body, .. } => body.missing.as_deref(),
            _ => None,
        }
    }
}
