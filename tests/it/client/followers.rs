//! The follower calls against the document's examples, and long lists in batches.

use rongcloud_callback::{client::ClientError, ids::UserId};
use wiremock::{Mock, ResponseTemplate, matchers::body_string_contains};

use super::support::{Api, OK, check, json};

fn users(count: usize) -> Vec<UserId> {
    (0..count).map(|n| format!("u{n}.").into()).collect()
}

#[tokio::test]
async fn users_are_made_followers() {
    let (account, users) = ("mcid001".into(), ["userId1".into(), "userId2".into()]);
    check("关注、取消关注公众号/关注公众号", async |client| {
        client.followers().add(&account, &users).await.map_err(|error| error.cause)
    })
    .await;
}

#[tokio::test]
async fn users_are_made_to_follow_no_more() {
    let (account, users) = ("mcid001".into(), ["userId1".into(), "userId2".into()]);
    check("关注、取消关注公众号/取消关注公众号", async |client| {
        client.followers().remove(&account, &users).await.map_err(|error| error.cause)
    })
    .await;
}

#[tokio::test]
async fn fifty_followers_go_in_one_call_and_fifty_one_in_two_in_order() {
    for (count, parts) in [(50, vec![50]), (51, vec![50, 1]), (120, vec![50, 50, 20])] {
        let api = Api::answering(200, OK).await;
        api.client.followers().add(&"a".into(), &users(count)).await.unwrap();
        let bodies: Vec<_> = api.requests().await.iter().map(|request| json(&request.body)).collect();
        let sent: Vec<Vec<UserId>> =
            bodies.iter().map(|body| serde_json::from_value(body["userId"].clone()).unwrap()).collect();
        assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), parts);
        assert_eq!(sent.concat(), users(count));
    }
}

#[tokio::test]
async fn the_part_that_failed_is_named_and_those_after_it_are_not_tried() {
    let api = Api::answering(200, OK).await;
    Mock::given(body_string_contains("u50."))
        .respond_with(
            ResponseTemplate::new(200).set_body_string(r#"{"errcode":1008,"errmsg":"slow down"}"#),
        )
        .with_priority(1)
        .mount(&api.server)
        .await;
    let error = api.client.followers().add(&"a".into(), &users(160)).await.unwrap_err();
    assert_eq!(
        (error.done, error.failed, error.not_tried, error.total),
        (0..50, 50..100, 100..160, 160)
    );
    assert!(error.cause.is_rate_limited());
    assert_eq!(api.requests().await.len(), 2);

    let error = api.client.followers().add(&"a".into(), &users(160)).await.unwrap_err().to_string();
    assert!(
        error.starts_with("users 51 to 100 of 160 failed, 60 after them were not tried: "),
        "{error}"
    );
}

#[tokio::test]
async fn an_empty_list_is_an_error_before_any_call() {
    let api = Api::answering(200, OK).await;
    let error = api.client.followers().remove(&"a".into(), &[]).await.unwrap_err();
    assert!(matches!(error.cause, ClientError::Limit(_)));
    assert_eq!(api.requests().await.len(), 0);
}
