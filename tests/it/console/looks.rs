//! The audit list of looks at what users wrote.

use std::time::Duration;

use super::bot::{BotServer, is_settled};

#[tokio::test]
async fn a_page_that_asks_again_and_again_is_noted_once_a_minute() {
    let server = BotServer::start().await;
    let id = server.say("ann", "无答", is_settled).await;
    let story = format!("entries/{id}");
    let looks = async || {
        let audit = server.audit().await;
        audit.iter().filter(|(_, action, target, _)| action == "look" && *target == story).count()
    };
    for _ in 0..3 {
        server.read_as("all", &story).await;
    }
    assert_eq!(looks().await, 1);
    server.read_as("all", "entries").await;
    assert_eq!(looks().await, 1, "another target is another look");
    server.clock.advance(Duration::from_mins(1));
    server.read_as("all", &story).await;
    assert_eq!(looks().await, 2);
}
