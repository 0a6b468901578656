//! The desk over HTTP: taken by one, answered once, handed back.

use serde_json::{Value, json};

use super::{
    bot::{BotServer, column, conversation, is_settled},
    conversations::id,
    setup::json,
};

async fn waiting(server: &BotServer) -> Value {
    server.read_as("bea", "desk").await["waiting"].clone()
}

#[tokio::test]
async fn all_messages_since_the_hand_over_are_unread_and_none_before_it() {
    const UNREAD: u64 = 20;
    let server = BotServer::start().await;
    for _ in 0..3 {
        server.say("ann", "无答", is_settled).await;
    }
    server.clock.advance(std::time::Duration::from_secs(1));
    server.say("ann", "人工", is_settled).await;
    server.clock.advance(std::time::Duration::from_secs(1));
    for number in 0..UNREAD {
        assert_eq!(waiting(&server).await[0]["unread"], json!(number));
        server.say("ann", &format!("还在吗 {number}"), is_settled).await;
    }
    let list = waiting(&server).await;
    assert_eq!((&list[0]["unread"], &list[0]["newest"]["text"]), (&json!(UNREAD), &json!("还在吗 19")));
}

#[tokio::test]
async fn one_person_takes_a_conversation_answers_and_hands_it_back() {
    let server = BotServer::start().await;
    server.say("ann", "人工", is_settled).await;
    server.clock.advance(std::time::Duration::from_secs(1));
    server.say("ann", "在吗", is_settled).await;
    server.say("ann", "订单呢", is_settled).await;
    let list = waiting(&server).await;
    assert_eq!(
        (&list[0]["user"], &list[0]["by"], &list[0]["unread"]),
        (&json!("ann"), &json!(null), &json!(2))
    );
    assert_eq!(list[0]["newest"]["text"], json!("订单呢"), "who answers must read: {list}");
    assert_eq!(server.read_as("all", "stats").await["waiting_for_person"], json!(1));

    let path = |action: &str| format!("conversations/{}/{action}", id(&conversation("ann")));
    let (status, taken) = server.act_as("bea", &path("take"), json!({})).await;
    assert_eq!((status, &taken["person"]["by"]), (200, &json!("bea")), "{taken}");
    for (action, body) in
        [("take", json!({})), ("answer", json!({ "text": "我来" })), ("hand-back", json!({}))]
    {
        let (status, refused) = server.act_as("carl", &path(action), body).await;
        assert_eq!((status, &refused["by"]), (409, &json!("bea")), "{action}: {refused}");
    }
    let (status, refused) = server.act_as("carl", &path("take"), json!({ "from": "bea" })).await;
    assert_eq!((status, &refused["missing"]), (403, &json!("operate")), "{refused}");

    let (status, refused) =
        server.act_as("bea", &path("answer"), json!({ "text": "x".repeat(2001) })).await;
    assert_eq!(status, 400, "{refused}");
    for wrong in
        [json!({}), json!({ "text": "a", "image": "https://a/" }), json!({ "image": "javascript:1" })]
    {
        assert_eq!(server.act_as("bea", &path("answer"), wrong.clone()).await.0, 400, "{wrong}");
    }
    assert_eq!(server.act_as("bea", &path("answer"), json!({ "text": "已发货" })).await.0, 200);
    assert_eq!(waiting(&server).await[0]["unread"], json!(0));
    server.say("ann", "谢谢", is_settled).await;
    assert_eq!(waiting(&server).await[0]["unread"], json!(1));
    let chat = server.read_as("bea", &format!("conversations/{}", id(&conversation("ann")))).await;
    let sides = ["user", "person", "user", "user", "bot", "user"].map(|side| json!(side));
    assert_eq!(column(&chat["entries"], "side"), sides.each_ref());
    assert_eq!(chat["unread"], json!(1));

    let (status, back) = server.act_as("bea", &path("hand-back"), json!({})).await;
    assert_eq!((status, &back["person"]), (200, &json!(null)), "{back}");
    assert_eq!(waiting(&server).await, json!([]));
    assert_eq!(server.act_as("bea", &path("answer"), json!({ "text": "再" })).await.0, 409);
    for status in [200, 409] {
        assert_eq!(server.act_as("bea", &path("hand-over"), json!({})).await.0, status);
    }
    let audit = server.audit().await;
    let acts: Vec<_> =
        audit.iter().filter(|(who, action, ..)| who == "bea" && action != "look").collect();
    assert!(
        acts.iter().any(|it| it.1 == "answer" && it.2 == "conversation of ann with demo of app"),
        "{acts:?}"
    );
}

#[tokio::test]
async fn a_form_that_is_sent_twice_answers_once_and_without_a_key_not_at_all() {
    let server = BotServer::start().await;
    server.say("ann", "人工", is_settled).await;
    let path = format!("/api/v1/conversations/{}/answer", id(&conversation("ann")));
    let token = "authorization: Bearer 0123456789abcdef-bea";
    let body = json!({ "text": "已发货" });
    let refused = server.post(&path, &[token], &body).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(refused.body.contains("Idempotency-Key: send this header"), "{refused:?}");
    for _ in 0..2 {
        let answer = server.post(&path, &[token, "idempotency-key: form-1"], &body).await;
        assert_eq!(json(&answer)["person"]["by"], json!("bea"), "{answer:?}");
    }
    let chat = server.read_as("bea", &format!("conversations/{}", id(&conversation("ann")))).await;
    let sides = column(&chat["entries"], "side");
    assert_eq!(sides.iter().filter(|side| **side == &json!("person")).count(), 1, "{chat}");
}

#[tokio::test]
async fn whoever_operates_takes_a_conversation_from_another_person() {
    let server = BotServer::start().await;
    server.say("ann", "人工", is_settled).await;
    let take = format!("conversations/{}/take", id(&conversation("ann")));
    assert_eq!(server.act_as("bea", &take, json!({})).await.0, 200);
    let (status, refused) = server.act_as("all", &take, json!({ "from": "carl" })).await;
    assert_eq!((status, &refused["by"]), (409, &json!("bea")), "{refused}");
    let (status, taken) = server.act_as("all", &take, json!({ "from": "bea" })).await;
    assert_eq!((status, &taken["person"]["by"]), (200, &json!("all")), "{taken}");
    assert!(server.audit().await.iter().any(|it| it.1 == "take from bea"));
}
