//! Replies through the portal: those that it can carry, and those that it cannot.

use rongcloud_callback::{
    client::ClientError,
    protocol::{Article, Outgoing, Payload, Recipients, Source},
};

use super::calls::portal;
use crate::client::support::{answering, json, only};

fn outgoing(recipients: Recipients, payload: Payload) -> Outgoing {
    Outgoing { sender: "mc".into(), recipients, payload }
}

fn user() -> Recipients {
    Recipients::User("u".into())
}

fn card(url: Option<&str>) -> Payload {
    let url = url.map(str::to_owned);
    let description = Some("d".to_owned());
    Payload::news([Article { title: "t".into(), description, url, picture_url: "p".into() }])
}

fn undescribed() -> Payload {
    let (title, url) = ("t".to_owned(), Some("l".to_owned()));
    Payload::news([Article { title, url, picture_url: "p".into(), description: None }])
}

#[tokio::test]
async fn a_reply_goes_out_in_the_portals_shape() {
    let users = Recipients::Users(vec!["a".into(), "b".into()]);
    let rows = [
        (
            outgoing(user(), Payload::text("hi")),
            "/interface/ec%201/api/push/send",
            r#"{"channelId":"mc","toUserId":"u","msgtype":"text","text":{"content":"hi"}}"#,
        ),
        (
            outgoing(users, card(Some("l"))),
            "/interface/ec%201/api/push/send",
            r#"{"channelId":"mc","toUserId":"a,b","msgtype":"news","news":{"articles":[
                {"title":"t","description":"d","pcUrl":"l","appUrl":"l","picUrl":"p","picurl":"p"}]}}"#,
        ),
        (
            outgoing(Recipients::Followers, Payload::mp_news("m")),
            "/interface/ec%201/api/push/mass/send",
            r#"{"channelId":"mc","filter":{"is_to_all":true},"msgtype":"mpnews","mpnews":{"media_id":"m"}}"#,
        ),
    ];
    for (outgoing, path, body) in rows {
        let server = answering(200, r#"{"msg":"","code":200,"data":null,"timestamp":1}"#).await;
        portal(&server).send(&outgoing).await.unwrap();
        let request = only(server.received_requests().await.unwrap());
        assert_eq!((request.url.path(), json(&request.body)), (path, json(body.as_bytes())));
    }
}

#[tokio::test]
async fn what_the_portal_cannot_carry_is_a_permanent_error_that_says_so() {
    let server = answering(200, r#"{"msg":"","code":200}"#).await;
    let by_url = || Source::Url("http://a/b".into());
    let rows = [
        (user(), Payload::image(by_url()), "by url"),
        (user(), Payload::voice(by_url()), "by url"),
        (Recipients::Followers, Payload::image(by_url()), "by url"),
        (user(), Payload::mp_news("m"), "all followers only"),
        (Recipients::Followers, card(Some("l")), "single users only"),
        (user(), card(None), "needs a url"),
        (user(), undescribed(), "needs a description"),
    ];
    for (recipients, payload, why) in rows {
        let error = portal(&server).send(&outgoing(recipients, payload)).await.unwrap_err();
        assert!(matches!(error, ClientError::NotOffered(_)) && !error.is_retryable(), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
}
