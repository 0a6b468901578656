//! The live list.

use serde_json::json;

use super::{on_a_console, on_each_journal, see_address};

/// Scripts: somebody looks elsewhere, and comes back.
const BLUR: &str = "document.hasFocus = () => false; dispatchEvent(new Event('blur'))";
const FOCUS: &str = "document.hasFocus = () => true; dispatchEvent(new Event('focus'))";

#[tokio::test]
async fn what_comes_is_shown_at_once_but_not_while_somebody_looks_elsewhere() {
    on_each_journal("live", async |page, console| {
        console.enter(page, "alice", "live").await;
        page.run_script(FOCUS, vec![]).await;
        page.see(".events[data-state=live]", "").await;
        console.say("ann", "first").await;
        page.see(".event-entry", "first").await;
        page.see(".event-step", "Handled by rule “echo”").await;
        page.see(".event-step", "sent").await;
        console.say("bo", "broken").await;
        page.see(".event .chip.bad", "dead letter").await;
        let shown = page.texts(".event").await.len();

        page.run_script(BLUR, vec![]).await;
        page.see(".note.still", "Paused while you look elsewhere. 0 came meanwhile.").await;
        console.say("cy", "meanwhile").await;
        console.sent("cy", "You wrote: meanwhile").await;
        page.wait("a number", ".note.still", |notes| {
            notes[0].contains(" came meanwhile.") && !notes[0].contains(" 0 came")
        })
        .await;
        assert_eq!(page.texts(".event").await.len(), shown);
        page.run_script(FOCUS, vec![]).await;
        page.see(".event-entry", "meanwhile").await;
        page.wait("no note", ".note.still:not([hidden])", <[String]>::is_empty).await;

        page.press(".view-head .toggle").await;
        page.see(".note.still", "Paused.").await;
        page.press(".view-head .toggle").await;
        page.press(".view-head .search").await;
        page.type_keys("dead letter").await;
        page.wait("one row", ".event:not([hidden])", |rows| rows.len() == 1).await;
        see_address(page, "text=dead+letter").await;
        page.press(".event:not([hidden]) .event-id").await;
        page.see(".view-messages .detail-outcome", "Dead letter").await;
    })
    .await;
}

#[tokio::test]
async fn a_filter_that_is_typed_before_a_change_of_the_view_is_not_one_of_the_next_view() {
    on_a_console("live-filter", async |page, console| {
        console.enter(page, "alice", "live").await;
        page.run_script("window.left = document.querySelector('.view-live .search')", vec![]).await;
        console.visit(page, "messages").await;
        let late = "window.left.value = 'late'; window.left.dispatchEvent(new Event('change')); return location.hash";
        assert_eq!(page.run_script(late, vec![]).await, "#/messages");
    })
    .await;
}

#[tokio::test]
async fn thousands_of_events_do_not_make_the_list_grow() {
    on_a_console("live-bound", async |page, console| {
        console.enter(page, "alice", "overview").await;
        let fake = "window.EventSource = class extends EventTarget { \
            constructor() { super(); window.fake = this; this.readyState = 1; setTimeout(() => this.onopen?.()); } \
            close() { window.isClosed = true; } }";
        page.run_script(fake, vec![]).await;
        console.visit(page, "live").await;
        page.run_script(FOCUS, vec![]).await;
        let events = "for (let id = arguments[0]; id < arguments[0] + 400; id += 1) window.fake.dispatchEvent(new MessageEvent('step', { data: JSON.stringify( \
            { id, queue: 'inbox', step: 'done', attempt: 1, took: 3, reason: null, ending: { as: 'handled', by: '<b>' }, app: 'a', account: 'm', user: 'u' }) }))";
        for first in [1, 401, 801, 1201] {
            page.run_script(events, vec![json!(first)]).await;
            page.see(".event:first-child .event-id", &format!("#{}", first + 399)).await;
        }
        assert_eq!(page.texts(".event").await.len(), 500);
        console.visit(page, "audit").await;
        page.wait_for("a closed stream", "return window.isClosed === true").await;
    })
    .await;
}

#[tokio::test]
async fn a_page_that_was_left_keeps_no_connection_and_hears_of_everything_again_after_the_way_back() {
    on_a_console("left", async |page, console| {
        console.enter(page, "alice", "live").await;
        // A browser has six connections for a server.
        for n in 1..=8 {
            page.open(&console.url(&format!("?{n}#/live"))).await;
        }
        page.go_back().await;
        page.see("#live[data-state=live]", "").await;
        page.run_script(FOCUS, vec![]).await;
        page.see(".events[data-state=live]", "").await;
        console.say("ann", "after the way back").await;
        page.see(".event-entry", "after the way back").await;
    })
    .await;
}
