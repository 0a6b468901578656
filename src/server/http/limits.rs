//! The limits of a listener's connections.

use std::time::Duration;

/// The limits of a listener's connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Most time until the headers of a request are complete. The limit also closes idle connections, and connections
    /// whose peer reads no answer. The limit becomes shorter once more than half of the connections are taken.
    pub header_timeout: Duration,
    /// Most connections at once. Further connections wait in the operating system's queue, as do connections for which
    /// the process may open no more files.
    pub max_connections: usize,
    /// Most time that open requests may take once the listener stops.
    pub drain_timeout: Duration,
}

impl Default for ConnectionLimits {
    /// Limits for the operators' endpoints: few connections, short requests.
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(15),
            max_connections: 256,
            drain_timeout: Duration::from_secs(2),
        }
    }
}
