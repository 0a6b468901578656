//! The statistics of a service: what was counted, before and after a restart, on this server and on others.

use std::time::Duration;

use rongcloud_callback::{
    CallbackService, HandlerError, Text,
    clock::{Clock, UnixMillis},
    journal::Activity,
    statistics::{History, Point},
};

use super::running::Running;
use crate::support::{
    http::{Connection, post},
    messages::text,
};

const HOUR: Duration = Duration::from_hours(1);

fn register(service: CallbackService) -> CallbackService {
    service.on(async |text: Text, _| match text.content.as_str() {
        "bad" => Err(HandlerError::from("no such order")),
        other => Ok(other.to_owned()),
    })
}

/// A number of all points together.
fn sum(history: &History, number: fn(&Point) -> u64) -> u64 {
    history.points.iter().map(number).sum()
}

#[tokio::test]
async fn every_callback_attempt_and_reply_is_counted_and_the_numbers_of_other_servers_join_them() {
    let service = Running::start_with("attempts = 2\n", register).await;
    for (id, content) in [("1", "a"), ("2", "b"), ("2", "b"), ("3", "bad")] {
        service.deliver(&text("ann", id, content)).await.assert_ack();
    }
    let forged = post("/callback?rc-nonce=a&rc-timestamp=1763754000&rc-signature=00", "<xml></xml>");
    assert_eq!(Connection::open(service.callbacks).await.ask(forged).await.status, 401);
    service.wait_until_idle().await;
    let at = Clock::system().now();
    let body = r#"{"accepted":40,"handled":39,"ack_times":{"20":1}}"#;
    let other = Activity { at, replica: "elsewhere/1".to_owned(), body: body.into() };
    service.journal().add_activity(other).await.unwrap();

    let history = service.statistics.history(HOUR).await.unwrap();
    let sum = |number: fn(&Point) -> u64| sum(&history, number);
    assert_eq!(sum(|point| point.accepted), 43, "{history:#?}");
    assert_eq!(sum(|point| point.duplicates), 1, "{history:#?}");
    assert_eq!(sum(|point| point.refused), 1, "{history:#?}");
    assert_eq!(sum(|point| point.handled), 41, "{history:#?}");
    assert_eq!(sum(|point| point.failed), 2, "{history:#?}");
    assert_eq!(sum(|point| point.dead), 1, "{history:#?}");
    assert_eq!(sum(|point| point.sent), 2, "{history:#?}");
    assert_eq!(sum(|point| point.send_failed), 0, "{history:#?}");
    assert_eq!(history.step, Duration::from_mins(1));
    assert!(
        history.points.iter().all(|point| point.ack_p50.is_some() && point.ack_p50 <= point.ack_p99)
    );
    // The rates are those of this server only.
    let rates = service.statistics.rates();
    assert!(rates.accepted > 0.0 && rates.accepted <= 3.0, "{rates:?}");
    assert!(rates.handled > 0.0 && rates.sent > 0.0 && rates.failed > 0.0, "{rates:?}");
    assert!(service.statistics.ack_p99().is_some());
    service.stop().await;
}

#[tokio::test]
async fn what_was_counted_in_the_last_minute_is_in_the_journal_when_the_service_has_ended() {
    let service = Running::start(register).await;
    for (id, content) in [("1", "a"), ("2", "b")] {
        service.deliver(&text("ann", id, content)).await.assert_ack();
    }
    service.wait_until_idle().await;
    let folder = service.stop_and_keep().await;
    let activity = Running::activity(&folder, UnixMillis(0)).await;
    let [Activity { at, replica, body }] = &activity[..] else { panic!("{activity:?}") };
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!((&body["accepted"], &body["handled"], &body["sent"]), (&2.into(), &2.into(), &2.into()));
    assert!(Clock::system().now().since(*at) < HOUR);
    assert!(replica.ends_with(&format!("/{}", std::process::id())), "{replica}");
}
