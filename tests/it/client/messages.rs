//! Each row of the message table against the document's examples, and messages that have no row.

use rongcloud_callback::{
    client::{ClientError, Sent},
    ids::UserId,
    protocol::{Article, Outgoing, Payload, Recipients, Source},
};

use super::support::{Api, OK, check, check_edited, json};
use crate::fixtures::HttpExample;

const ACCOUNT: &str = "app.public.server112";
const DIRECT: &str = "发送消息";
const STORED: &str = "发送消息-使用已上传素材发送";
const TO_ALL: &str = "群发消息";
const STORED_TO_ALL: &str = "群发消息-使用已上传素材发送";

fn image(url: &str) -> Payload {
    Payload::image(Source::Url(url.into()))
}

fn voice() -> Payload {
    Payload::voice(Source::Url("http://www.xxx.com/aaa.amr".into()))
}

fn stored_image(id: &str) -> Payload {
    Payload::image(Source::MediaId(id.into()))
}

fn stored_voice(id: &str) -> Payload {
    Payload::voice(Source::MediaId(id.into()))
}

fn news() -> Payload {
    let article = |title: &str, description: &str| Article {
        title: title.into(),
        description: Some(description.into()),
        url: Some("URL".into()),
        picture_url: "PIC_URL".into(),
    };
    Payload::news([article("haha ", " hahahaahhaha"), article("lala", " lalalalala")])
}

fn outgoing(recipients: Recipients, payload: Payload) -> Outgoing {
    Outgoing { sender: ACCOUNT.into(), recipients, payload }
}

fn one() -> Recipients {
    Recipients::User("123".into())
}

async fn check_one(heading: &str, user: &str, payload: Payload) {
    let (account, user) = (ACCOUNT.into(), user.into());
    check(heading, async |client| client.messages().to_user(&account, &user, &payload).await).await;
}

async fn check_followers(heading: &str, payload: Payload) {
    let account = ACCOUNT.into();
    let sent =
        check(heading, async |client| client.messages().to_followers(&account, &payload).await).await;
    assert_eq!(sent.id.as_deref(), Some("adf330werfewfcxsdls"));
}

#[tokio::test]
async fn every_kind_goes_to_one_user() {
    check_one(&format!("{DIRECT}/文本消息"), "sdfxl", Payload::text("Hello")).await;
    check_one(&format!("{DIRECT}/图片消息"), "123", image("http://www.xxx.com/aaa.jpg")).await;
    check_one(&format!("{DIRECT}/语音消息"), "123", voice()).await;
    check_one(&format!("{DIRECT}/图文消息"), "123", news()).await;
    check_one(&format!("{STORED}/图片消息-使用已上传素材发送"), "123", stored_image("123434343443"))
        .await;
    check_one(&format!("{STORED}/语音消息-使用已上传素材发送"), "123", stored_voice("123434343443"))
        .await;
}

#[tokio::test]
async fn a_text_goes_to_one_user_in_one_line() {
    let (account, user) = (ACCOUNT.into(), "sdfxl".into());
    let heading = format!("{DIRECT}/文本消息");
    check(&heading, async |client| client.messages().text(&account, &user, "Hello").await).await;
}

#[tokio::test]
async fn every_kind_that_the_document_has_goes_to_several_users() {
    let users: [UserId; 2] = ["gDNQhlPfX".into(), "BzUPcKM2B".into()];
    let account = ACCOUNT.into();
    let kinds = [
        ("批量发送文本消息", Payload::text("Hello")),
        ("批量发送图片消息", image("http://www.xxx.com/aaa.jpg")),
        ("批量发送语音消息", voice()),
        ("批量发送图文消息", news()),
    ];
    for (heading, payload) in kinds {
        // The examples mix the users of one app with the account of another.
        let edit = |example: &mut HttpExample| {
            example.body = example.body.replace("@0vnjpoanq0ymg", "@uwd1c0sxdlx2");
        };
        check_edited(&format!("批量发送消息/{heading}"), edit, async |client| {
            let messages = client.messages();
            messages.to_users(&account, &users, &payload).await.map_err(|error| error.cause)
        })
        .await;
    }
}

#[tokio::test]
async fn every_kind_goes_to_all_followers() {
    check_followers(&format!("{TO_ALL}/群发文本消息"), Payload::text("CONTENT")).await;
    check_followers(&format!("{TO_ALL}/群发图片消息"), image("http://www.xxxx.com/aaa.jpg")).await;
    check_followers(&format!("{TO_ALL}/群发语音消息"), voice()).await;
    check_followers(&format!("{TO_ALL}/群发图文消息"), news()).await;
    let id = "123dsdajkasd231jhksad";
    for (kind, payload) in
        [("图片", stored_image(id)), ("语音", stored_voice(id)), ("图文", Payload::mp_news(id))]
    {
        check_followers(&format!("{STORED_TO_ALL}/群发{kind}消息-使用已上传素材发送"), payload).await;
    }
}

#[tokio::test]
async fn the_calls_for_uploads_take_text_and_news_as_well() {
    let rows = [
        (
            format!("{STORED}/文本消息-使用已上传素材发送"),
            Recipients::User("sdfxl".into()),
            Payload::text("Hello"),
        ),
        (format!("{STORED}/图文消息-使用已上传素材发送"), one(), news()),
        (format!("{STORED}/图片消息-使用已上传素材发送"), one(), stored_image("123434343443")),
        (
            format!("{STORED_TO_ALL}/群发文本消息-使用已上传素发送"),
            Recipients::Followers,
            Payload::text("CONTENT"),
        ),
    ];
    for (heading, recipients, payload) in rows {
        let outgoing = outgoing(recipients, payload);
        check(&heading, async |client| client.messages().send_stored(&outgoing).await).await;
    }
}

#[tokio::test]
async fn what_has_no_row_is_a_permanent_error_before_any_call() {
    let api = Api::answering(200, OK).await;
    let users = || Recipients::Users(vec!["a".into(), "b".into()]);
    let messages = api.client.messages();
    let missing = [
        (users(), stored_image("m")),
        (users(), stored_voice("m")),
        (users(), Payload::mp_news("m")),
        (one(), Payload::mp_news("m")),
    ];
    for (recipients, payload) in missing {
        let error = messages.send(&outgoing(recipients, payload)).await.unwrap_err();
        assert!(matches!(error, ClientError::NotOffered(_)) && !error.is_retryable(), "{error:?}");
    }
    for (recipients, payload) in
        [(one(), image("u")), (users(), Payload::text("t")), (Recipients::Followers, news())]
    {
        let error = messages.send_stored(&outgoing(recipients, payload)).await.unwrap_err();
        assert!(matches!(error, ClientError::NotOffered(_)), "{error:?}");
    }
    assert_eq!(api.requests().await.len(), 0);
}

#[tokio::test]
async fn limits_are_kept_at_the_edge_and_checked_before_any_call() {
    let api = Api::answering(200, OK).await;
    let messages = api.client.messages();
    let article = Article { title: "t".into(), picture_url: "p".into(), ..Article::default() };
    let articles = |count| Payload::news(vec![article.clone(); count]);
    let described =
        |text: String| Payload::news([Article { description: Some(text), ..article.clone() }]);
    let edges = [
        (Payload::text("汉".repeat(666) + "ab"), Payload::text("汉".repeat(666) + "abc")),
        (Payload::text("x".repeat(1997) + "汉"), Payload::text("x".repeat(1998) + "汉")),
        (articles(10), articles(11)),
        (described("汉".repeat(1000)), described("汉".repeat(1000) + "x")),
    ];
    for (within, beyond) in edges {
        messages.send(&outgoing(one(), within)).await.unwrap();
        let error = messages.send(&outgoing(one(), beyond)).await.unwrap_err();
        let ClientError::Limit(limit) = &error else { panic!("{error:?}") };
        assert!(limit.actual > limit.limit.max && !error.is_retryable());
    }
    assert_eq!(api.requests().await.len(), 4);
}

#[tokio::test]
async fn one_call_takes_a_hundred_users_and_longer_lists_go_in_parts() {
    let api = Api::answering(200, OK).await;
    let messages = api.client.messages();
    let users = |count| (0..count).map(|n| UserId::new(format!("u{n}"))).collect::<Vec<_>>();
    let batch = |count| outgoing(Recipients::Users(users(count)), Payload::text("t"));
    assert_eq!(messages.send(&batch(100)).await.unwrap(), Sent { id: None });
    for count in [0, 101] {
        let error = messages.send(&batch(count)).await.unwrap_err();
        assert!(matches!(error, ClientError::Limit(_)), "{error:?}");
    }
    messages.to_users(&ACCOUNT.into(), &users(101), &Payload::text("t")).await.unwrap();
    let counts: Vec<_> = api
        .requests()
        .await
        .iter()
        .map(|request| json(&request.body)["touser"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [100, 100, 1]);

    let error = messages.to_users(&ACCOUNT.into(), &users(3), &Payload::mp_news("m")).await.unwrap_err();
    assert_eq!((error.done, error.failed, error.not_tried), (0..0, 0..3, 3..3));
    assert!(matches!(error.cause, ClientError::NotOffered(_)));
}
