//! All faults at once: at all boundaries by chance, those of the platform, and a server that is started again and again.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rongcloud_callback::sandbox::{Delivery, Faults, Options, Sandbox, Side};
use tokio::task::JoinSet;

use crate::{
    drivers::Driver,
    history::History,
    support::{
        messages::{APP, PATH, SECRET},
        process::Home,
        until,
    },
};

/// How long the test lasts in seconds, unless `FAULTS_SECONDS` says otherwise.
const SECONDS: u64 = 15;
/// How many servers have to end before the test does, however slow the machine is.
const SERVERS: usize = 2;
const USERS: usize = 12;
/// The faults at each boundary, in a thousand passages.
const FAULTS: &str = "Parsed=error@15,panic@15,abort@2;Committing=error@4,panic@4,abort@2;\
    Committed=error@4,panic@4,abort@2;Leased=error@15,panic@15,abort@2;\
    Handled=error@15,panic@15,abort@2;Sent=error@15,panic@15,abort@2";
/// A configuration with few attempts, so that some messages and replies end as dead letters.
const CONFIGURATION: &str = "[dispatch]\nattempts = 6\nbackoff = \"20ms\"\nmax_backoff = \"200ms\"\n\
    [deliver]\nattempts = 6\nbackoff = \"20ms\"\nmax_backoff = \"200ms\"\n\
    [client]\nconnect_timeout = \"500ms\"\ntimeout = \"500ms\"\n";

fn faults() -> Faults {
    Faults {
        duplicate: 0.2,
        simultaneous: 0.2,
        drop_answer: 0.2,
        slow_ms: 2,
        wrong_signature: 0.1,
        stale_signature: 0.1,
        replayed_signature: 0.1,
        forged_body: 0.1,
        malformed_xml: 0.1,
        unknown_kind: 0.1,
        api_internal_error: 0.05,
        // Few of them: each slows all replies down.
        api_rate_exceeded: 0.001,
        api_status_500: 0.05,
        api_cut: 0.05,
        api_silent: 0.02,
        mended_end_tag: false,
        pause_after_timeouts: false,
        seed: rand::random(),
    }
}

async fn platform() -> Arc<Sandbox> {
    let options = Options {
        app_key: APP.into(),
        secret: SECRET.into(),
        timeout: Duration::from_secs(2),
        pause: Duration::from_millis(100),
        faults: faults(),
        remembered_messages: 10_000_000,
        ..Options::default()
    };
    Arc::new(Sandbox::start_with(options).await.unwrap())
}

/// How long the test goes on.
struct Forecast {
    end: Instant,
    /// How many servers have ended.
    ended: AtomicUsize,
    stop: AtomicBool,
}

impl Forecast {
    fn is_over(&self) -> bool {
        Instant::now() > self.end && self.ended.load(Ordering::SeqCst) >= SERVERS
    }
}

/// Starts the server again whenever it has ended, until the test is over; returns the logs of all servers.
async fn keep_alive(home: Arc<Home>, forecast: Arc<Forecast>) -> Vec<Vec<String>> {
    let mut logs = Vec::new();
    let stopped = || forecast.stop.load(Ordering::SeqCst);
    while !stopped() {
        let mut server = home.spawn();
        while server.status().is_none() && !stopped() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        logs.push(server.killed());
        forecast.ended.fetch_add(1, Ordering::SeqCst);
    }
    logs
}

/// Has a user write one message after the other.
async fn write(sandbox: Arc<Sandbox>, user: usize, forecast: Arc<Forecast>) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    while !forecast.is_over() {
        let text = format!("{} of {user}", deliveries.len());
        deliveries.push(sandbox.user(format!("user{user}")).says(text).await);
    }
    deliveries
}

async fn weather(driver: Driver) {
    let seconds = std::env::var_os("FAULTS_SECONDS")
        .map_or(SECONDS, |seconds| seconds.to_string_lossy().parse().expect("a number of seconds"));
    let sandbox = platform().await;
    let Some(home) = driver.home(sandbox.api_url()).await else { return };
    let mut home = home.with(CONFIGURATION);
    home.environment([("RONGCLOUD_CALLBACK_FAULTS", OsString::from(FAULTS))]);
    sandbox.route_to(format!("http://{}{PATH}", home.callbacks()));

    let home = Arc::new(home);
    let forecast = Arc::new(Forecast {
        end: Instant::now() + Duration::from_secs(seconds),
        ended: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
    });
    let mut servers = JoinSet::from_iter([keep_alive(Arc::clone(&home), Arc::clone(&forecast))]);
    let users: JoinSet<_> =
        (0..USERS).map(|user| write(Arc::clone(&sandbox), user, Arc::clone(&forecast))).collect();
    let deliveries = users.join_all().await;
    forecast.stop.store(true, Ordering::SeqCst);
    let logs = servers.join_next().await.unwrap().unwrap();

    let mut home = Arc::into_inner(home).unwrap();
    home.environment([]);
    sandbox.faults(Faults::default());
    let server = home.start().await;
    let journal = home.journal().await;
    let mut left = u64::MAX;
    // The leases of a server that ended may have to be taken over first; then there is some progress all the time.
    while left > 0 {
        let progress = async || {
            let stats = journal.stats().await.unwrap();
            let pending = stats.inbox.pending + stats.outbox.pending;
            (pending < left).then_some(pending)
        };
        left = until("progress", progress).await;
    }
    server.terminate();
    assert_eq!(server.ended().0.code(), Some(0));

    let sent = sandbox.messages().into_iter().filter(|message| message.from == Side::Account);
    let history = History {
        deliveries,
        records: home.records().await,
        sent: sent.map(|message| (message.users[0].to_string(), message.text())).collect(),
        // SQLite counts an attempt when it ends, unless an earlier process has left the reply.
        uncounted: match driver {
            Driver::Sqlite => 1,
            Driver::Postgres => 0,
        },
    };
    history.check();
    tell(&history, &logs);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_under_load_both_sides_histories_agree() {
    weather(Driver::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_agree_on_postgresql_too() {
    weather(Driver::Postgres).await;
}

/// Prints what happened, and checks that something did.
#[expect(clippy::print_stderr, reason = "a storm is only worth as much as what it did")]
fn tell(history: &History, logs: &[Vec<String>]) {
    let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
    for fault in logs.iter().flatten().filter_map(|line| line.strip_prefix("fault: ")) {
        *faults.entry(fault).or_default() += 1;
    }
    eprintln!("{}; {} servers; faults: {faults:?}", history.summary(), logs.len());
    assert!(logs.len() > 2 && faults.len() > 5, "it was no storm");
}
