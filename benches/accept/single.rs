//! Latency for one user: one message at a time, beside one sync of the same disk.

use std::{
    fmt,
    fs::File,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    time::{Duration, Instant},
};

use rongcloud_callback::clock::Clock;
use secrecy::SecretString;

use crate::{
    api,
    fleet::{Fleet, Setup},
    http::is_whole,
    load,
    message::SECRET,
    spread::spread,
    target::Target,
};

/// The name that `--only` knows the measurement by.
pub(crate) const NAME: &str = "single";

/// The medians of one round, in microseconds.
pub(crate) struct Medians {
    /// A write of 4 KiB at a file's end, and its sync.
    sync: f64,
    /// From the request to its 200.
    answer: f64,
    /// From the request to the arrival of its reply at the API.
    reply: f64,
    /// From a request to the bare endpoint to its 200.
    bare: f64,
}

/// Sends messages one by one for `span`: each waits until the reply to the one before is sent and noted.
pub(crate) fn measure(setup: Setup<'_>, users: u64, span: Duration) -> Medians {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let journal = format!("sqlite:{}", folder.path().join("journal.db").display());
    let (sender, arrivals) = mpsc::channel();
    let setup = Setup { journal: Some(&journal), api: api::start(Some(sender)), ..setup };
    let mut answered = Fleet::start(Target::Answered, setup);
    let bare = Fleet::start(Target::Bare, setup);
    let [mut caller, mut bare_caller] =
        [&answered, &bare].map(|fleet| Caller::connect(fleet.addresses()[0], users));
    let mut file = File::create(folder.path().join("synced")).expect("a new file");
    let mut times: [Vec<Duration>; 4] = Default::default();
    let end = Instant::now() + span;
    for sent in 1.. {
        let started = Instant::now();
        if started >= end {
            break;
        }
        file.write_all(&[0; 4096]).expect("written");
        file.sync_data().expect("synced");
        let sync = started.elapsed();
        let bare = bare_caller.call().elapsed();
        let started = caller.call();
        let answer = started.elapsed();
        let reply = arrivals.recv().expect("a reply").saturating_duration_since(started);
        for (all, one) in times.iter_mut().zip([sync, answer, reply, bare]) {
            all.push(one);
        }
        // The server's last commit for a message is over before anything else is measured.
        while answered.finished() < sent {}
    }
    drop((caller, bare_caller));
    answered.stop();
    bare.stop();
    let [sync, answer, reply, bare] = times.map(median_us);
    Medians { sync, answer, reply, bare }
}

fn median_us(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// One connection.
struct Caller {
    stream: TcpStream,
    number: u64,
    users: u64,
    secret: SecretString,
    clock: Clock,
}

impl Caller {
    fn connect(server: SocketAddr, users: u64) -> Self {
        let stream = TcpStream::connect(server).expect("the server listens");
        stream.set_nodelay(true).expect("a TCP socket");
        Self { stream, number: 0, users, secret: SECRET.into(), clock: Clock::system() }
    }

    /// Sends a message and waits for its 200. Returns when it was sent.
    fn call(&mut self) -> Instant {
        let (mut request, mut answer, mut length) = (String::new(), [0; 4096], 0);
        load::write_callback(&mut request, self.number, self.users, &self.secret, &self.clock);
        self.number += 1;
        let started = Instant::now();
        self.stream.write_all(request.as_bytes()).expect("the connection stays open");
        while !is_whole(&answer[..length]) {
            let read = self.stream.read(&mut answer[length..]).expect("an answer");
            assert!(read > 0, "the server closed the connection");
            length += read;
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..length]));
        started
    }
}

/// The table of all rounds.
pub(crate) struct Table(pub(crate) Vec<Medians>);

impl fmt::Display for Medians {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sync, answer, reply, bare } = self;
        write!(
            f,
            "{NAME:16} sync {sync:6.0} µs  200 {answer:6.0} µs  reply {reply:6.0} µs  bare {bare:6.0} µs"
        )
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| one message at a time | µs | : one sync |\n|---|---|---|")?;
        let mut row = |name, of: fn(&Medians) -> f64| {
            let times = spread(self.0.iter().map(of).collect(), 0);
            let ratios = spread(self.0.iter().map(|medians| of(medians) / medians.sync).collect(), 2);
            writeln!(f, "| {name} | {times} | {ratios} |")
        };
        row("one sync of 4 KiB", |medians| medians.sync)?;
        row("request to 200", |medians| medians.answer)?;
        row("request to reply at the API", |medians| medians.reply)?;
        row("bare: request to 200", |medians| medians.bare)
    }
}
