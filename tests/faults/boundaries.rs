//! One fault at one boundary: both messages are accepted, handled and answered all the same.

use std::os::unix::process::ExitStatusExt;

use futures_util::{StreamExt, stream};
use rongcloud_callback::journal::{Queue, State};
use rustix::process::Signal;

use crate::{
    drivers::Driver,
    support::{
        http::Connection,
        messages::{delivery, text},
        platform::Platform,
        process::{Home, Process},
        until,
    },
};

/// The boundaries, and how many of their passages get a fault each: the passages of the commits are, among others,
/// an acceptance, a lease of each queue, and the end of a handler and of a delivery.
const BOUNDARIES: [(&str, u32); 6] =
    [("Parsed", 2), ("Committing", 9), ("Committed", 9), ("Leased", 2), ("Handled", 2), ("Sent", 2)];
const FAULTS: [&str; 3] = ["error", "panic", "abort"];
/// How many servers run at once.
const AT_ONCE: usize = 8;

/// A server that meets one fault, and is started again without it if it does not survive.
struct Subject {
    home: Home,
    server: Process,
    log: Vec<String>,
    was_aborted: bool,
}

impl Subject {
    fn start(home: Home, fault: &str) -> Self {
        let home = home
            .with("[dispatch]\nbackoff = \"10ms\"\n[deliver]\nbackoff = \"10ms\"\n")
            .within([("RONGCLOUD_CALLBACK_FAULTS", fault.into())]);
        let server = home.spawn();
        Self { home, server, log: Vec::new(), was_aborted: false }
    }

    fn keep_alive(&mut self) {
        if let Some(status) = self.server.status() {
            self.was_aborted = status.signal() == Some(Signal::ABORT.as_raw());
            self.home.environment([]);
            let ended = std::mem::replace(&mut self.server, self.home.spawn());
            self.log.extend(ended.ended().1);
        }
    }

    /// Delivers a body as the platform does: again, until it is acknowledged.
    async fn deliver(&mut self, body: &str) {
        until("an acknowledgement", async || {
            self.keep_alive();
            let mut connection = Connection::try_open(self.server.callbacks).await.ok()?;
            let answer = connection.try_ask(delivery(body)).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
    }

    async fn idle(&mut self) {
        let journal = self.home.journal().await;
        until("an idle journal", async || {
            self.keep_alive();
            let stats = journal.stats().await.unwrap();
            (stats.inbox.pending + stats.outbox.pending == 0).then_some(())
        })
        .await;
    }
}

async fn survives(driver: Driver, point: &str, action: &str, passage: u32) {
    let fault = format!("{point}={action}#{passage}");
    let platform = Platform::start().await;
    let Some(home) = driver.home(&platform.url()).await else { return };
    let mut subject = Subject::start(home, &fault);
    for number in ["1", "2"] {
        subject.deliver(&text("user", number, number)).await;
    }
    subject.idle().await;
    let Subject { home, server, mut log, was_aborted } = subject;
    server.terminate();
    let (status, rest) = server.ended();
    assert_eq!(status.code(), Some(0), "{fault}");

    log.extend(rest);
    let happened = log.iter().any(|line| line.eq_ignore_ascii_case(&format!("fault: {point} {action}")));
    assert!(happened && was_aborted == (action == "abort"), "{fault} did not happen: {log:#?}");
    let records = home.records().await;
    for queue in [Queue::Inbox, Queue::Outbox] {
        let states = records.iter().filter(|it| it.queue == queue).map(|it| it.state);
        assert_eq!(states.collect::<Vec<_>>(), [State::Done; 2], "{fault}: {records:#?}");
    }
    let mut sent: Vec<_> = platform.sent().into_iter().map(|(_, text)| text).collect();
    // Only a fault between the platform's answer and our note of it sends a reply twice; the end of the process may come
    // there whichever message the fault is about.
    let most = if action != "abort" && ["Parsed", "Leased", "Handled"].contains(&point) { 2 } else { 3 };
    assert!(sent.len() <= most, "{fault}: {sent:?}");
    sent.dedup();
    assert_eq!(sent, ["1: 1 after ", "2: 2 after 1"], "{fault}");
}

async fn survives_everything(driver: Driver) {
    let cases = BOUNDARIES.into_iter().flat_map(|(point, passages)| {
        let faults =
            FAULTS.into_iter().flat_map(move |action| (1..=passages).map(move |nth| (action, nth)));
        faults.map(move |(action, passage)| survives(driver, point, action, passage))
    });
    stream::iter(cases).buffer_unordered(AT_ONCE).collect::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_at_any_boundary_loses_doubles_or_reorders_anything() {
    survives_everything(Driver::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_any_on_postgresql() {
    survives_everything(Driver::Postgres).await;
}
