//! The options of the pumps, from `[dispatch]`, `[deliver]` and `[deliver.rate]`.

use crate::{
    config::sections::{PumpSection, RateSection},
    worker::{PumpOptions, SendRateOptions},
};

impl PumpSection {
    /// The options of the pump of this queue.
    pub(crate) fn options(&self) -> PumpOptions {
        PumpOptions {
            concurrency: self.concurrency,
            timeout: self.timeout,
            attempts: self.attempts,
            backoff: self.backoff,
            max_backoff: self.max_backoff,
        }
    }
}

impl RateSection {
    /// The options of the rate limiter.
    pub(crate) fn options(&self) -> SendRateOptions {
        SendRateOptions { per_second: self.per_second }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::options::default_config;

    #[test]
    fn the_defaults_of_the_pumps_are_those_of_the_configuration() {
        let config = default_config();
        let dispatch = PumpOptions { concurrency: 256, ..PumpOptions::default() };
        assert_eq!(format!("{:?}", config.dispatch.options()), format!("{dispatch:?}"));
        let deliver = PumpOptions::default();
        assert_eq!(format!("{:?}", config.deliver.options()), format!("{deliver:?}"));
        let rate = SendRateOptions::default();
        assert_eq!(format!("{:?}", config.deliver_rate.options()), format!("{rate:?}"));
    }
}
