//! Filling a journal in the way in which journals are copied, so that all of it is as the driver itself writes it.

use std::time::Duration;

use futures_util::future::try_join_all;
use rongcloud_callback::journal::{
    self, Activity, AuditRecord, ConversationState, EntryId, Options, Revision, Transfer,
};

use crate::{
    history::{History, attempts},
    postgres,
    users::{conversation, scattered},
};

/// How many entries are put in at once: an index that is written all over is written once for all of them. PostgreSQL's
/// driver bounds the time of a statement.
const BATCH: i64 = 100_000;
const POSTGRES_BATCH: i64 = 1000;
/// The users whom a person has, and those with whom a dialogue goes on.
const WITH_PERSON: std::ops::Range<u64> = 100..300;
const IN_DIALOGUE: std::ops::Range<u64> = 1000..6000;
/// The number of records in the audit list.
const AUDITED: i64 = 50_000;
/// The number of minutes for which there are statistics.
const MINUTES: u64 = 7 * 24 * 60;
/// The time after which the states expire: longer than any run.
const EXPIRY: Duration = Duration::from_hours(24);

/// Makes the journal at `url`.
pub(crate) async fn fill(url: &str, history: &History) {
    let target = journal::open_target(url, Options::default()).await.expect("a place for a journal");
    target.begin_copy().await.expect("a new journal");
    let batch = if url.starts_with("postgres") { POSTGRES_BATCH } else { BATCH };
    fill_entries(&*target, history, batch).await;
    target.restore_states(states(history)).await.expect("states");
    target.restore_audit(audit(history)).await.expect("an audit list");
    target.end_copy().await.expect("a whole journal");
    target.close().await.expect("closed");
    // With it goes the lock that keeps servers away.
    drop(target);
    fill_activity(url, history).await;
}

/// Adds the statistics, as a server does.
async fn fill_activity(url: &str, history: &History) {
    let server = journal::open_server(url, Options::default()).await.expect("our journal");
    let minute = |minute: u64| {
        let accepted = 20_000 + scattered(minute) % 10_000;
        let body = format!(
            r#"{{"accepted":{accepted},"handled":{accepted},"sent":13000,"failed":7,"ack_times":{{"6":{accepted},"9":40}}}}"#
        );
        server.add_activity(Activity {
            at: history.ended_at.minus(Duration::from_secs(60 * minute)),
            replica: "bench/1".to_owned(),
            body: body.into(),
        })
    };
    try_join_all((0..MINUTES).rev().map(minute)).await.expect("statistics");
    server.close().await.expect("closed");
}

async fn fill_entries(target: &dyn Transfer, history: &History, batch: i64) {
    for first in (1..).step_by(usize::try_from(batch).expect("a small number")) {
        let records: Vec<_> =
            (first..first + batch).map_while(|id| history.record(EntryId(id))).collect();
        if records.is_empty() {
            return;
        }
        let attempts = records.iter().flat_map(attempts).collect();
        let last = first - 1 + i64::try_from(records.len()).expect("a batch");
        target.restore(records).await.expect("entries");
        target.restore_attempts(attempts).await.expect("failed attempts");
        if last % BATCH == 0 {
            eprintln!("{last} of {} entries", history.entries);
        }
    }
}

fn states(history: &History) -> Vec<ConversationState> {
    let state = |user: u64, dialogue: &str, body: String| ConversationState {
        conversation: conversation(user).encode(),
        dialogue: dialogue.to_owned(),
        version: 1,
        body: body.into(),
        revision: Revision(user.cast_signed() + 1),
        expires_at: history.ended_at.plus(EXPIRY),
        is_expiring: false,
    };
    let since = |user: u64| history.ended_at.minus(Duration::from_secs(60 * user));
    let with_person = WITH_PERSON.map(|user| {
        let by = if user % 2 == 0 { "" } else { r#","by":"alice""# };
        state(user, "person", format!(r#"{{"since":{}{by}}}"#, since(user).0))
    });
    let in_dialogue =
        IN_DIALOGUE.map(|user| state(user, "order", r#"{"article":17,"colour":"蓝色"}"#.to_owned()));
    with_person.chain(in_dialogue).collect()
}

fn audit(history: &History) -> Vec<AuditRecord> {
    let record = |id: i64| AuditRecord {
        id,
        at: history.ended_at.minus(Duration::from_secs((AUDITED - id).unsigned_abs())),
        who: if id % 3 == 0 { "alice" } else { "bob" }.to_owned(),
        action: if id % 7 == 0 { "revive" } else { "look" }.to_owned(),
        target: format!("entry {}", scattered(id.unsigned_abs()) % history.entries + 1),
        count: 1,
    };
    (1..=AUDITED).map(record).collect()
}

/// Removes the journal in the database.
pub(crate) async fn remove(url: &str) {
    let client = postgres::client(url).await;
    let remove = "set client_min_messages = error; drop schema if exists rongcloud_callback cascade";
    client.batch_execute(remove).await.expect("our own schema");
}

/// Lets the database see what there is, and writes it out, so that neither happens while something is measured.
pub(crate) async fn settle(url: &str) {
    let client = postgres::client(url).await;
    client.batch_execute("vacuum analyze").await.expect("statistics");
    client.batch_execute("checkpoint").await.expect("a checkpoint");
}
