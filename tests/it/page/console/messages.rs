//! The messages: filters in the address, the keyboard, and the story of one.

use serde_json::json;

use super::super::browser::{ENTER, ESCAPE};
use super::{Browser, on_a_console, on_each_journal, see_address, server::Console};

/// Waits until the rows of the list are those with these texts, in this order.
async fn see_rows(page: &Browser, wanted: &[&str]) {
    page.wait(&format!("the rows {wanted:?}"), ".entry .cell-what bdi", |texts| texts == wanted).await;
}

/// Waits until nothing is left to do, and loads the rows again.
async fn settle(page: &Browser, console: &Console) {
    console.counts("state=pending", 0).await;
    page.type_keys("r").await;
}

#[tokio::test]
async fn filters_are_in_the_address_and_back_undoes_them() {
    on_a_console("filters", async |page, console| {
        console.say("ann", "red parcel").await;
        console.say("bo", "blue parcel").await;
        console.say("bo", "broken").await;
        let card = "<Title>A shared card</Title><Description>d</Description><Url>http://x.invalid/</Url><PicUrl>http://x.invalid/p.jpg</PicUrl>";
        console.deliver("cy", "imgtxt", card).await;
        console.enter(page, "alice", "messages?queue=inbox").await;
        settle(page, console).await;
        see_rows(page, &["[card] A shared card", "broken", "blue parcel", "red parcel"]).await;

        page.press("[data-name=state] [value=dead]").await;
        see_rows(page, &["broken"]).await;
        see_address(page, "state=dead").await;
        page.go_back().await;
        page.see("[data-name=state] [value=''][aria-pressed=true]", "").await;
        page.type_keys("/").await;
        page.see(".filter-text:focus", "").await;
        page.type_keys(format!("parcel{ENTER}")).await;
        see_rows(page, &["blue parcel", "red parcel"]).await;
        see_address(page, "text=parcel").await;
        page.focus(".filter-user").await;
        page.type_keys(format!("bo{ENTER}")).await;
        see_rows(page, &["blue parcel"]).await;
        page.reload().await;
        see_rows(page, &["blue parcel"]).await;
        page.wait_for("the words in the field", "return document.querySelector('.filter-text').value === 'parcel'").await;
        page.keep_screenshot("console-filters-two").await;
        page.go_back().await;
        see_rows(page, &["blue parcel", "red parcel"]).await;
        page.press(".filter-chips button:last-child").await;
        page.wait("all rows", ".entry", |rows| rows.len() == 6).await;

        // Each kind that can be chosen is one that the server knows.
        let choose = "const kind = document.querySelector('select[name=kind]'); kind.value = arguments[0]; \
            kind.dispatchEvent(new Event('change')); return kind.selectedOptions[0].textContent";
        let label = page.run_script(choose, vec![json!("image_text")]).await;
        assert_eq!(label, "Rich card");
        see_rows(page, &["[card] A shared card"]).await;
        page.run_script(choose, vec![json!("unreadable")]).await;
        page.see(".empty", "No such message").await;
    })
    .await;
}

#[tokio::test]
async fn rows_are_walked_opened_and_left_with_the_keyboard() {
    on_a_console("keys", async |page, console| {
        for text in ["first", "second", "third"] {
            console.say("ann", text).await;
        }
        console.enter(page, "alice", "messages?queue=inbox").await;
        settle(page, console).await;
        see_rows(page, &["third", "second", "first"]).await;
        page.type_keys("jj").await;
        page.see(".entry.found[aria-selected=true]", "second").await;
        page.type_keys(ENTER).await;
        page.see(".detail #story-heading", "second").await;
        page.see_focus(".detail").await;
        page.run_script("document.activeElement.blur()", vec![]).await;
        page.type_keys("j").await;
        page.see(".detail #story-heading", "first").await;
        page.type_keys("k").await;
        page.see(".detail #story-heading", "second").await;
        page.type_keys(ESCAPE).await;
        page.wait("no story", ".detail:not([hidden])", <[String]>::is_empty).await;
        page.see_focus(".entry-list").await;
        assert_eq!(page.texts(".entry-list[aria-activedescendant]").await.len(), 1);
        page.type_keys("?").await;
        page.see("dialog", "next and previous row").await;
        page.type_keys(ESCAPE).await;
        page.wait("no dialog", "dialog", <[String]>::is_empty).await;
        // A number leads to its entry.
        page.type_keys(format!("/#1{ENTER}")).await;
        page.see(".detail .count", "#1 · Inbox · Text").await;
    })
    .await;
}

#[tokio::test]
async fn a_story_tells_attempts_replies_and_the_state_before_and_after() {
    on_each_journal("story", async |page, console| {
        console.say("ann", "broken").await;
        console.say("bo", "person").await;
        console.enter(page, "alice", "messages?queue=inbox").await;
        settle(page, console).await;
        see_rows(page, &["person", "broken"]).await;
        page.press(".entry:last-child").await;
        page.see(".detail-outcome.bad", "Dead letter").await;
        let steps = page.wait("four steps", ".step", |steps| steps.len() == 4).await;
        for (step, words) in
            steps.iter().zip(["Accepted", "Attempt 1 failed", "Attempt 2 failed", "Given up"])
        {
            assert!(step.contains(words), "{steps:#?}");
        }
        page.see(".step-reason", "rule `orders`").await;
        page.see(".detail pre", "<Content>").await;
        page.press("[data-control=raw]").await;
        page.see("[data-control=raw][aria-pressed=true]", "").await;

        page.press(".entry:first-child").await;
        page.see(".detail-outcome.good", "Handled by rule “person”").await;
        page.see(".states-pair > div:first-child", "none").await;
        page.see(".states-pair > div:last-child code", "person v").await;
        page.see(".reply-link", "正在为您转接人工客服").await;
        page.see(".reply .step", "Sent").await;
        page.keep_screenshot("console-story-states").await;
        page.press(".reply-link").await;
        page.see(".detail-head .count", "Outbox · Text · \u{2068}bo\u{2069}").await;
        page.press("[data-control=answers]").await;
        page.see(".detail-head .count", "Inbox · Text · \u{2068}bo\u{2069}").await;
        page.press("[data-control=conversation]").await;
        page.see(".view-conversations .pane .holder.nobody", "Waits for a person").await;
    })
    .await;
}
