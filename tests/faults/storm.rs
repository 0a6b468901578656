//! All faults at once: at all boundaries by chance, those of the platform, and a server that is started again and again.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    sync::Arc,
    time::{Duration, Instant},
};

use rongcloud_callback::{
    journal::StateFilter,
    sandbox::{Delivery, Faults, Options, Sandbox, Side},
};
use tokio::task::JoinSet;

use crate::{
    drivers::Driver,
    history::History,
    servers::{Servers, worked_off},
    support::{
        messages::{APP, PATH, SECRET},
        process::Home,
    },
};

/// How long the test lasts in seconds, unless `FAULTS_SECONDS` says otherwise.
const SECONDS: u64 = 15;
/// How many servers have to end before the test does, however slow the machine is.
const SERVERS: usize = 2;
const KILLED_WITHIN: Duration = Duration::from_secs(8);
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
    servers: Arc<Servers>,
}

impl Forecast {
    fn is_over(&self) -> bool {
        Instant::now() > self.end && self.servers.ended() >= SERVERS
    }
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
    let Some(homes) = driver.homes(sandbox.api_url()).await else { return };
    let faulty = |home: Home| {
        let mut home = home.with(CONFIGURATION);
        home.environment([("RONGCLOUD_CALLBACK_FAULTS", OsString::from(FAULTS))]);
        Arc::new(home)
    };
    let homes: Vec<_> = homes.into_iter().map(faulty).collect();
    sandbox.route_to(format!("http://{}{PATH}", homes[0].callbacks()));

    let servers = Arc::new(Servers::default());
    let end = Instant::now() + Duration::from_secs(seconds);
    let forecast = Arc::new(Forecast { end, servers: Arc::clone(&servers) });
    let alive: JoinSet<_> = homes
        .iter()
        .map(|home| Arc::clone(&servers).keep_alive(Arc::clone(home), KILLED_WITHIN))
        .collect();
    let users: JoinSet<_> =
        (0..USERS).map(|user| write(Arc::clone(&sandbox), user, Arc::clone(&forecast))).collect();
    let deliveries = users.join_all().await;
    servers.stop();
    let logs = alive.join_all().await.concat();

    let mut home = Arc::into_inner(homes.into_iter().next().unwrap()).unwrap();
    home.environment([]);
    sandbox.faults(Faults::default());
    let server = home.start().await;
    let journal = home.journal().await;
    worked_off(&*journal).await;
    server.terminate();
    assert_eq!(server.ended().0.code(), Some(0));

    let sent = sandbox.messages().into_iter().filter(|message| message.from == Side::Account);
    let history = History {
        deliveries,
        records: home.records().await,
        states: journal
            .states(StateFilter { limit: usize::MAX, ..StateFilter::default() })
            .await
            .unwrap(),
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
