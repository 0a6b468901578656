//! `[desk] forward`: the customer-service system that the messages of a person's conversations are handed to.

use std::time::Duration;

use toml::Value;
use url::Url;

use super::{forward::Forward, read, rule_set::CONNECT_TIMEOUT};
use crate::toml_values::Problem;

/// The place in the configuration.
const KEY: &str = "desk.forward";

/// The customer-service system that messages are handed to while a person has their conversation (`[desk] forward`).
#[derive(Debug, Clone)]
pub struct DeskForward {
    pub(crate) forward: Forward,
    /// The limit on establishing a connection.
    pub(crate) connect_timeout: Duration,
}

impl DeskForward {
    /// Reads the table `forward` of `[desk]`, which has the keys of a rule's `forward`.
    pub(crate) fn read(value: Value, problems: &mut Vec<Problem>) -> Option<Self> {
        let forward = read::forward(value, KEY, problems)?;
        Some(Self { forward, connect_timeout: CONNECT_TIMEOUT })
    }

    /// Sets another limit on establishing a connection.
    pub(crate) fn with_connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// The key and the service, as [`RuleSet::forwards`](super::RuleSet::forwards) gives them.
    pub(crate) fn as_forward(&self) -> (String, &Forward) {
        (KEY.to_owned(), &self.forward)
    }

    /// The address of the system.
    pub fn url(&self) -> &Url {
        &self.forward.url
    }
}
