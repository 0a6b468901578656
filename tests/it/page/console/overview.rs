//! The numbers of this moment, a day as charts, and sending.

use serde_json::Value;

use super::super::browser::{ENTER, LEFT};
use super::{on_a_console, on_each_journal};
use crate::support::until;

#[tokio::test]
async fn the_overview_shows_the_numbers_of_this_moment() {
    on_each_journal("overview", async |page, console| {
        for (user, text) in [("ann", "one"), ("bo", "two"), ("cy", "broken"), ("dan", "person")] {
            console.say(user, text).await;
        }
        console.enter(page, "alice", "overview").await;
        page.see("[data-tile=dead] .tile-value", "1").await;
        page.see("[data-tile=person] .tile-value", "1").await;
        page.see("[data-tile=inbox] .tile-value", "0").await;
        page.see("[data-tile=size] .tile-value", "iB").await;
        page.see(".reasons li", "orders").await;
        page.see(".servers th", "this one").await;
        page.see(".sending li", "demo").await;
        page.see(".chart", "accepted").await;
        page.press(".chart summary").await;
        page.wait("a day in steps", ".chart tbody tr", |rows| rows.len() >= 288).await;
        page.press(".segments [value='1h']").await;
        page.see(".segments [value='1h'][aria-pressed=true]", "").await;
        page.focus(".plot").await;
        page.type_keys(LEFT).await;
        page.see("#announcer", "accepted").await;
        page.press(".reasons a").await;
        page.see(".view-messages .entry", "cy").await;
        page.go_back().await;
        page.press("[data-tile=person] a").await;
        page.see(".view-desk .conversation-row", "dan").await;
    })
    .await;
}

#[tokio::test]
async fn sending_for_an_account_is_paused_and_resumed() {
    on_each_journal("pause", async |page, console| {
        console.say("ann", "before").await;
        console.sent("ann", "You wrote: before").await;
        console.enter(page, "alice", "overview").await;
        page.press("[data-control='sending-test-app-demo']").await;
        page.see("dialog", "Pause sending for demo").await;
        page.press("dialog .primary").await;
        page.see(".sending .warn-text", "paused by alice").await;

        // A server hears of a pause after a second at the latest: until then it sends what comes.
        let mut count = 0;
        let waiting = until("a reply that was put back", async || {
            count += 1;
            console.say("ann", &format!("message {count}")).await;
            let rows =
                console.ask_as("alice", "GET", "entries?queue=outbox&state=pending", &Value::Null).await;
            let is_put_back = |row: &&Value| {
                row["reason"].as_str().is_some_and(|reason| reason.contains("paused by alice"))
            };
            rows["entries"].as_array().unwrap().iter().find(is_put_back).map(|row| row["id"].clone())
        })
        .await;
        console.visit(page, "messages?queue=outbox&state=pending").await;
        page.see(&format!("#row-{waiting} .cell-state.warn-text"), "sending paused").await;
        page.press(&format!("#row-{waiting}")).await;
        page.see(".detail-outcome", "Not done: sending for the account is paused by alice since").await;

        console.visit(page, "overview").await;
        page.see(".sending .warn-text", "paused by alice").await;
        page.press("[data-control='sending-test-app-demo']").await;
        page.see(".sending .count", "sending").await;
        console.sent("ann", &format!("You wrote: message {count}")).await;
        page.see("[data-tile=outbox] .tile-value", "0").await;
    })
    .await;
}

#[tokio::test]
async fn an_account_that_nobody_has_written_to_can_be_paused_as_well() {
    on_a_console("pause-another", async |page, console| {
        console.enter(page, "alice", "overview").await;
        page.see(".sending", "No account is known yet").await;
        page.press("[data-control=sending-another]").await;
        page.see("dialog input[name=account]", "").await;
        page.type_keys(format!("shop{ENTER}")).await;
        page.see(".sending .warn-text", "paused by alice").await;
        page.see(".sending li", "shop").await;
    })
    .await;
}
