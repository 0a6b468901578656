//! Searches that look at many entries: bounded, and continued by the next page.

use rongcloud_callback::journal::{EntryKey, NewEntry, Queue};
use serde_json::json;

use super::bot::{BotServer, column, conversation};
use crate::support::messages;

#[tokio::test]
async fn a_search_looks_at_100000_entries_says_so_and_goes_on_from_there() {
    const OTHERS: usize = 100_500;
    let server = BotServer::start().await;
    let append = async |user: &str, number: usize, content: &str| {
        let entry = NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of(&number.to_string()),
            conversation: conversation(user).encode(),
            body: messages::text(user, "m", content).into(),
            dead: Some("for show".to_owned()),
        };
        server.journal.append(entry, None).await.unwrap();
    };
    append("ann", 0, "找我").await;
    append("bob", 1, "查订单").await;
    for number in 2..=OTHERS {
        append("ann", number, "别的").await;
    }
    let page = server.read_as("all", "entries?text=%E6%89%BE%E6%88%91").await;
    assert_eq!(page["entries"], json!([]));
    let scanned = &page["scanned"];
    assert_eq!((&scanned["limit"], &scanned["reached"]), (&json!(100_000), &json!(true)), "{page}");
    let next = page["next"].as_i64().unwrap();
    assert_eq!(scanned["to"], json!(next));
    assert_eq!(next, 502, "the newest 100,000 of 100,501 were looked at");
    let rest = server.read_as("all", &format!("entries?text=%E6%89%BE%E6%88%91&before={next}")).await;
    assert_eq!(column(&rest["entries"], "text"), [&json!("找我")]);
    assert_eq!((&rest["next"], &rest["scanned"]["reached"]), (&json!(null), &json!(false)));

    // A user's entries need no look at others, in whichever account they are.
    for query in ["user=bob", "user=bob&account=demo", "user=bob&text=%E6%9F%A5"] {
        let of_bob = server.read_as("all", &format!("entries?{query}")).await;
        assert_eq!(column(&of_bob["entries"], "text"), [&json!("查订单")], "{query}");
        assert_eq!((&of_bob["next"], &of_bob["scanned"]["reached"]), (&json!(null), &json!(false)));
    }
}
