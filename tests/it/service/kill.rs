//! `kill -9` at random instants under load: every acknowledged message survives, once, and is handled.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use rongcloud_callback::journal::{Queue, State};

use crate::support::{
    ledger::{Ledger, USERS, accepted},
    platform::Platform,
    process::Home,
    until,
};

const ROUNDS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_message_survives_kill_9_exactly_once() {
    let home = Home::new();
    let ledger = Arc::new(Ledger::default());
    ledger.batter(&home, ROUNDS, || {}).await;
    let server = home.start().await;
    ledger.retry(server.callbacks).await;
    server.terminate();
    assert!(server.ended().0.success());

    let accepted = accepted(&home.records().await);
    let once: BTreeSet<u64> = accepted.iter().copied().collect();
    assert_eq!(accepted.len(), once.len(), "a message was accepted twice");
    assert_eq!(
        once,
        ledger.acked(),
        "an acknowledged message was lost, or one was accepted that nobody sent"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_every_accepted_message_is_handled_and_answered_in_order() {
    let platform = Platform::start().await;
    // An attempt that a kill ends counts; with the default of 8 some messages would be given up.
    let home = Home::of_example("echo", &platform.url())
        .with("[dispatch]\nattempts = 1000\n[deliver]\nattempts = 1000\n");
    let ledger = Arc::new(Ledger::default());
    ledger.batter(&home, ROUNDS, || {}).await;
    let server = home.start().await;
    ledger.retry(server.callbacks).await;
    let journal = home.journal().await;
    let idle = async || {
        let stats = journal.stats().await.unwrap();
        (stats.inbox.pending + stats.outbox.pending == 0).then_some(())
    };
    until("an idle journal", idle).await;
    server.terminate();
    assert!(server.ended().0.success());

    let records = home.records().await;
    assert!(records.iter().all(|record| record.state == State::Done));
    let accepted = accepted(&records);
    assert_eq!(accepted.iter().copied().collect::<BTreeSet<_>>(), ledger.acked());
    let replies = records.iter().filter(|record| record.queue == Queue::Outbox).count();
    assert_eq!(
        replies,
        accepted.len(),
        "each message has one reply in the Outbox, however often its handler ran"
    );

    // A reply may be sent twice (the platform has no idempotency key), but never out of order.
    let mut sent: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (user, text) in platform.sent() {
        let number = text.strip_prefix("You said: ").unwrap().parse().unwrap();
        let numbers = sent.entry(user).or_default();
        if numbers.last() != Some(&number) {
            numbers.push(number);
        }
    }
    for user in 0..USERS {
        let expected: Vec<u64> =
            accepted.iter().copied().filter(|number| number % USERS == user).collect();
        assert_eq!(sent.get(&format!("user{user}")).unwrap_or(&Vec::new()), &expected);
    }
}
