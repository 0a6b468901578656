//! Entries: lists with filters and pages, stories, why they are not done, and what is done to one of them.

use serde_json::{Value, json};

use super::{
    bot::{BotServer, column, is_postponed, is_settled, numbers},
    setup::NOW,
};
use crate::support::messages::subscribe;

const HOSTILE: &str = "<img onerror=alert(1)>";

#[tokio::test]
async fn a_list_has_the_entries_of_a_filter_page_by_page() {
    let server = BotServer::start().await;
    let mut of_ann = Vec::new();
    for number in 0..5 {
        of_ann.push(server.say("ann", &format!("无答 & {number}"), is_settled).await);
        server.say("bob", "无答", is_settled).await;
    }
    let subscribed = server.append("ann", subscribe("ann"), None).await;
    server.wait(subscribed, is_settled).await;
    of_ann.push(subscribed);
    of_ann.reverse();
    let filter = "entries?queue=inbox&state=done&account=demo&user=ann";
    let mut seen = Vec::new();
    let mut page = server.read_as("all", &format!("{filter}&limit=2")).await;
    loop {
        seen.extend(column(&page["entries"], "id").into_iter().cloned());
        assert_eq!(page["scanned"]["reached"], json!(false), "{page}");
        let Some(next) = page["next"].as_i64() else { break };
        page = server.read_as("all", &format!("{filter}&limit=2&before={next}")).await;
    }
    assert_eq!(seen, numbers(&of_ann));
    let oldest = server.read_as("all", &format!("{filter}&order=oldest&limit=1")).await;
    assert_eq!(column(&oldest["entries"], "id"), numbers(&of_ann[5..]).iter().collect::<Vec<_>>());

    for (more, expected) in [
        ("&kind=subscribe", &of_ann[..1]),
        ("&kind=text&limit=1", &of_ann[1..2]),
        ("&text=%26%203", &of_ann[2..3]),
        ("&text=%26%20", &of_ann[1..]),
        ("&text=amp", &[]),
        ("&kind=image", &[]),
        ("&since=2023-11-14T22:13:20Z", &of_ann[..]),
        ("&until=1700000000000", &[]),
        ("&kind=&text=", &of_ann[..]),
    ] {
        let page = server.read_as("all", &format!("{filter}{more}")).await;
        let ids: Vec<Value> = column(&page["entries"], "id").into_iter().cloned().collect();
        assert_eq!(ids, numbers(expected), "{more}");
    }
    let row = &server.read_as("all", &format!("{filter}&kind=subscribe")).await["entries"][0];
    assert_eq!(
        (&row["text"], &row["ending"]),
        (&json!("[subscribe]"), &json!({ "as": "not_taken", "by": null }))
    );
}

#[tokio::test]
async fn a_request_that_is_wrong_says_which_parameter_and_what_to_write() {
    let server = BotServer::start().await;
    for (path, words) in [
        ("entries?limit=0", "limit: write a number from 1 to 200"),
        ("entries?limit=201", "limit: write a number from 1 to 200"),
        ("entries?limit=x", "limit"),
        ("entries?usr=ann", "unknown field `usr`"),
        ("entries?user=a&user=b", "duplicate field `user`"),
        ("entries?state=Dead", "state: write `pending`, `done` or `dead`"),
        ("entries?order=up", "order: write `newest` or `oldest`"),
        ("entries?group=x", "group: no number"),
        ("entries?conversation=%2F", "conversation: no id"),
        ("conversations?dialogue=order&before=1", "before: write `after`"),
        ("stats/history?span=2h", "span: write `1h`, `24h` or `7d`"),
        ("events?what=all", "what: write `desk`"),
    ] {
        let answer = server.ask_as("all", "GET", path, None).await;
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert!(answer.body.contains(words), "{path}: {answer:?}");
    }
    for path in [
        "entries/99",
        "entries/x",
        "entries/99999999999999999999",
        "conversations/%2F",
        "conversations/YQ",
    ] {
        let answer = server.ask_as("all", "GET", path, None).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_story_has_attempts_replies_and_the_state_before_and_after() {
    let server = BotServer::start().await;
    let failing = server.say("ann", "再试", is_postponed).await;
    let story = server.read_as("all", &format!("entries/{failing}")).await;
    let [attempt] = &story["attempts"].as_array().unwrap()[..] else { panic!("{story}") };
    assert_eq!((&attempt["number"], &attempt["reason"]), (&json!(1), &json!("the stock is busy")));
    assert_eq!(attempt["ended_at"], json!(NOW.0));
    assert!(attempt["replica"].as_str().unwrap().contains('/'), "{attempt}");
    assert_eq!(story["why"]["is"], json!("due"), "{story}");
    assert_eq!(story["body"]["type"], json!("xml"));
    assert!(story["body"]["text"].as_str().unwrap().contains("再试"));

    let asked = server.say("bob", "你好", is_settled).await;
    let reply = server.reply().await;
    let story = server.read_as("all", &format!("entries/{asked}")).await;
    assert_eq!(story["entry"]["ending"]["as"], json!("handled"), "{story}");
    let told = &story["replies"][0];
    assert_eq!((&told["entry"]["id"], &told["entry"]["text"]), (&json!(reply), &json!("你说：你好")));
    assert_eq!(told["attempts"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(story["state_changed"], json!(false));
    let story = server.read_as("all", &format!("entries/{reply}")).await;
    assert_eq!((&story["answers"]["id"], &story["body"]["type"]), (&json!(asked), &json!("json")));

    let handed_over = server.say("carl", "人工", is_settled).await;
    let kept = server.say("carl", "在吗", is_settled).await;
    let story = server.read_as("all", &format!("entries/{handed_over}")).await;
    assert_eq!((&story["state_changed"], &story["state_before"]), (&json!(true), &json!(null)));
    assert_eq!(story["state_after"]["dialogue"], json!("person"));
    assert_eq!(story["state_after"]["body"], json!({ "since": NOW.0 }));
    let story = server.read_as("all", &format!("entries/{kept}")).await;
    assert_eq!(story["state_before"]["body"], json!({ "since": NOW.0 }), "{story}");
    assert_eq!(story["entry"]["ending"], json!({ "as": "kept", "by": null }));
}

#[tokio::test]
async fn each_pending_entry_says_why_it_is_not_done() {
    let server = BotServer::start().await;
    let held = server.append("ann", crate::support::messages::text("ann", "1", "等"), None).await;
    crate::support::until("it is at work", async || {
        let row = &server.read_as("all", &format!("entries/{held}")).await["why"];
        (row["is"] == json!("leased")).then_some(())
    })
    .await;
    let behind = server.append("ann", crate::support::messages::text("ann", "2", "无答"), None).await;
    server.say("bob", "你好", is_settled).await;
    let reply = server.reply().await;
    let why = async |id: i64| server.read_as("all", &format!("entries/{id}")).await["why"].clone();
    assert_eq!(why(behind).await, json!({ "is": "behind", "entry": held }));
    assert_eq!(why(reply).await["is"], json!("due"));
    let by = why(held).await["by"].clone();
    assert!(by.as_str().unwrap().contains('/'), "{by}");

    let account = json!({ "app": "app", "account": "demo" });
    let (status, pauses) = server.act_as("sven", "pauses", account.clone()).await;
    assert_eq!((status, &pauses["pauses"][0]["by"]), (200, &json!("sven")));
    assert_eq!(why(reply).await, json!({ "is": "paused", "by": "sven", "since": NOW.0 }));
    assert_eq!(why(behind).await["is"], json!("behind"), "the Inbox is not paused");
    assert_eq!(server.act_as("sven", "pauses/resume", account.clone()).await.0, 200);
    assert_eq!(why(reply).await["is"], json!("due"));
    assert_eq!(server.act_as("sven", "pauses/resume", account).await.0, 404);
}

#[tokio::test]
async fn without_the_right_to_bodies_no_text_is_shown_and_every_look_is_noted() {
    let server = BotServer::start().await;
    let secret = "我的密码是秘密";
    let id = server.say("ann", secret, is_settled).await;
    let handed_over = server.say("dora", "人工", is_settled).await;
    let conversation = server.read_as("all", "conversations?user=ann").await["conversations"][0].clone();
    let chat = format!("conversations/{}", conversation["id"].as_str().unwrap());
    let before = server.audit().await.len();
    for who in ["reader", "olga", "bea"] {
        for path in ["entries", &format!("entries/{id}"), "conversations", &chat, "dead-letters"] {
            let answer = server.ask_as(who, "GET", path, None).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            assert!(!answer.body.contains("秘密"), "{who}, {path}: {answer:?}");
        }
        let answer = server.ask_as(who, "GET", "entries?text=x", None).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(answer.body.contains("\"missing\":\"bodies\""), "{answer:?}");
    }
    let audit = server.audit().await;
    let by_bea: Vec<_> = audit[..audit.len() - before].iter().collect();
    assert!(
        by_bea.iter().all(|(who, ..)| who == "bea"),
        "only who is at the desk sees some: {by_bea:?}"
    );

    let story = server.read_as("reader", &format!("entries/{id}")).await;
    assert_eq!((&story["entry"]["text"], &story["entry"]["hidden"]), (&json!(null), &json!(true)));
    assert_eq!((&story["body"]["text"], &story["body"]["hidden"]), (&json!(null), &json!(true)));
    let story = server.read_as("reader", &format!("entries/{handed_over}")).await;
    assert_eq!(
        (&story["state_after"]["body"], &story["state_after"]["hidden"]),
        (&json!(null), &json!(true))
    );
    let story = server.read_as("bea", &format!("entries/{handed_over}")).await;
    assert_eq!(story["entry"]["text"], json!("人工"), "a person has this conversation");

    server.read_as("all", &format!("entries?text={secret}")).await;
    let (who, action, target, count) = server.audit().await.swap_remove(0);
    assert_eq!((who.as_str(), action.as_str(), count), ("all", "look", 2), "the message and its reply");
    assert!(target.starts_with("entries?text="), "{target}");
}

#[tokio::test]
async fn what_a_stranger_wrote_is_shown_as_it_is_whatever_it_is() {
    let server = BotServer::start().await;
    let broken = server.append("", b"\xff\xfe<xml>\x00".to_vec(), Some("not understood")).await;
    server.say(HOSTILE, "无答", is_settled).await;
    let story = server.read_as("all", &format!("entries/{broken}")).await;
    assert_eq!(story["entry"]["kind"], json!("unreadable"));
    let body = &story["body"];
    assert_eq!((&body["type"], &body["text"]), (&json!("binary"), &json!(null)));
    assert_eq!((&body["base64"], &body["bytes"]), (&json!("//48eG1sPgA="), &json!(8)));

    let answer = server.ask_as("all", "GET", "entries?user=%3Cimg%20onerror%3Dalert(1)%3E", None).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let page: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(column(&page["entries"], "user"), [&json!(HOSTILE)]);
    let id = server.read_as("all", "conversations?user=%3Cimg%20onerror%3Dalert(1)%3E").await;
    let id = id["conversations"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(server.read_as("all", &format!("conversations/{id}")).await["user"], json!(HOSTILE));
}

#[tokio::test]
async fn one_entry_is_revived_or_discarded_once_and_both_are_noted() {
    let server = BotServer::start().await;
    let dead = server.say("ann", "错X", is_settled).await;
    let done = server.say("bob", "无答", is_settled).await;
    for (path, status) in [
        (format!("entries/{done}/revive"), 409),
        (format!("entries/{done}/discard"), 409),
        ("entries/999/revive".to_owned(), 404),
        ("entries/999/discard".to_owned(), 404),
    ] {
        let (answered, error) = server.act_as("olga", &path, json!({})).await;
        assert_eq!(answered, status, "{path}: {error}");
    }
    let revive = format!("entries/{dead}/revive");
    assert_eq!(server.act_as("all", &revive, json!({ "more": 1 })).await.0, 400);
    let (status, row) = server.act_as("all", &revive, json!({})).await;
    assert_eq!((status, &row["id"]), (200, &json!(dead)), "{row}");
    server.wait(dead, |record| record.state == rongcloud_callback::journal::State::Dead).await;
    let (status, row) = server.act_as("olga", &format!("entries/{dead}/discard"), json!({})).await;
    assert_eq!((status, &row["discarded"], &row["text"]), (200, &json!(true), &json!(null)), "{row}");
    let audit = server.audit().await;
    let acts: Vec<_> = audit.iter().filter(|(_, action, ..)| action != "look").collect();
    let expected = [("olga", "discard"), ("all", "revive")]
        .map(|(who, action)| (who.to_owned(), action.to_owned(), format!("entry {dead}"), 1));
    assert_eq!(acts, expected.iter().collect::<Vec<_>>());
}
