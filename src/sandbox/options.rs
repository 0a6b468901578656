//! How a sandbox is set up.

use std::{net::SocketAddr, time::Duration};

use secrecy::SecretString;

use super::Faults;
use crate::{clock::Clock, ids::AppKey};

/// How a sandbox is set up; the defaults suit tests.
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
    /// Where it listens: by default a free port of this machine.
    pub listen: SocketAddr,
    /// Whether it may listen, and answer its page, beyond this machine: by default not.
    pub allow_remote: bool,
    /// Names under which the page and its interface are answered, besides `localhost`: by default none.
    ///
    /// Addresses need not be named, and the platform's API is answered under any name. Another site can point a name of
    /// its own at this machine, so that its visitors' browsers take the sandbox for that site (DNS rebinding).
    pub allow_hosts: Vec<String>,
    /// The app: by default `sandbox`.
    pub app_key: AppKey,
    /// The app's secret: by default random.
    pub secret: SecretString,
    /// The access token of the portal push API: by default random.
    pub portal_token: SecretString,
    /// Where messages to the account `demo` go: by default nowhere.
    pub route_url: String,
    /// How long the server under test has to answer: by default 5 s, as the documents say.
    pub timeout: Duration,
    /// The pause before a further attempt: by default 1 s. The documents do not say.
    pub pause: Duration,
    /// The faults that it injects; none by default.
    pub faults: Faults,
    /// How many messages it remembers, the latest ones: by default 1000.
    pub remembered_messages: usize,
    /// Where the time comes from that is signed, checked and counted in days.
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
            clock: Clock::system(),
        }
    }
}
