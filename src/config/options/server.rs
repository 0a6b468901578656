//! The options of the callbacks and of their listener, from `[server]` and `[[apps]]`.

use crate::{
    config::sections::{AppSection, ServerSection},
    server::{ConnectionLimits, EndpointOptions, Options},
};

impl ServerSection {
    /// The limits on the callbacks of all apps.
    pub fn options(&self) -> Options {
        Options {
            max_body: usize::try_from(self.max_body.as_u64()).unwrap_or(usize::MAX),
            body_timeout: self.body_timeout,
            answer_timeout: self.answer_timeout,
            max_waiting_bodies: self.max_connections.div_ceil(2),
            max_in_flight: self.max_in_flight,
            trusted_proxies: self.trusted_proxies.clone(),
            timestamp_tolerance: self.timestamp_tolerance,
            signature_memory: self.signature_memory,
            ..Options::default()
        }
    }

    /// The limits on the connections of the callback listener.
    pub fn connection_limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            header_timeout: self.header_timeout,
            max_connections: self.max_connections,
            // The longest time that a request can take once its headers are complete.
            drain_timeout: self.body_timeout + self.answer_timeout,
        }
    }
}

impl AppSection {
    /// The endpoint of this app's callbacks.
    pub fn endpoint(&self) -> EndpointOptions {
        EndpointOptions {
            app: self.key.clone(),
            path: self.path.clone(),
            secrets: self.secrets.clone(),
            timestamps: self.timestamps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::options::default_config;

    #[test]
    fn the_defaults_of_the_server_are_those_of_the_configuration() {
        let section = default_config().server;
        assert_eq!(format!("{:?}", section.options()), format!("{:?}", Options::default()));
    }
}
