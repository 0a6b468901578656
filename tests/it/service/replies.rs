//! Replies that go out through the portal instead of the platform.

use rongcloud_callback::{
    Payload, Source,
    journal::{Queue, State},
};
use wiremock::{MockServer, Request};

use super::running::Running;
use crate::{
    client::support::{answering, json},
    support::messages::text,
};

/// Starts a service whose replies go through `portal`. The service answers a text with itself, and `picture` with a picture.
async fn start(portal: &MockServer) -> Running {
    let section = format!(
        "replies = \"portal\"\n[apps.portal]\nurl = \"{}\"\necode = \"acme\"\ntoken = \"t0ken\"\n",
        portal.uri()
    );
    Running::start_in("", &section, |service| {
        service.on(async |text: rongcloud_callback::Text, _| match text.content.as_str() {
            "picture" => Payload::image(Source::Url("http://a/b.jpg".into())),
            other => Payload::text(other),
        })
    })
    .await
}

async fn requests(portal: &MockServer) -> Vec<Request> {
    portal.received_requests().await.unwrap()
}

#[tokio::test]
async fn a_reply_goes_out_through_the_portal() {
    let portal = answering(200, r#"{"msg":"","code":200}"#).await;
    let service = start(&portal).await;
    service.deliver(&text("user1", "m1", "hello")).await.assert_ack();
    service.wait_until_idle().await;
    let requests = requests(&portal).await;
    let [request] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!(request.url.path(), "/interface/acme/api/push/send");
    assert_eq!(request.url.query(), Some("access_token=t0ken"));
    assert_eq!(
        json(&request.body),
        json(br#"{"channelId":"demo","toUserId":"user1","msgtype":"text","text":{"content":"hello"}}"#)
    );
    assert_eq!(service.platform.sent(), []);
    service.stop().await;
}

#[tokio::test]
async fn a_reply_that_the_portal_cannot_carry_is_a_dead_letter_that_says_so() {
    let portal = answering(200, r#"{"msg":"","code":200}"#).await;
    let service = start(&portal).await;
    service.deliver(&text("user1", "m1", "picture")).await.assert_ack();
    service.wait_until_idle().await;
    let records = service.records().await;
    let reply = records.iter().find(|record| record.queue == Queue::Outbox).unwrap();
    assert_eq!((reply.state, reply.attempts), (State::Dead, 1));
    let reason = reply.reason.as_deref().unwrap();
    assert!(reason.contains("the portal sends no picture or recording by url"), "{reason}");
    assert!(requests(&portal).await.is_empty() && service.platform.sent().is_empty());
    service.stop().await;
}

#[tokio::test]
async fn a_token_that_the_portal_refused_is_asked_for_again() {
    let portal = answering(200, r#"{"msg":"expired","code":401}"#).await;
    let service = start(&portal).await;
    service.deliver(&text("user1", "m1", "hello")).await.assert_ack();
    service.wait_until_idle().await;
    let attempts = requests(&portal).await.len();
    assert!(attempts > 1, "{attempts}");
    service.stop().await;
}
