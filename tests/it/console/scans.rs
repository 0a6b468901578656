//! Searches that look at many entries: bounded, and continued by the next page.

use rongcloud_callback::journal::{EntryKey, NewEntry, Queue};
use serde_json::json;

use super::bot::{BotServer, column, conversation};
use crate::support::messages;

#[tokio::test]
async fn a_search_looks_at_100000_entries_says_so_and_goes_on_from_there() {
    const OTHERS: usize = 100_500;
    let server = BotServer::start().await;
    let ann = conversation("ann").encode();
    let append = async |number: usize, content: &str| {
        let entry = NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of(&number.to_string()),
            conversation: ann.clone(),
            body: messages::text("ann", "m", content).into(),
            dead: Some("for show".to_owned()),
        };
        server.journal.append(entry, None).await.unwrap();
    };
    append(0, "找我").await;
    for number in 1..=OTHERS {
        append(number, "别的").await;
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
}
