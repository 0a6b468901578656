//! The log-in of the page: how people get in, how a session ends, and what a person without a right sees.

use serde_json::json;

use super::super::browser::ENTER;
use super::{expect_refusals, on_a_console, see_address, server::token};

/// The cookie of a session.
const COOKIE: &str = "rongcloud_console";

#[tokio::test]
async fn a_token_opens_the_view_that_was_asked_for_and_a_wrong_one_opens_nothing() {
    on_a_console("log-in", async |page, console| {
        page.go_to(&console.url("#/messages?state=dead")).await;
        page.see("#token:focus", "").await;
        page.type_keys(format!("{}-and-more{ENTER}", token("alice"))).await;
        page.see(".log-in .why", "No token of the configuration is like this one.").await;
        page.keep_screenshot("console-log-in-wrong").await;
        // The wrong token is selected, so that the right one is written in its place.
        page.type_keys(format!("{}{ENTER}", token("alice"))).await;
        page.see(".view-messages .empty", "No such message").await;
        see_address(page, "state=dead").await;
        page.see("#who", "alice").await;
        page.reload().await;
        page.see(".view-messages", "").await;

        page.press("#log-out").await;
        page.see("#token:focus", "").await;
        assert!(page.texts("#views a").await.is_empty());
        page.reload().await;
        page.see("#token:focus", "").await;
        expect_refusals(page, &["401"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_session_that_has_ended_leads_to_the_log_in_and_from_there_back_to_the_same_view() {
    on_a_console("session", async |page, console| {
        console.say("ann", "keep me").await;
        console.enter(page, "alice", "messages?user=ann").await;
        page.see(".entry", "keep me").await;
        page.command("Network.clearBrowserCookies", json!({})).await;
        page.press(".list-bar button[title^=Refresh]").await;
        page.see(".log-in .why", "The session has ended. Log in again.").await;
        page.type_keys(format!("{}{ENTER}", token("alice"))).await;
        page.see(".entry", "keep me").await;
        see_address(page, "user=ann").await;

        // A cookie that somebody has changed is no session.
        let cookie =
            json!({ "name": COOKIE, "value": "YWxpY2U.99999999999.00", "url": console.url("") });
        page.command("Network.setCookie", cookie).await;
        page.reload().await;
        page.see("#token:focus", "").await;
        expect_refusals(page, &["401"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_token_that_may_read_nothing_is_told_so() {
    on_a_console("metrics-only", async |page, console| {
        page.go_to(&console.url("")).await;
        page.see("#token:focus", "").await;
        page.type_keys(format!("{}{ENTER}", token("mona"))).await;
        page.see(".log-in .why", "Your token lacks the right “read”.").await;
        expect_refusals(page, &["401", "403"]).await;
    })
    .await;
}

/// A script: whether the page shows none of the texts that the users have written.
const NO_TEXTS: &str = "return !/parcel|waits for you/.test(document.documentElement.outerHTML)";

#[tokio::test]
async fn a_reader_sees_neither_texts_nor_buttons_that_change_something() {
    on_a_console("reader", async |page, console| {
        console.say("ann", "broken parcel").await;
        console.say("bo", "person").await;
        console.say("bo", "parcel waits for you").await;
        console.enter(page, "rita", "messages?state=dead").await;
        page.see(".entry .hidden-text", "hidden").await;
        assert_eq!(
            page.texts("#views a span").await,
            ["Overview", "Messages", "Conversations", "Dead letters", "Live"]
        );
        assert!(page.texts(".list-bar .actions button").await.is_empty());
        page.press(".entry").await;
        page.see(".detail-body .hidden-text", "hidden: needs the right “bodies”").await;
        page.see(".step", "Attempt 2 failed").await;
        assert!(page.texts("[data-control=revive], [data-control=discard]").await.is_empty());
        assert_eq!(page.run_script(NO_TEXTS, vec![]).await, true);
        page.keep_screenshot("console-reader-story").await;

        console.visit(page, "dead-letters").await;
        page.see(".dead-group .actions", "Show").await;
        assert!(page.texts(".dead-group button").await.is_empty());
        console.visit(page, "overview").await;
        page.see(".sending li", "demo").await;
        assert!(page.texts(".sending button").await.is_empty());
        console.visit(page, "conversations").await;
        page.see(".conversation-row", "bo").await;
        page.press(".conversation-row").await;
        page.see(".pane-hidden", "Texts are hidden").await;
        page.see(".talk-lines .hidden-text", "hidden").await;
        assert!(page.texts(".pane-actions button").await.is_empty());
        page.wait("no form", ".answer:not([hidden])", <[String]>::is_empty).await;
        assert_eq!(page.run_script(NO_TEXTS, vec![]).await, true);

        for view in ["desk", "audit"] {
            page.run_script("location.hash = `#/${arguments[0]}`", vec![json!(view)]).await;
            page.see(".empty", "Your token may not see this view").await;
        }
        page.press("#language").await;
        page.see(".empty", "您的令牌无权查看此视图").await;
    })
    .await;
}
