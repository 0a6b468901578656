//! The options of a sandbox.

use std::{net::SocketAddr, time::Duration};

use secrecy::SecretString;

use super::faults::Faults;
use crate::{clock::Clock, ids::AppKey};

/// The options of a sandbox; the defaults suit tests.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::sandbox::Options;
///
/// let options = Options { app_key: "uwd1c0sxdlx2".into(), ..Options::default() };
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    /// The address to listen on; by default a free port of this machine.
    pub listen: SocketAddr,
    /// Whether other machines may use the sandbox and its page; by default they may not.
    pub allow_remote: bool,
    /// The names under which the page and its interface are answered, besides `localhost`; by default none.
    ///
    /// Addresses need not be named, and the platform's API is answered under any name. Names are checked because another
    /// site can point its own name at this machine, so that its visitors' browsers take the sandbox for that site (DNS
    /// rebinding).
    pub allow_hosts: Vec<String>,
    /// The app's key; by default `sandbox`.
    pub app_key: AppKey,
    /// The app's secret; by default random.
    pub secret: SecretString,
    /// The access token of the portal push API; by default random.
    pub portal_token: SecretString,
    /// The address that messages to the account `demo` are posted to; by default none.
    pub route_url: String,
    /// The time in which the server under test must answer; by default 5 s, as the documents say.
    pub timeout: Duration,
    /// The pause before a further attempt; by default 1 s. The documents name none.
    pub pause: Duration,
    /// The faults that are injected; by default none.
    pub faults: Faults,
    /// The number of messages that are kept, the latest ones; by default 1000.
    pub remembered_messages: usize,
    /// The clock for signatures, for their check, and for the day of a message to all followers; by default one on which a
    /// test can [let time pass](super::Sandbox::advance).
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        let random = || SecretString::from(format!("{:016x}", rand::random::<u64>()));
        Self {
            listen: ([127, 0, 0, 1], 0).into(),
            allow_remote: false,
            allow_hosts: Vec::new(),
            app_key: "sandbox".into(),
            secret: random(),
            portal_token: random(),
            route_url: String::new(),
            timeout: Duration::from_secs(5),
            pause: Duration::from_secs(1),
            faults: Faults::default(),
            remembered_messages: 1000,
            clock: Clock::advanceable(),
        }
    }
}
