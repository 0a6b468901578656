//! The errors of a service: it did not start, or it ended by itself.

use std::{error::Error as _, fmt, io, net::SocketAddr};

use crate::{client::ClientError, ids::AppKey, journal::JournalError};

/// The ports below this one are for privileged processes.
const FIRST_FREE_PORT: u16 = 1024;

/// The error of a service that did not start, or that ended by itself.
///
/// A `main` that returns this error shows its `Debug`, which therefore is as readable as its `Display`, with the causes and
/// the [hint](Self::hint).
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// A filter of the log is wrong.
    #[cfg(feature = "log")]
    #[error(transparent)]
    Log(#[from] crate::telemetry::LogError),
    /// The journal could not be opened or closed.
    #[error("the journal at `{url}`")]
    Journal {
        /// The address in the configuration, without a password.
        url: String,
        /// The cause.
        source: JournalError,
    },
    /// An address could not be listened on.
    #[error("cannot listen on {address} (`{key}`)")]
    Listen {
        /// The key in the configuration.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The client of an app could not be made.
    #[error("the client of app {app}")]
    Client {
        /// The app.
        app: AppKey,
        /// The cause.
        source: ClientError,
    },
    /// The service that `[desk] forward` names cannot be called: there are no certificates on this system, perhaps.
    #[cfg(feature = "rules")]
    #[error("cannot hand messages to the service of `desk.forward`")]
    Desk(#[source] ClientError),
    /// The process's signals could not be listened for.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
    /// A part that runs until the service is stopped has ended before, so the other parts were stopped, too. Accepted
    /// messages are in the journal, and handled after the next start.
    #[error("{part} ended by itself")]
    Ended {
        /// The part.
        part: &'static str,
    },
}

impl ServiceError {
    /// The hint what to do, unless the error or its cause says so.
    pub fn hint(&self) -> Option<String> {
        match self {
            #[cfg(feature = "log")]
            Self::Log(error) => Some(error.hint().to_owned()),
            Self::Listen { key, address, source } => Some(listen_hint(key, *address, source)),
            Self::Client { .. } => {
                Some("look at `api_url`, `key` and `[apps.portal]` in the configuration".to_owned())
            }
            Self::Ended { .. } => {
                Some("start it again; the lines of the log before this one say why".to_owned())
            }
            #[cfg(feature = "rules")]
            Self::Desk(_) => None,
            Self::Journal { .. } | Self::Signals(_) => None,
        }
    }
}

fn listen_hint(key: &str, address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied if address.port() < FIRST_FREE_PORT => format!(
            "ports below {FIRST_FREE_PORT} are for root, or CAP_NET_BIND_SERVICE: use 8080 behind the proxy (`{key}` in the \
             configuration)"
        ),
        io::ErrorKind::AddrInUse => {
            format!("is another program listening there? change `{key}` in the configuration")
        }
        io::ErrorKind::AddrNotAvailable => format!(
            "this machine does not have the address {}: change `{key}` in the configuration, to 0.0.0.0:{} for all that it has",
            address.ip(),
            address.port()
        ),
        _ => format!("change `{key}` in the configuration"),
    }
}

impl fmt::Debug for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        match self.hint() {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cannot_be_had_is_told_of_by_why() {
        for (port, kind, words) in [
            (
                80,
                io::ErrorKind::PermissionDenied,
                "ports below 1024 are for root, or CAP_NET_BIND_SERVICE",
            ),
            (8080, io::ErrorKind::PermissionDenied, "change `server.listen`"),
            (80, io::ErrorKind::AddrInUse, "is another program listening there?"),
            (8080, io::ErrorKind::AddrNotAvailable, "does not have the address 192.0.2.1"),
        ] {
            let address = SocketAddr::from(([192, 0, 2, 1], port));
            let error = ServiceError::Listen { key: "server.listen", address, source: kind.into() };
            let shown = format!("{error:?}");
            let first = format!("cannot listen on {address} (`server.listen`): ");
            assert!(shown.starts_with(&first) && shown.contains("\nhint: "), "{shown}");
            assert!(shown.contains(words), "{shown}");
        }
    }
}
