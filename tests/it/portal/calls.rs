//! Calls of the portal against the document's examples, and the reading of its answers.

use rongcloud_callback::{
    client::ClientError,
    ids::{AccountId, UserId},
    portal::{Card, LinkedArticle, Links, MassMessage, Message, Persona, Portal, TokenSource},
    protocol::media::MediaKind,
};
use serde_json::Value;
use wiremock::{MockServer, Request};

use crate::{
    client::support::{answering, json, only, options},
    fixtures::fixture,
};

const DONE: &str = r#"{"msg":"","code":200}"#;
const TOKEN: &str = "t0ken+/=";

pub(super) fn portal(server: &MockServer) -> Portal {
    let token = TokenSource::fixed(TOKEN.into());
    Portal::new("ec 1", token, [server.uri().parse().unwrap()], options()).unwrap()
}

fn channel() -> AccountId {
    "fingersoft".into()
}

async fn only_request(server: &MockServer, call: &str) -> Request {
    let request = only(server.received_requests().await.unwrap());
    assert_eq!(request.method.as_str(), "POST");
    assert_eq!(request.url.path(), format!("/interface/ec%201/api/push/{call}"));
    let token = request.url.query_pairs().find(|(name, _)| name == "access_token");
    assert_eq!(token.unwrap().1, TOKEN);
    request
}

async fn sent(users: &[&str], message: Message, persona: Option<Persona>) -> Value {
    let server = answering(200, DONE).await;
    let users: Vec<UserId> = users.iter().map(|user| UserId::from(*user)).collect();
    portal(&server).messages().to_users(&channel(), &users, &message, persona.as_ref()).await.unwrap();
    let request = only_request(&server, "send").await;
    assert_eq!(request.headers["content-type"], "application/json");
    json(&request.body)
}

async fn sent_to_all(message: MassMessage) -> Value {
    let server = answering(200, DONE).await;
    portal(&server).messages().to_all(&channel(), &message).await.unwrap();
    json(&only_request(&server, "mass/send").await.body)
}

fn example(heading: &str) -> Value {
    json(fixture(&format!("portal/{heading}/request.json")).as_bytes())
}

fn persona(name: &str) -> Persona {
    Persona { id: "1".into(), name: name.into(), picture_url: "http://aa.com/a.jpg".into() }
}

#[tokio::test]
async fn text_pictures_and_recordings_go_to_users() {
    let user = ["598d79f4c0e90bcc340ca3b5"];
    let text = Message::Text("hello Public sign".into());
    assert_eq!(sent(&user, text, Some(persona("用户昵称"))).await, example("发送文本消息"));
    let image = Message::Image("36e66fd93a094822bda640eb60e15dca".into());
    assert_eq!(sent(&user, image, None).await, example("发送图片消息"));
    let voice = Message::Voice("c292053a15ed42e88f8f203e9eb3929a".into());
    assert_eq!(sent(&user, voice, None).await, example("发送语音消息"));
}

#[tokio::test]
async fn cards_go_to_users_with_the_picture_under_both_keys() {
    let card = |title: &str, description: &str, pc: &str, app: &str, picture: &str| Card {
        title: title.into(),
        description: description.into(),
        links: Links { pc: pc.into(), app: app.into() },
        picture_url: format!("http://menhu.ishangban.com/upload/fingersoft/userIcon/{picture}"),
    };
    let cards = vec![
        card(
            "你可以忘记我",
            "但请别忘记社会主义核心价值观",
            "http://www.qq.com",
            "http://www.baidu.com",
            "9a71ebba53394ef1977ccb113311bf8c.jpg",
        ),
        card(
            "但请别忘记社会主义核心价值观",
            " 描述",
            "http://www.baidu.com",
            "http://www.qq.com",
            "cbb732e34e5e4351aed10a0a332e9cda.png",
        ),
    ];
    let users = ["598d79f4c0e90bcc340ca3b5", "a", "b"];
    let mut expected = example("发送图文消息");
    for article in expected["news"]["articles"].as_array_mut().unwrap() {
        article["picUrl"] = article["picurl"].clone();
    }
    assert_eq!(sent(&users, Message::News(cards), Some(persona("xiaomei"))).await, expected);
}

#[tokio::test]
async fn every_kind_goes_to_all_followers() {
    let id = || "123dsdajkasd231jhksad".into();
    let text = MassMessage::Text("hello mass text".into());
    assert_eq!(sent_to_all(text).await, example("群发文本消息"));
    assert_eq!(sent_to_all(MassMessage::Image(id())).await, example("群发图片消息"));
    assert_eq!(sent_to_all(MassMessage::Voice(id())).await, example("群发语音消息"));
    // The document's example of mpnews shows a voice body; its table says mpnews.
    let example = example("群发图文消息").to_string().replace("voice", "mpnews");
    assert_eq!(sent_to_all(MassMessage::MpNews(id())).await, json(example.as_bytes()));
}

#[tokio::test]
async fn a_file_is_uploaded() {
    let server = answering(200, &fixture("portal/上传多媒体文件/response.json")).await;
    let picture = b"\xff\xd8\xff picture".as_slice();
    let id = portal(&server).media().upload(MediaKind::Thumb, picture.into()).await.unwrap();
    assert_eq!(id.as_str(), "7c66ce5a59fb4d608a04d49a535a564d");
    let request = only_request(&server, "uploadMedia").await;
    assert!(request.url.query().unwrap().starts_with("type=thumb&access_token="));
    assert!(request.headers["content-type"].to_str().unwrap().starts_with("multipart/form-data"));
    let body = String::from_utf8_lossy(&request.body);
    assert!(body.contains(r#"name="file"; filename="thumb.jpg""#), "{body}");
    // The document lists the type beside the file, and says that the parameters are in the address.
    assert!(body.contains("name=\"type\"\r\n\r\nthumb\r\n"), "{body}");
}

#[tokio::test]
async fn articles_are_uploaded() {
    let server = answering(200, &fixture("portal/上传图文/response.json")).await;
    let article = |links| LinkedArticle {
        thumb_media_id: "thumb".into(),
        author: None,
        title: Some("t".into()),
        content: Some("c".into()),
        digest: None,
        shows_cover: Some(true),
        links,
    };
    let links = || Links { pc: "http://p".into(), app: "http://a".into() };
    let id = portal(&server).media().upload_news(&[article(links())]).await.unwrap();
    assert_eq!(id.as_str(), "7c66ce5a59fb4d608a04d49a535a564d");
    let request = only_request(&server, "uploadMedia").await;
    let expected = r#"{"articles":[{"thumb_media_id":"thumb","title":"t","content":"c","show_cover_pic":"1",
        "pcUrl":"http://p","appUrl":"http://a"}]}"#;
    assert_eq!(json(&request.body), json(expected.as_bytes()));

    let (pc, app) = (Links { app: String::new(), ..links() }, Links { pc: String::new(), ..links() });
    for articles in [
        vec![],
        vec![article(Links::default())],
        vec![article(links()), article(pc)],
        vec![article(app)],
        vec![article(links()); 11],
    ] {
        let error = portal(&server).media().upload_news(&articles).await.unwrap_err();
        assert!(matches!(error, ClientError::Limit(_)), "{error:?}");
    }
    only_request(&server, "uploadMedia").await;
}

#[tokio::test]
async fn limits_are_checked_before_any_call() {
    let server = answering(200, DONE).await;
    let portal = portal(&server);
    let card =
        |links| Card { title: "t".into(), description: "d".into(), links, picture_url: "p".into() };
    let to = async |users: &[UserId], message: Message| {
        portal.messages().to_users(&channel(), users, &message, None).await.unwrap_err()
    };
    let user = ["u".into()];
    for message in [
        Message::Text("汉".repeat(667)),
        Message::News(vec![card(Links::default())]),
        Message::News(vec![card(Links::both("u")); 11]),
        Message::News(vec![Card { description: String::new(), ..card(Links::both("u")) }]),
        Message::Image("".into()),
    ] {
        let error = to(&user, message).await;
        assert!(matches!(error, ClientError::Limit(_)), "{error:?}");
    }
    assert!(matches!(to(&[], Message::Text("t".into())).await, ClientError::Limit(_)));
    assert!(matches!(to(&["a,b".into()], Message::Text("t".into())).await, ClientError::NotOffered(_)));
    let long = MassMessage::Text("x".repeat(2001));
    assert!(portal.messages().to_all(&channel(), &long).await.is_err());
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn any_other_code_is_an_error_with_the_portals_words() {
    let class = async |status: u16, body: &str| {
        let server = answering(status, body).await;
        portal(&server).messages().to_all(&channel(), &MassMessage::Text("t".into())).await.unwrap_err()
    };
    let error = class(200, r#"{"msg":"公众号不存在","code":404,"timestamp":1}"#).await;
    assert!(matches!(error, ClientError::Refused(_)) && !error.is_retryable());
    assert_eq!((error.errcode().unwrap().0, error.errmsg()), (404, Some("公众号不存在")));

    assert!(matches!(class(200, r#"{"msg":"","code":500}"#).await, ClientError::Unavailable(_)));
    assert!(matches!(class(502, "<html>").await, ClientError::Unavailable(_)));
    assert!(matches!(class(200, r#"{"msg":null,"code":401}"#).await, ClientError::Token(_)));
    assert!(class(429, "").await.is_rate_limited());
    assert!(class(200, r#"{"code":"429"}"#).await.is_rate_limited());
    for status in [408, 425] {
        assert!(matches!(class(status, "").await, ClientError::Unavailable(_)), "{status}");
    }
    for body in ["", "<html>", "{}", r#"{"errcode":0,"errmsg":"ok"}"#] {
        assert!(matches!(class(200, body).await, ClientError::Unreadable(_)), "{body}");
    }
    let server = answering(200, DONE).await;
    let picture = b"\xff\xd8\xff".as_slice();
    let error = portal(&server).media().upload(MediaKind::Image, picture.into()).await.unwrap_err();
    assert!(error.to_string().starts_with("the call was carried out"), "without its id: {error:?}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn what_was_carried_out_is_done_however_oddly_it_is_said() {
    for (status, body) in [
        (200, r#"{"code":"200","msg":5,"data":null}"#),
        (200, r#"{"code":200.0,"data":"none","timestamp":"now"}"#),
        (200, "\u{feff}{\"code\":200}\n\n"),
        (404, DONE),
        (500, DONE),
    ] {
        let server = answering(status, body).await;
        let sent = portal(&server).messages().to_all(&channel(), &MassMessage::Text("t".into())).await;
        assert!(sent.is_ok(), "{status} {body}: {sent:?}");
    }
    let server = answering(200, r#"{"code":"200","data":{"media_id":17,"more":null}}"#).await;
    let picture = b"\xff\xd8\xff".as_slice();
    let id = portal(&server).media().upload(MediaKind::Image, picture.into()).await.unwrap();
    assert_eq!(id.as_str(), "17");
}

#[test]
fn a_portal_needs_a_company_and_a_usable_base() {
    let portal = |ecode: &str, base: &str| {
        Portal::new(ecode, TokenSource::fixed("t".into()), [base.parse().unwrap()], options())
            .map(|_| ())
    };
    assert!(portal("acme", "http://a.example").is_ok());
    assert!(matches!(portal("", "http://a.example"), Err(ClientError::Setup(_))));
    assert!(matches!(portal("acme", "mailto:a@example"), Err(ClientError::Setup(_))));
}
