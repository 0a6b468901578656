//! The options of the log, from `[log]` and the environment.

use crate::{
    config::{
        env::log_filter,
        sections::{LogFormat, LogSection},
    },
    telemetry::{Format, Options},
};

impl LogSection {
    /// The options of the log, with the filter of the environment variable `RUST_LOG`.
    pub fn options(&self) -> Options {
        Options {
            format: match self.format {
                LogFormat::Text => Format::Text,
                LogFormat::Json => Format::Json,
            },
            level: self.level.clone(),
            environment: log_filter(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::options::default_config;

    #[test]
    fn the_defaults_of_the_log_are_those_of_the_configuration() {
        let options = default_config().log.options();
        let defaults = Options { environment: options.environment.clone(), ..Options::default() };
        assert_eq!(format!("{options:?}"), format!("{defaults:?}"));
    }
}
