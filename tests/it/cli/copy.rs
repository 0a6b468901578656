//! The command `journal copy`: a journal moves to another store and back unchanged, as a whole or not at all.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use futures_util::future::join_all;
use rongcloud_callback::{
    clock::Clock,
    journal::{
        self, AttemptFailure, AuditRecord, ConversationState, EntryId, EntryKey, FailedAttempt,
        NewAuditRecord, NewEntry, NewScheduled, NewState, Options, Outcome, Pause, Queue, Scheduled,
        StateChange, StateFilter,
    },
};
use rusqlite::Connection;
use serde_json::Value;

use super::outcome;
use crate::support::{
    messages::{subscribe, text},
    postgres::{Cluster, PASSWORD},
    process::Home,
    until,
};

const HOUR: Duration = Duration::from_hours(1);

/// A command with URLs that take the password from the environment.
fn command(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    command.env("DATABASE_PASSWORD", PASSWORD);
    command
}

fn output_of(home: &Home, arguments: &[&str]) -> String {
    let (code, output, errors) = outcome(command(home, arguments).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{arguments:?}");
    output
}

fn errors_of(home: &Home, arguments: &[&str]) -> String {
    let (code, _, errors) = outcome(command(home, arguments).output().unwrap());
    assert_eq!(code, Some(1), "{errors}");
    assert!(!errors.contains(PASSWORD), "{errors}");
    errors
}

/// The output of a complete copy to `url`.
fn copy_report(all: u32, pending: u32, done: u32, dead: u32, url: &str) -> String {
    copy_report_with([0; 3], &format!("{all} entries: {pending} pending, {done} done, {dead} dead"), url)
}

/// Like [`copy_report`], of a journal with as many states as scheduled entries, records of the audit list, and pauses.
fn copy_report_with([remembered, audit, pauses]: [usize; 3], entries: &str, url: &str) -> String {
    let address = url.rsplit('@').next().unwrap().split('?').next().unwrap();
    let shown = if url == address { url.to_owned() } else { format!("postgres://{address}") };
    format!(
        "copied {entries}\n\
         copied the states of {remembered} conversations, and {remembered} scheduled entries\n\
         copied {audit} records of the audit list, and {pauses} pauses of accounts\n\
         no server takes the source any more: set `journal.url` to {shown}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_is_moved_to_another_store_and_back_as_it_is() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await.replace(PASSWORD, "${DATABASE_PASSWORD}");
    let home = Home::new();
    let server = home.start().await;
    server.deliver(&text("user1", "m1", "hello")).await.assert_ack();
    server.deliver(&subscribe("user2")).await.assert_ack();
    server.deliver("<xml><ToUserName>mcid</ToUserName></xml>").await.assert_error(400, 1002);
    let list = ["journal", "list", "--json"];
    until("both done", async || {
        (output_of(&home, &["journal", "list", "--state", "done", "--json"]).lines().count() == 2)
            .then_some(())
    })
    .await;
    let errors = errors_of(&home, &["journal", "copy", "sqlite:data/journal.db", &url]);
    assert!(errors.contains("in use by another server"), "{errors}");
    server.terminate();
    assert!(server.ended().0.success());

    let copied = output_of(&home, &["journal", "copy", "sqlite:data/journal.db", &url]);
    assert_eq!(copied, copy_report(3, 0, 2, 1, &url));
    let errors = errors_of(&home, &["journal", "copy", "sqlite:data/journal.db", &url]);
    assert!(errors.contains("is not empty"), "{errors}");
    let before = output_of(&home, &list);
    let moved = Home::new().with(&format!("[journal]\nurl = \"{url}\"\n"));
    assert_eq!(output_of(&moved, &list), before);
    let stats = ["journal", "stats"];
    assert_eq!(output_of(&moved, &stats), output_of(&home, &stats));
    let letter = before.lines().find(|line| line.contains("\"dead\"")).unwrap();
    let letter: serde_json::Value = serde_json::from_str(letter).unwrap();
    output_of(&moved, &["journal", "revive", &letter["id"].to_string()]);

    let back = Home::new().with("[journal]\nurl = \"sqlite:back/journal.db\"\n");
    let copied = output_of(&back, &["journal", "copy", &url, "sqlite:back/journal.db"]);
    let entries = "3 entries: 1 pending, 2 done, 0 dead";
    // The record of the audit list is the revived letter's.
    assert_eq!(copied, copy_report_with([0, 1, 0], entries, "sqlite:back/journal.db"));
    assert_eq!(output_of(&back, &list), output_of(&moved, &list));
    let errors = errors_of(&back, &["journal", "copy", "sqlite:nowhere.db", "sqlite:else.db"]);
    assert!(errors.contains("there is no journal at"), "{errors}");
}

/// Makes this many pending entries out of the first one, while no server runs.
fn fill(database: &Path, count: u32) {
    let connection = Connection::open(database).unwrap();
    let mut names = connection.prepare("select name from pragma_table_info('entry')").unwrap();
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let value = |name: &String| match name.as_str() {
        "id" => "id + number".to_owned(),
        "key" => "key || number".to_owned(),
        "state" => "0".to_owned(),
        "settled_at" | "reason" => "null".to_owned(),
        _ => name.clone(),
    };
    let values: Vec<_> = names.iter().map(value).collect();
    let sql = format!(
        "with recursive numbers (number) as (select 1 union all select number + 1 from numbers where number < ?1)
         insert into entry ({}) select {} from numbers, (select * from entry limit 1)",
        names.join(", "),
        values.join(", ")
    );
    connection.execute(&sql, [count]).unwrap();
}

/// The numbers of pending and done entries in the Inbox.
fn numbers(home: &Home) -> (u64, u64) {
    let stats: Value = serde_json::from_str(&output_of(home, &["journal", "stats", "--json"])).unwrap();
    let number = |name: &str| stats["inbox"][name].as_u64().unwrap();
    (number("pending"), number("done"))
}

/// The errors of a server that ends instead of serving.
async fn assert_refused(home: &Home) -> String {
    let mut server = home.spawn();
    until("its end", async || server.status()).await;
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(1), "{log:?}");
    log.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_killed_is_taken_by_no_server_and_the_source_is_as_it_was() {
    const ENTRIES: u32 = 30_000;
    let home = Home::new();
    let server = home.start().await;
    server.deliver(&text("user1", "m1", "hello")).await.assert_ack();
    until("it is handled", async || (numbers(&home) == (0, 1)).then_some(())).await;
    server.terminate();
    assert!(server.ended().0.success());
    fill(&home.database(), ENTRIES);
    let before = numbers(&home);
    assert_eq!(before, (ENTRIES.into(), 1));

    let path = home.path().join("copy.db");
    let url = format!("sqlite:{}", path.display());
    let copy = ["journal", "copy", "sqlite:data/journal.db", &url];
    let target = Home::new().with_journal(url.clone());
    let mut copying = home.command(&copy).stdout(Stdio::null()).spawn().unwrap();
    let half = async || {
        assert_eq!(copying.try_wait().unwrap(), None, "it is still copying");
        // The file is there a moment before its tables are.
        let opened = journal::open_operator(&url, journal::Options::default()).await.ok()?;
        (opened.stats().await.ok()?.inbox.pending > 1000).then_some(())
    };
    until("a part of it", half).await;
    let said = assert_refused(&home).await;
    assert!(said.contains("is being copied"), "{said}");
    copying.kill().unwrap();
    copying.wait().unwrap();

    let said = assert_refused(&target).await;
    assert!(said.contains("incomplete copy: remove it"), "{said}");
    let errors = errors_of(&home, &copy);
    assert!(errors.contains("not completed, remove it"), "{errors}");
    assert_eq!(numbers(&home), before);

    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    assert_eq!(output_of(&home, &copy), copy_report(ENTRIES + 1, ENTRIES, 1, 0, &url));
    assert_eq!(numbers(&target), before);
    let said = assert_refused(&home).await;
    assert!(said.contains(&format!("was moved to {url}")), "{said}");
    let server = target.start().await;
    server.deliver(&text("user1", "m1", "hello")).await.assert_ack();
    until("they are handled", async || (numbers(&target).1 > 100).then_some(())).await;
    server.terminate();
    assert!(server.ended().0.success());
    let (pending, done) = numbers(&target);
    assert_eq!(pending + done, u64::from(ENTRIES) + 1, "the duplicate was one");
}

/// Fills a journal with conversations that each have a state and a scheduled entry, and no pending entry; with as many
/// records of the audit list, a pause, and a dead letter.
async fn remember(url: &str, conversations: usize) {
    let server = journal::open_server(url, Options::default()).await.unwrap();
    let appends = (0..conversations).map(|number| {
        let conversation = format!("user{number}");
        let key = EntryKey::of(&conversation);
        let entry = NewEntry { queue: Queue::Inbox, key, conversation, body: "hi".into(), dead: None };
        server.append(entry, None)
    });
    join_all(appends).await;
    let until = Clock::system().now().plus(HOUR);
    let leased = server.lease(Queue::Inbox, conversations, until).await.unwrap();
    let finishes = leased.into_iter().enumerate().map(|(number, entry)| {
        let body = format!("{{\"at\":{number}}}").into();
        let state = NewState { dialogue: "order".to_owned(), version: 2, body, expires_in: HOUR };
        let scheduled = NewScheduled {
            queue: if number % 2 == 0 { Queue::Inbox } else { Queue::Outbox },
            key: entry.id.scheduled_key(0),
            after: HOUR,
            body: "later".into(),
            is_bound: number % 3 == 0,
        };
        let state = StateChange::Put(state);
        server.finish(
            entry.lease,
            Outcome { follow_ups: Vec::new(), state, scheduled: vec![scheduled], ending: None },
        )
    });
    let finished = join_all(finishes).await;
    assert!(finished.iter().all(Result::is_ok));
    let audits = (0..conversations).map(|number| {
        let [who, action, target] = ["alice", "revive", &*number.to_string()].map(str::to_owned);
        server.add_audit(NewAuditRecord { who, action, target, count: 1 })
    });
    assert!(join_all(audits).await.iter().all(Result::is_ok));
    server.pause("app\u{1f}mc1".to_owned(), "bob".to_owned()).await.unwrap();
    let [conversation, reason] = ["fails", "broken"].map(str::to_owned);
    let key = EntryKey::of(&conversation);
    let fails = NewEntry { queue: Queue::Inbox, key, conversation, body: "hi".into(), dead: None };
    server.append(fails, None).await.unwrap();
    let [entry] = server.lease(Queue::Inbox, 2, until).await.unwrap().try_into().unwrap();
    let took = Duration::from_millis(312);
    server.bury(entry.lease, AttemptFailure { reason, took }).await.unwrap();
    server.close().await.unwrap();
}

/// All that is in a journal beside its entries.
#[derive(PartialEq)]
struct Remembered {
    states: Vec<ConversationState>,
    scheduled: Vec<Scheduled>,
    attempts: Vec<(EntryId, FailedAttempt)>,
    audit: Vec<AuditRecord>,
    pauses: Vec<Pause>,
}

async fn remembered(url: &str) -> Remembered {
    let source = journal::open_source(url, Options::default()).await.unwrap();
    let filter = StateFilter { limit: usize::MAX, ..StateFilter::default() };
    let all = Remembered {
        states: source.states(filter).await.unwrap(),
        scheduled: source.scheduled(0, usize::MAX).await.unwrap(),
        attempts: source.attempts(EntryId(1), EntryId(i64::MAX)).await.unwrap(),
        audit: source.audit(0, usize::MAX).await.unwrap(),
        pauses: source.pauses().await.unwrap(),
    };
    source.close().await.unwrap();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_conversations_remember_is_moved_to_another_store_and_back_as_it_is() {
    // More than are in memory at once.
    const CONVERSATIONS: usize = 1100;
    let home = Home::new();
    let path = |name: &str| format!("sqlite:{}", home.path().join(name).display());
    let mut urls = vec![path("first.db"), path("second.db")];
    if let Some(cluster) = Cluster::shared().await {
        urls.extend([cluster.database().await, path("third.db")]);
    }
    remember(&urls[0], CONVERSATIONS).await;
    let mut before = remembered(&urls[0]).await;
    let lengths = [before.states.len(), before.scheduled.len(), before.audit.len()];
    assert_eq!((lengths, before.attempts.len(), before.pauses.len()), ([CONVERSATIONS; 3], 1, 1));
    let all = CONVERSATIONS + 1;
    let entries = format!("{all} entries: 0 pending, {CONVERSATIONS} done, 1 dead");
    for pair in urls.windows(2) {
        let copied = output_of(&home, &["journal", "copy", &pair[0], &pair[1]]);
        let audited = before.audit.len();
        assert_eq!(copied, copy_report_with([CONVERSATIONS, audited, 1], &entries, &pair[1]));
        assert!(remembered(&pair[1]).await == before, "not all is in {}", pair[1]);
        // What is added has the next number.
        let operator = journal::open_operator(&pair[1], Options::default()).await.unwrap();
        let [who, action, target] = ["alice", "look", "after the copy"].map(str::to_owned);
        operator.add_audit(NewAuditRecord { who, action, target, count: 1 }).await.unwrap();
        operator.close().await.unwrap();
        before.audit = remembered(&pair[1]).await.audit;
        let newest = before.audit.last().map(|record| &*record.target);
        assert_eq!((before.audit.len(), newest), (audited + 1, Some("after the copy")));
        let errors = errors_of(&home, &["journal", "copy", &pair[0], &pair[1]]);
        assert!(errors.contains("is not empty"), "{errors}");
    }
}
