//! Numbers, and the audit list.

use serde_json::json;

use super::{
    bot::{BotServer, column, is_settled},
    setup::NOW,
};

#[tokio::test]
async fn the_numbers_are_those_of_the_journal_and_of_this_server() {
    let server = BotServer::start().await;
    server.say("ann", "你好", is_settled).await;
    server.say("bob", "错X", is_settled).await;
    server.reply().await;
    let stats = server.read_as("reader", "stats").await;
    assert_eq!(stats["now"], json!(NOW.0));
    assert_eq!((&stats["inbox"]["done"], &stats["inbox"]["dead"]), (&json!(1), &json!(1)), "{stats}");
    assert_eq!(
        (&stats["outbox"]["pending"], &stats["outbox"]["oldest_pending"]),
        (&json!(1), &json!(NOW.0))
    );
    assert_eq!((&stats["keep"], &stats["keep_dead"]), (&json!(86_400_000), &json!(2_592_000_000_i64)));
    assert_eq!(stats["replicas"][0]["is_this"], json!(true), "{stats}");
    assert_eq!((&stats["pauses"], &stats["job"]), (&json!([]), &json!(null)));
    let history = server.read_as("reader", "stats/history?span=1h").await;
    assert_eq!(history["step"], json!(60_000), "{history}");
    let handled: i64 =
        column(&history["points"], "handled").iter().map(|handled| handled.as_i64().unwrap()).sum();
    assert_eq!(handled, 1, "{history}");
}

#[tokio::test]
async fn the_audit_list_is_read_page_by_page_and_by_name() {
    let server = BotServer::start().await;
    let account = json!({ "app": "app", "account": "demo" });
    for _ in 0..2 {
        server.act_as("sven", "pauses", account.clone()).await;
        server.act_as("all", "pauses/resume", account.clone()).await;
    }
    let first = server.read_as("olga", "audit?limit=3").await;
    assert_eq!(
        column(&first["records"], "action"),
        [&json!("resume"), &json!("pause"), &json!("resume")]
    );
    assert_eq!(first["records"][0]["target"], json!("sending for demo of app"));
    let next = first["next"].as_i64().unwrap();
    let rest = server.read_as("olga", &format!("audit?limit=3&before={next}")).await;
    assert_eq!(
        (column(&rest["records"], "action"), &rest["next"]),
        (vec![&json!("pause")], &json!(null))
    );
    let by_sven = server.read_as("olga", "audit?who=sven&action=pause").await;
    assert_eq!(by_sven["records"].as_array().unwrap().len(), 2);
    assert_eq!(server.ask_as("reader", "GET", "audit", None).await.status, 403);
}
