//! The clock is set while the server runs: accepted messages go on, and callbacks are judged by the new time.

use std::time::Duration;

use rongcloud_callback::{
    clock::Clock,
    journal::{Queue, State},
    sandbox::Faults,
};

use crate::support::{disk::Disk, messages::text, platform::Platform, process::Home, until};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_another_attempt_does_not_wait_longer_when_the_clock_is_set() {
    let now = Clock::system().now();
    let clock = Clock::manual(now);
    let platform = Platform::start_at(clock.clone()).await;
    let home = Home::of_example("echo", &platform.url());
    let disk = Disk::of(home.path().join("data"));
    let home = home.within(disk.environment());
    let server = home.start().await;
    for (number, then) in [(1, now.minus(HOUR)), (2, now.minus(DAY)), (3, now.plus(DAY))] {
        platform.faults(Faults { api_internal_error: 1.0, ..Faults::default() });
        server.deliver(&text("user", &number.to_string(), "hello")).await.assert_ack();
        let failed = async || {
            let records = home.records().await;
            let reply = records.last().filter(|record| record.queue == Queue::Outbox);
            reply.is_some_and(|reply| reply.reason.is_some()).then_some(())
        };
        until("a failed attempt", failed).await;

        clock.set(then);
        disk.clock_is_off_by(then.0 - now.0);
        platform.faults(Faults::default());
        let sent = async || (platform.sent().len() == number).then_some(());
        until("a reply", sent).await;
        clock.set(now);
        disk.clock_is_off_by(0);
    }
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_wrong_clock_callbacks_are_refused_and_with_the_right_one_the_same_message_is_accepted() {
    let home = Home::new();
    let disk = Disk::of(home.path().join("data"));
    let home = home.within(disk.environment());
    let server = home.start().await;
    let body = text("user", "1", "hello");
    for hours in [-24, -1, 1, 24] {
        disk.clock_is_off_by(hours * 3_600_000);
        server.deliver(&body).await.assert_error(401, 1004);
    }
    disk.clock_is_off_by(0);
    server.deliver(&body).await.assert_ack();
    server.kill();
    assert_eq!(home.records().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_and_settled_keeps_its_dates_though_the_clock_was_wrong_for_a_moment() {
    let home = Home::new();
    let disk = Disk::of(home.path().join("data"));
    let home = home.within(disk.environment());
    let server = home.start().await;
    assert_eq!(server.deliver("<xml>not a message</xml>").await.status, 400);
    server.deliver(&text("user", "1", "hello")).await.assert_ack();
    let dates = async |state| {
        let records = home.records().await.into_iter().filter(|record| record.state == state);
        records.map(|record| (record.accepted_at, record.settled_at)).collect::<Vec<_>>()
    };
    until("a message that is done", async || (dates(State::Done).await.len() == 1).then_some(())).await;
    let before = (dates(State::Dead).await, dates(State::Done).await);
    assert_eq!(before.0.len(), 1);
    disk.clock_is_off_by(-40 * 86_400_000);
    server.told("the clock was set back").await;
    disk.clock_is_off_by(0);
    server.told("the clock was set forward").await;
    assert_eq!((dates(State::Dead).await, dates(State::Done).await), before);
    server.kill();
}
