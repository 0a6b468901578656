//! Conversations: lists by activity and by dialogue, and one with both directions.

use futures_util::future::try_join_all;
use rongcloud_callback::{
    journal::{EntryKey, NewEntry, Queue},
    protocol::{Article, Conversation, Outgoing, Payload},
};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::bot::{BotServer, column, conversation, is_settled};
use crate::support::{messages, until};

#[tokio::test]
async fn conversations_are_listed_by_their_newest_entries_or_by_their_dialogue() {
    let server = BotServer::start().await;
    for (user, text) in [("ann", "无答"), ("bob", "人工"), ("carl", "无答"), ("dora", "人工")] {
        server.say(user, text, is_settled).await;
    }
    server.say("ann", "无答", is_settled).await;
    let page = server.read_as("all", "conversations?limit=3").await;
    let users = column(&page["conversations"], "user");
    assert_eq!(users[0], &json!("ann"), "{page}");
    let mut seen: Vec<Value> = users.into_iter().cloned().collect();
    let next = page["next"].as_i64().unwrap();
    let rest = server.read_as("all", &format!("conversations?before={next}")).await;
    seen.extend(column(&rest["conversations"], "user").into_iter().cloned());
    seen.sort_by_key(ToString::to_string);
    assert_eq!(seen, [json!("ann"), json!("bob"), json!("carl"), json!("dora")]);
    assert_eq!(rest["next"], json!(null));

    let first = server.read_as("all", "conversations?dialogue=person&limit=1").await;
    assert_eq!(column(&first["conversations"], "user"), [&json!("bob")]);
    let bob = &first["conversations"][0];
    assert_eq!((&bob["person"]["by"], &bob["state"]["dialogue"]), (&json!(null), &json!("person")));
    let next = first["next"].as_str().unwrap();
    let second = server.read_as("all", &format!("conversations?dialogue=person&after={next}")).await;
    assert_eq!(column(&second["conversations"], "user"), [&json!("dora")]);
    assert_eq!(second["next"], json!(null));
    let filtered = server.read_as("all", "conversations?dialogue=person&user=dora").await;
    assert_eq!(column(&filtered["conversations"], "user"), [&json!("dora")]);
    let none = server.read_as("all", "conversations?account=other").await;
    assert_eq!(none["conversations"], json!([]));
}

#[tokio::test]
async fn each_conversation_of_a_user_with_many_has_its_own_newest_entry() {
    // With so many of them, some are the same to the index.
    const ACCOUNTS: usize = 300;
    // Enough for a segment of the index with all of them.
    const OTHERS: usize = 4096;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("journal.url = 'sqlite:{}'", folder.path().join("journal.db").display());
    let server = BotServer::start_with(&url).await;
    let entry = |account: String, user: &str, number: usize| NewEntry {
        queue: Queue::Inbox,
        key: EntryKey::of(&format!("{number} {user}")),
        body: messages::text(user, "m", "人工").replace("demo", &account).into(),
        conversation: Conversation { account: account.into(), ..conversation(user) }.encode(),
        dead: (user != "ann").then(|| "not handled".to_owned()),
    };
    let of_ann = (0..ACCOUNTS).map(|number| entry(format!("account{number}"), "ann", number));
    let others: Vec<_> =
        (0..OTHERS).map(|number| entry("demo".to_owned(), &format!("bob{number}"), number)).collect();
    let keys: Vec<_> = others.iter().map(|entry| entry.conversation.clone()).collect();
    let append = |entry| server.journal.append(entry, None);
    try_join_all(of_ann.map(append)).await.unwrap();
    until("persons have all of them", async || {
        let stats = server.read_as("all", "stats").await;
        (stats["waiting_for_person"] == json!(ACCOUNTS)).then_some(())
    })
    .await;
    try_join_all(others.into_iter().map(append)).await.unwrap();
    let file = Connection::open(folder.path().join("journal.db")).unwrap();
    let rows = "select count(*) from conversation_index";
    until("a segment of the index", async || {
        (file.query_row(rows, [], |row| row.get::<_, i64>(0)).unwrap() > 0).then_some(())
    })
    .await;
    let (mut seen, mut next) = (0, String::new());
    loop {
        let page = server.read_as("all", &format!("conversations?dialogue=person&after={next}")).await;
        for conversation in page["conversations"].as_array().unwrap() {
            let newest = &conversation["newest"];
            assert_eq!(newest["account"], conversation["account"], "{conversation}");
            seen += 1;
        }
        let Some(after) = page["next"].as_str() else { break };
        next = after.to_owned();
    }
    assert_eq!(seen, ACCOUNTS);
    // In the segment, at its end and behind it.
    assert_eq!(server.journal.newest(keys).await.unwrap().len(), OTHERS);
}

#[tokio::test]
async fn a_conversation_shows_both_directions_with_sides_and_contents() {
    let server = BotServer::start().await;
    let ann = conversation("ann");
    let body = |elements: &str| {
        format!(
            "<xml><ToUserName>demo</ToUserName><FromUserName>ann</FromUserName>\
             <CreateTime>1</CreateTime>{elements}</xml>"
        )
    };
    for elements in [
        "<MsgType>image</MsgType><PicUrl>https://a/b.jpg</PicUrl>",
        "<MsgType>voice</MsgType><VoiceUrl>https://a/b.amr</VoiceUrl>",
        "<MsgType>location</MsgType><Location_X>31.5</Location_X><Location_Y>121.25</Location_Y><Label>店</Label>",
        "<MsgType>imgtxt</MsgType><Title>标题</Title><Url>https://a/</Url>",
        "<MsgType>event</MsgType><Event>scan</Event>",
        "<MsgType>video</MsgType><Clip>x</Clip>",
    ] {
        let id = server.append("ann", body(elements), None).await;
        server.wait(id, is_settled).await;
    }
    server.say("ann", "你好", is_settled).await;
    server.reply().await;
    let chat = server.read_as("all", &format!("conversations/{}", id(&ann))).await;
    let contents: Vec<_> = column(&chat["entries"], "content");
    assert_eq!(contents[0], &json!({ "kind": "text", "text": "你说：你好" }));
    assert_eq!(contents[1], &json!({ "kind": "text", "text": "你好" }));
    assert_eq!(contents[2]["kind"], json!("other"));
    assert_eq!(contents[3], &json!({ "kind": "event", "name": "scan" }));
    assert_eq!(contents[4]["articles"][0]["title"], json!("标题"));
    let place = json!({ "kind": "location", "latitude": 31.5, "longitude": 121.25, "name": "店" });
    assert_eq!(contents[5], &place);
    assert_eq!(contents[6], &json!({ "kind": "voice", "url": "https://a/b.amr" }));
    assert_eq!(contents[7], &json!({ "kind": "image", "url": "https://a/b.jpg" }));
    let sides = column(&chat["entries"], "side");
    assert_eq!((sides[0], sides[1]), (&json!("bot"), &json!("user")));
    let texts = column(&chat["entries"], "text");
    assert_eq!(texts[2..5], [&json!(contents[2]["text"]), &json!("[scan]"), &json!("[card] 标题")]);
    let hidden = server.read_as("reader", &format!("conversations/{}", id(&ann))).await;
    assert_eq!(hidden["entries"][0]["content"], json!(null));

    let page = server.read_as("all", &format!("conversations/{}?limit=3", id(&ann))).await;
    let next = page["next"].as_i64().unwrap();
    let rest = server.read_as("all", &format!("conversations/{}?before={next}", id(&ann))).await;
    assert_eq!(rest["entries"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_conversation_whose_key_is_no_key_is_listed_and_nobody_answers_in_it() {
    let server = BotServer::start().await;
    let unreadable = Conversation { account: "".into(), user: "digest".into(), ..conversation("x") };
    let id_of = id(&unreadable);
    let key = rongcloud_callback::journal::EntryKey::of("odd");
    let entry = rongcloud_callback::journal::NewEntry {
        queue: rongcloud_callback::journal::Queue::Inbox,
        key,
        conversation: unreadable.encode(),
        body: b"<xm"[..].into(),
        dead: Some("not understood".to_owned()),
    };
    server.journal.append(entry.clone(), None).await.unwrap();
    let odd = rongcloud_callback::journal::NewEntry {
        key: rongcloud_callback::journal::EntryKey::of("odder"),
        conversation: "no key".to_owned(),
        ..entry
    };
    server.journal.append(odd, None).await.unwrap();
    let list = server.read_as("all", "conversations").await;
    assert_eq!(column(&list["conversations"], "user"), [&json!(null), &json!(null)]);
    assert_eq!(column(&list["conversations"], "app"), [&json!(null), &json!("app")]);
    for path in ["hand-over", "take", "answer", "hand-back"] {
        let path = format!("conversations/{id_of}/{path}");
        let (status, error) = server.act_as("all", &path, json!({})).await;
        assert_eq!(status, 404, "{path}: {error}");
    }
}

#[tokio::test]
async fn cards_and_uploads_that_were_sent_are_shown() {
    let server = BotServer::start().await;
    let ann = conversation("ann");
    let card =
        Article {
            title: "开放日".into(), picture_url: "https://a/b.jpg".into(), ..Article::default()
        };
    for (key, payload) in [("a", Payload::news([card])), ("b", Payload::mp_news("media-1"))] {
        let entry = rongcloud_callback::journal::NewEntry {
            queue: rongcloud_callback::journal::Queue::Outbox,
            key: rongcloud_callback::journal::EntryKey::of(key),
            conversation: ann.encode(),
            body: Outgoing::to_user(&ann, payload).encode().into(),
            dead: Some("for show".to_owned()),
        };
        server.journal.append(entry, None).await.unwrap();
    }
    let chat = server.read_as("all", &format!("conversations/{}", id(&ann))).await;
    assert_eq!(column(&chat["entries"], "kind"), [&json!("mpnews"), &json!("news")]);
    assert_eq!(chat["entries"][1]["content"]["articles"][0]["picture"], json!("https://a/b.jpg"));
    assert_eq!(chat["entries"][0]["content"], json!({ "kind": "other", "text": "media-1" }));
}

/// The id of a conversation in addresses.
pub(super) fn id(conversation: &Conversation) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(conversation.encode())
}
