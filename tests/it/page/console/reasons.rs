//! The reasons for which a message is not done yet.

use serde_json::json;

use super::{
    Browser, browser,
    server::{Console, Journal},
};
use crate::support::until;

/// Waits until the newest entry of a user waits for a reason of this kind; returns the entry's number.
async fn waits(console: &Console, user: &str, why: &str) -> i64 {
    until(&format!("{user} who waits: {why}"), async || {
        let rows =
            console.ask_as("alice", "GET", &format!("entries?user={user}&limit=1"), &json!({})).await;
        let row = &rows["entries"][0];
        (row["why"]["is"] == why).then(|| row["id"].as_i64().unwrap())
    })
    .await
}

#[tokio::test]
async fn an_entry_says_why_it_is_not_done_yet() {
    if !browser::is_available() {
        return;
    }
    for journal in Journal::all().await {
        let name = format!("console-reasons-{}", journal.name());
        let console = Console::start_slow(journal).await;
        Browser::run(&name, async |page| reasons(page, &console).await).await;
    }
}

async fn reasons(page: &Browser, console: &Console) {
    console.say("cy", "person").await;
    console.sent("cy", "正在为您转接人工客服，请稍候。").await;
    console.ask_as("alice", "POST", "pauses", &json!({ "app": "test-app", "account": "demo" })).await;
    console.say("ann", "broken").await;
    let due = waits(console, "ann", "due").await;
    console.say("ann", "me too").await;
    let behind = waits(console, "ann", "behind").await;
    console.say("bo", "slow").await;
    let leased = waits(console, "bo", "leased").await;
    // The one message that is worked on at a time is the slow one.
    console.say("cy", "is somebody there?").await;
    let person = waits(console, "cy", "person").await;
    console.say("dan", "and I").await;
    let ready = waits(console, "dan", "ready").await;

    console.enter(page, "alice", "messages?state=pending").await;
    for (entry, short, words) in [
        (ready, "ready", "Not done: is ready and will be taken next"),
        (person, "a person has it", "Not done: is kept: the conversation waits for a person"),
        (leased, "being worked on", "Not done: is being worked on by "),
        (
            behind,
            &*format!("behind #{due}"),
            &*format!("Not done: waits behind entry #{due} of its conversation"),
        ),
        (due, "due in ", "Not done: is tried again in "),
    ] {
        page.see(&format!("#row-{entry} .cell-state"), short).await;
        page.press(&format!("#row-{entry}")).await;
        page.see(".detail-outcome", words).await;
    }
    page.see(".detail-outcome .reason", "Last failure: ").await;
    page.see(".step", "Attempt 1 failed").await;
    page.press(&format!("#row-{behind}")).await;
    page.press("[data-control=behind]").await;
    page.see(".detail-head .count", &format!("#{due} · Inbox")).await;
    page.see(&format!("#row-{due}.found"), "").await;

    // With the one before it gone, the other one is next.
    page.press("[data-control=discard]").await;
    page.see("dialog", &format!("Discard #{due}?")).await;
    page.press("dialog .primary").await;
    page.see(".notice.good", "is discarded").await;
    page.see(&format!("#row-{due} .cell-state"), "Discarded").await;
    waits(console, "ann", "ready").await;
}
