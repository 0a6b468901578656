//! The options of the callbacks: the limits that all apps share, and what each app's endpoint is.

use std::{sync::Arc, time::Duration};

use ipnet::IpNet;
use secrecy::SecretString;

use crate::{ids::AppKey, signature::Timestamps, statistics::Counters};

/// The limits that hold for the callbacks of all apps.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most bytes of a body. Default: 64 KiB.
    pub max_body: usize,
    /// Most time from the arrival of a request to the end of its body. Default: 3 seconds.
    pub body_timeout: Duration,
    /// Most time from the arrival of a request until its message is durable. Default: 4 seconds.
    pub answer_timeout: Duration,
    /// Most callbacks at once that wait for the rest of their bodies. Default: 8000.
    pub max_waiting_bodies: usize,
    /// Most callbacks at once whose bodies are there, and that wait for the journal. Default: 4096.
    pub max_in_flight: usize,
    /// Networks of the proxies whose `X-Forwarded-For` is believed. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// Largest difference between a callback's timestamp and the clock of this server. Default: 5 minutes.
    pub timestamp_tolerance: Duration,
    /// Number of recent signatures that are bound to their body in memory, for each app. Default: 100000.
    pub signature_memory: usize,
    /// The counters of the callbacks, for the statistics.
    pub counters: Arc<Counters>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_body: 64 * 1024,
            body_timeout: Duration::from_secs(3),
            answer_timeout: Duration::from_secs(4),
            max_waiting_bodies: 8000,
            max_in_flight: 4096,
            trusted_proxies: Vec::new(),
            timestamp_tolerance: Duration::from_mins(5),
            signature_memory: 100_000,
            counters: Arc::default(),
        }
    }
}

/// The endpoint of one app.
#[derive(Debug, Clone)]
pub struct EndpointOptions {
    /// The App Key.
    pub app: AppKey,
    /// The exact path that the app's callbacks are posted to.
    pub path: String,
    /// The App Secrets, all valid at once.
    pub secrets: Vec<SecretString>,
    /// The unit of the timestamps of the app's callbacks.
    pub timestamps: Timestamps,
}
