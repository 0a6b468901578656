//! Live updates of the page, also after its connection was lost.

use serde_json::json;

use super::{
    browser::{self, Browser},
    executable::Executable,
    on_a_page,
};

#[tokio::test]
async fn what_a_script_does_is_seen_at_once() {
    on_a_page("live", async |page, sandbox| {
        sandbox.say("ann", "from a script").await;
        page.see("#messages .mine .bubble", "from a script").await;
        page.see_reply("from a script").await;
        sandbox.post("faults", &json!({ "slow_ms": 10, "drop_answer": 0.5 })).await;
        page.see("#switch-drop_answer:checked", "").await;
        page.see(".amount-value", "50 %").await;
    })
    .await;
}

#[tokio::test]
async fn a_page_finds_the_sandbox_again_after_a_restart() {
    if !browser::is_available() {
        return;
    }
    let sandbox = Executable::start();
    // The sandbox outlives the browser, whose console would show a second loss as an error.
    let mut again = None;
    Browser::run("restart", async |page| {
        page.open(&format!("{}/", sandbox.url)).await;
        page.say("before the restart").await;
        page.see_reply("before the restart").await;
        again = Some(sandbox.restart());
        page.see("#live[data-state=live]", "").await;
        page.see("#chat-empty", "Nothing said yet").await;
        page.say("after the restart").await;
        page.see_reply("after the restart").await;
        let complaints = page.console_errors().await;
        assert!(complaints.iter().all(|line| line.contains("net::ERR")), "{complaints:#?}");
    })
    .await;
    drop(again);
}

#[tokio::test]
async fn a_page_that_was_left_keeps_no_connection() {
    on_a_page("left", async |page, sandbox| {
        // A browser has six connections for a server.
        for n in 1..=8 {
            page.open(&format!("{}/?{n}", sandbox.url)).await;
        }
        page.go_back().await;
        page.see("#live[data-state=live]", "").await;
        page.say("after the way back").await;
        page.see_reply("after the way back").await;
    })
    .await;
}
