//! Turns of a dialogue while servers are killed: none is lost, none counts twice, and none is answered without having counted.
//!
//! `FAULTS_TURNS` says how many turns there are at least: the users go on until servers were killed.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use rongcloud_callback::journal::{Filter, Order, Queue, Records, State, StateFilter};
use tokio::task::JoinSet;

use crate::{
    counts::Counts,
    drivers::Driver,
    servers::{Servers, worked_off},
    support::{
        http::Connection,
        messages::{delivery, text},
        platform::Platform,
        process::Home,
    },
};

/// How many turns there are at least, unless `FAULTS_TURNS` says otherwise.
const TURNS: usize = 2000;
const USERS: usize = 100;
/// How many servers are killed at least while the users write.
const KILLED: usize = 3;
/// The longest time before a server is killed, with the usual number of turns and with more.
const KILLED_WITHIN: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(30)];
/// How many records are in memory at once.
const PAGE: usize = 10_000;
/// A configuration in which no message is given up because servers were killed at it, and few are in work when that happens:
/// they come back one by one.
const CONFIGURATION: &str = "[dispatch]\nconcurrency = 4\nattempts = 100\nbackoff = \"20ms\"\nmax_backoff = \"200ms\"\n\
    [deliver]\nconcurrency = 4\nattempts = 100\nbackoff = \"20ms\"\nmax_backoff = \"200ms\"\n\
    [deliver.rate]\nper_second = 100000\n";

/// Has a user say one thing after the other, to one server or another, each until it is acknowledged. Returns how many there
/// were.
async fn talk(user: usize, turns: usize, addresses: Vec<SocketAddr>, servers: Arc<Servers>) -> usize {
    let mut connection = None;
    let mut server = addresses.iter().cycle().skip(user);
    let mut turn = 0;
    while turn < turns || servers.ended() < KILLED {
        let body = text(&format!("user{user}"), &format!("{user}-{turn}"), &turn.to_string());
        loop {
            let answer = async {
                if connection.is_none() {
                    connection = Some(Connection::try_open(*server.next()?).await.ok()?);
                }
                connection.as_mut()?.try_ask(delivery(&body)).await.ok()
            };
            match answer.await {
                Some(answer) if answer.status == 200 => break,
                Some(_) => {}
                None => connection = None,
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        turn += 1;
    }
    turn
}

/// Reads the journal page by page, and counts.
async fn check(journal: &dyn Records, turns: usize) {
    let (mut counts, mut after, mut done) = (Counts::default(), None, 0);
    let mut replies = HashMap::new();
    loop {
        let filter = Filter { after, order: Order::OldestFirst, limit: PAGE, ..Filter::default() };
        let records = journal.list(filter).await.unwrap();
        let Some(last) = records.last() else { break };
        after = Some(last.id);
        for record in &records {
            assert_eq!(record.state, State::Done, "{record:?}");
            if record.queue == Queue::Inbox {
                let turn = counts.count(record).unwrap();
                assert!(replies.insert(record.id, turn.reply()).is_none());
                done += 1;
                continue;
            }
            // A reply is added by the transaction in which its message has counted, so that it comes after it.
            let expected = record.answers.and_then(|message| replies.remove(&message));
            let body = String::from_utf8_lossy(&record.body);
            assert!(expected.as_ref().is_some_and(|it| body.contains(it)), "{expected:?}: {record:?}");
        }
    }
    assert_eq!((done, replies.len()), (turns, 0), "turns, and those without a reply");
    let all = StateFilter { limit: usize::MAX, ..StateFilter::default() };
    counts.check(&journal.states(all).await.unwrap());
}

async fn survives_kills(driver: Driver) {
    let turns = std::env::var_os("FAULTS_TURNS")
        .map_or(TURNS, |turns| turns.to_string_lossy().parse().expect("a number of turns"));
    let platform = Platform::start().await;
    let Some(homes) = driver.homes(&platform.url()).await else { return };
    let homes: Vec<_> = homes.into_iter().map(|home| Arc::new(home.with(CONFIGURATION))).collect();
    let killed_within = KILLED_WITHIN[usize::from(turns > TURNS)];
    let servers = Arc::new(Servers::default());
    let alive: JoinSet<_> = homes
        .iter()
        .map(|home| Arc::clone(&servers).keep_alive(Arc::clone(home), killed_within))
        .collect();
    let addresses: Vec<_> = homes.iter().map(|home| home.callbacks()).collect();
    let of_each = turns.div_ceil(USERS);
    let talk = |user| talk(user, of_each, addresses.clone(), Arc::clone(&servers));
    let turns: usize = (0..USERS).map(talk).collect::<JoinSet<_>>().join_all().await.into_iter().sum();
    servers.stop();
    alive.join_all().await;

    let home: &Home = &homes[0];
    let server = home.start().await;
    let journal = home.journal().await;
    worked_off(&*journal).await;
    server.terminate();
    assert_eq!(server.ended().0.code(), Some(0));
    check(&*journal, turns).await;
    tell(turns, servers.ended(), platform.sent().len());
}

#[expect(clippy::print_stderr, reason = "a test is only worth as much as what it did")]
fn tell(turns: usize, servers: usize, sent: usize) {
    eprintln!("{turns} turns, each counted once; {servers} servers were killed; {sent} replies sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_turn_is_lost_or_doubled_while_servers_are_killed() {
    survives_kills(Driver::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_is_any_on_postgresql_where_two_replicas_are_killed() {
    survives_kills(Driver::Postgres).await;
}
