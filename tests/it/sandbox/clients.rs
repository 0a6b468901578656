//! The library's clients against the sandbox: every group, every call.

use std::time::Duration;

use rongcloud_callback::{
    Article, Client, Payload, Source,
    client::{ClientError, FullArticle, NewAccount, NewMenu, Options, Profile},
    ids::{MediaId, UserId},
    portal::{Card, LinkedArticle, Links, MassMessage, Message, Portal, TokenSource},
    protocol::{Outgoing, Recipients, media::MediaKind},
    sandbox::{ChatContent, Sandbox},
};

use super::sent;

const PICTURE: &[u8] = b"\xff\xd8\xff\xe0 a picture";
const VOICE: &[u8] = b"#!AMR\n\x7c\x7c";

fn times() -> Options {
    let minute = Duration::from_mins(1);
    Options { connect_timeout: minute, timeout: minute }
}

fn client(sandbox: &Sandbox) -> Client {
    let base = sandbox.api_url().parse().unwrap();
    Client::new(sandbox.app_key().clone(), sandbox.secret().into(), [base], times()).unwrap()
}

fn profile(name: &str) -> Profile {
    Profile {
        id: "mc".into(),
        name: name.into(),
        portrait_url: "http://x/logo.png".into(),
        ui_type: 0,
        introduction: String::new(),
    }
}

async fn upload(client: &Client, kind: MediaKind) -> MediaId {
    let file = if kind == MediaKind::Voice { VOICE } else { PICTURE };
    client.media().upload(kind, file.into()).await.unwrap().id
}

#[tokio::test]
async fn accounts_are_created_changed_looked_up_and_routed() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let accounts = client.accounts();
    let new =
        NewAccount { profile: profile("One"), followed_by_all: true, route_url: "http://a".into() };
    let created = accounts.create(&new).await.unwrap();
    assert!(created.followed_by_all && created.route_open);
    assert!(matches!(accounts.create(&new).await, Err(ClientError::Refused(_))));
    accounts.update(&profile("Two")).await.unwrap();
    accounts.set_route(&"mc".into(), "http://b").await.unwrap();
    let account = accounts.switch_route(&"mc".into(), false).await.unwrap();
    assert_eq!(accounts.show(&"mc".into()).await.unwrap(), account);
    assert_eq!((account.name.as_deref(), account.route_url.as_deref()), (Some("Two"), Some("http://b")));
    assert!(!account.route_open);
}

#[tokio::test]
async fn menus_are_added_ordered_and_deleted() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let menus = client.menus();
    let help = menus.add(&NewMenu::new("demo", "Help")).await.unwrap();
    let page = NewMenu::new("demo", "FAQ").opening("https://example.com").below(help.id.clone());
    let page = menus.add(&page).await.unwrap();
    assert_eq!((page.level, page.parent, page.action), (2, Some(help.id.clone()), 1));
    menus.reorder(&[(help.id.clone(), 2), (page.id.clone(), 1)]).await.unwrap();
    menus.delete(&"demo".into(), &help.id).await.unwrap();
    assert!(matches!(menus.delete(&"demo".into(), &page.id).await, Err(ClientError::Refused(_))));
}

#[tokio::test]
async fn followers_come_and_go_in_parts() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let users: Vec<UserId> = (0..120).map(|n| format!("u{n}").into()).collect();
    client.followers().add(&"demo".into(), &users).await.unwrap();
    client.followers().remove(&"demo".into(), &users[..51]).await.unwrap();
    assert_eq!(sandbox.calls().len(), 3 + 2);
    client.messages().to_followers(&"demo".into(), &Payload::text("news")).await.unwrap();
    assert_eq!(sent(&sandbox)[0].users.len(), 69);
}

#[tokio::test]
async fn every_payload_reaches_every_recipient_that_a_call_is_made_for() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let (image, voice) =
        (upload(&client, MediaKind::Image).await, upload(&client, MediaKind::Voice).await);
    let article = FullArticle {
        thumb_media_id: upload(&client, MediaKind::Thumb).await,
        author: None,
        title: Some("t".into()),
        source_url: "http://x".into(),
        content: Some("<p>".into()),
        digest: None,
        shows_cover: Some(true),
    };
    let news = client.media().upload_news(&[article]).await.unwrap().id;
    let card = Article { title: "t".into(), picture_url: "http://x/p.jpg".into(), ..Article::default() };
    let (one, many, all) = (
        Recipients::User("u".into()),
        Recipients::Users(vec!["u".into(), "v".into()]),
        Recipients::Followers,
    );
    let url = || Source::Url("http://x/y".into());
    let both = [one.clone(), many];
    let stored = [one, all.clone()];
    let mut expected = Vec::new();
    for (payload, recipients) in [
        (Payload::text("x"), &both[..]),
        (Payload::image(url()), &both),
        (Payload::voice(url()), &both),
        (Payload::news([card]), &both),
        (Payload::image(Source::MediaId(image)), &stored),
        (Payload::voice(Source::MediaId(voice)), &stored[..1]),
        (Payload::mp_news(news), &[]),
    ] {
        for recipients in recipients {
            let (sender, recipients) = ("demo".into(), recipients.clone());
            expected.push(payload.msgtype());
            client
                .messages()
                .send(&Outgoing { sender, recipients, payload: payload.clone() })
                .await
                .unwrap_or_else(|error| panic!("{payload:?}: {error}"));
        }
    }
    let kinds: Vec<_> = sent(&sandbox).iter().map(|message| message.content.kind()).collect();
    assert_eq!(kinds, expected);
    let stored = sent(&sandbox).into_iter().find_map(|message| match message.content {
        ChatContent::Voice { url, seconds } if url.starts_with("/sandbox/media/") => seconds,
        _ => None,
    });
    assert_eq!(stored, Some(0.04));
}

#[tokio::test]
async fn the_portal_s_calls_reach_users_and_everybody() {
    let sandbox = Sandbox::start().await;
    let base = sandbox.api_url().parse().unwrap();
    let token = TokenSource::fixed(sandbox.portal_token().into());
    let portal = Portal::new("acme", token, [base], times()).unwrap();
    let image = portal.media().upload(MediaKind::Image, PICTURE.into()).await.unwrap();
    let article = LinkedArticle {
        thumb_media_id: portal.media().upload(MediaKind::Thumb, PICTURE.into()).await.unwrap(),
        author: None,
        title: Some("t".into()),
        content: None,
        digest: None,
        shows_cover: Some(false),
        links: Links::both("http://x"),
    };
    let articles = portal.media().upload_news(&[article]).await.unwrap();
    let card = Card {
        title: "t".into(),
        description: "d".into(),
        links: Links::both("http://x"),
        picture_url: "http://x/p.jpg".into(),
    };
    let users: [UserId; 2] = ["u".into(), "v".into()];
    let news = Message::News(vec![card]);
    for message in [Message::Text("hi".into()), Message::Image(image), news] {
        portal.messages().to_users(&"demo".into(), &users, &message, None).await.unwrap();
    }
    portal.messages().to_all(&"demo".into(), &MassMessage::MpNews(articles)).await.unwrap();
    let kinds: Vec<_> = sent(&sandbox).iter().map(|message| message.content.kind()).collect();
    assert_eq!(kinds, ["text", "image", "news", "mpnews"]);
    assert_eq!(sent(&sandbox)[0].users, users);
}
