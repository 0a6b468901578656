//! Dead letters by reason, with what they have in common.

use serde_json::json;

use super::bot::{BotServer, column, is_settled};

#[tokio::test]
async fn dead_letters_are_grouped_by_reason_and_tell_what_they_share() {
    let server = BotServer::start().await;
    let empty = server.read_as("all", "dead-letters").await;
    assert_eq!(empty, json!({ "groups": [], "total": 0, "goes_in": null }));
    for (user, what) in [("ann", "错X"), ("bob", "错Y"), ("bob", "错Z")] {
        server.say(user, what, is_settled).await;
    }
    server.append("carl", "<xml", Some("not understood")).await;
    server.clock.advance(std::time::Duration::from_hours(24));
    let letters = server.read_as("all", "dead-letters").await;
    assert_eq!(letters["total"], json!(4));
    assert_eq!(letters["goes_in"], json!(29 * 24 * 3_600_000_i64), "{letters}");
    let groups = &letters["groups"];
    assert_eq!(column(groups, "count"), [&json!(3), &json!(1)]);
    assert_eq!(column(groups, "reason"), [&json!("no entry for …"), &json!("not understood")]);
    let first = &groups[0];
    assert_eq!(first["newest"]["reason"], json!("no entry for \"Z\""));
    let common = &first["common"];
    assert_eq!((&common["account"], &common["user"]), (&json!("demo"), &json!(null)));
    assert_eq!((&common["kind"], &common["of"]), (&json!("text"), &json!(3)));
    let group = first["group"].as_str().unwrap();
    let of_group = server.read_as("all", &format!("entries?group={group}")).await;
    assert_eq!(of_group["entries"].as_array().unwrap().len(), 3);
    let one = server.read_as("all", "dead-letters?limit=1").await;
    assert_eq!((one["groups"].as_array().unwrap().len(), &one["total"]), (1, &json!(4)));
}
