//! The callbacks: new messages of the journal's users, which come whether or not the earlier ones were answered.

use std::{
    io::Write,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use rongcloud_callback::{clock::Clock, signature::signed_query};
use secrecy::SecretString;

use crate::{
    content,
    open_loop::{self, Plan, Sample},
    percentile::percentile,
    server::SECRET,
    users::{conversation, user_of},
};

/// Most connections at a time.
const CONNECTIONS: usize = 256;
/// How many messages one run may have: more than it has.
const MOST: u64 = 1 << 32;

/// The rate of the callbacks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) server: SocketAddr,
    /// Callbacks a second.
    pub(crate) rate: f64,
}

/// The acknowledgements of callbacks.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    /// From when each callback was due to its 200.
    latencies: Vec<Duration>,
    /// How many callbacks had another answer, or none.
    refused: usize,
}

impl Load {
    /// Sends callbacks for `span`.
    pub(crate) fn run(self, span: Duration) -> Acks {
        // No two messages are equal, and none is one of the journal's.
        static NEXT: AtomicU64 = AtomicU64::new(MOST);
        let first = NEXT.fetch_add(MOST, Ordering::Relaxed);
        let (secret, clock) = (SecretString::from(SECRET), Clock::system());
        let plan = Plan { server: self.server, rate: self.rate, span, connections: CONNECTIONS };
        let samples = open_loop::run(plan, move |number, request| {
            write_callback(first + number, &secret, &clock, request);
        });
        Acks::new(&samples)
    }

    /// Sends callbacks for `span`, and does something else meanwhile.
    pub(crate) fn run_beside<T>(self, span: Duration, work: impl FnOnce() -> T) -> (Acks, T) {
        std::thread::scope(|scope| {
            let load = scope.spawn(move || self.run(span));
            let result = work();
            (load.join().expect("the load ends"), result)
        })
    }
}

impl Acks {
    fn new(samples: &[Sample]) -> Self {
        let ok = samples.iter().filter(|sample| sample.status == Some(200));
        let latencies: Vec<_> = ok.map(|sample| sample.latency).collect();
        let refused = samples.len() - latencies.len();
        Self { latencies, refused }
    }

    /// Adds others.
    pub(crate) fn add(&mut self, others: &Self) {
        self.latencies.extend(&others.latencies);
        self.refused += others.refused;
    }

    /// How many callbacks were not acknowledged.
    pub(crate) fn refused(&self) -> usize {
        self.refused
    }

    /// The latency in milliseconds that a share of the acknowledgements did not exceed.
    pub(crate) fn ms(&self, share: f64) -> f64 {
        percentile(&mut self.latencies.clone(), share).as_secs_f64() * 1e3
    }
}

fn write_callback(number: u64, secret: &SecretString, clock: &Clock, request: &mut Vec<u8>) {
    let now = clock.now();
    let conversation = conversation(user_of(number));
    let query = signed_query(secret, &number.to_string(), now);
    let body = content::message(number, &conversation, now).to_documented_xml();
    write!(
        request,
        "POST /{}?{query} HTTP/1.1\r\nhost: bench\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n{body}",
        conversation.app,
        body.len()
    )
    .expect("writing to memory");
}
