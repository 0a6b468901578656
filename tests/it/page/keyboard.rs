//! The page without a mouse, and the announcements to screen readers.

use serde_json::json;

use super::{
    browser::{Browser, ENTER, ESCAPE, TAB},
    on_a_page,
};

const SPACE: &str = " ";

/// The largest number of presses of the tab key; a page with a short conversation needs fewer.
const MAX_STOPS: usize = 80;

#[tokio::test]
async fn a_conversation_needs_no_mouse() {
    on_a_page("keyboard", async |page, _| {
        // The first stop is a link that leads to the message field.
        page.type_keys(format!("{TAB}{ENTER}")).await;
        page.type_keys(format!("by keyboard{ENTER}")).await;
        page.see_reply("by keyboard").await;
        page.see("#announcer", "by keyboard").await;

        walk_to(page, "#attach").await;
        page.type_keys(ENTER).await;
        walk_to(page, "[data-kind=location]").await;
        page.type_keys(ENTER).await;
        page.see("dialog", "Send a location").await;
        page.type_keys(ENTER).await;
        page.see("#messages .mine .bubble.place", "The Bund").await;

        walk_to(page, "#menu button").await;
        page.type_keys(ENTER).await;
        page.wait("an open menu", "#menu .submenu:not([hidden])", |lists| lists.len() == 1).await;
        page.type_keys(format!("{TAB}{ESCAPE}")).await;
        assert!(page.is_focused("#menu button[aria-expanded=false]").await);

        // A receipt leads to its delivery.
        walk_to(page, ".receipt").await;
        page.type_keys(ENTER).await;
        assert!(page.is_focused("#detail").await);
        walk_to(page, "#detail [data-control=resend]").await;
        page.type_keys(ESCAPE).await;
        assert!(page.is_focused("#delivery-list").await);
        walk_to(page, "#switch-duplicate").await;
        page.type_keys(SPACE).await;
        page.see("[data-switches-on]:not([hidden])", "").await;
        assert_eq!(page.texts("#switch-duplicate:checked").await.len(), 1);
    })
    .await;
}

/// Presses the tab key until the element that `css` finds has the focus.
async fn walk_to(page: &Browser, css: &str) {
    for _ in 0..MAX_STOPS {
        page.type_keys(TAB).await;
        if page.is_focused(css).await {
            return;
        }
    }
    panic!("no way to {css}");
}

#[tokio::test]
async fn every_control_can_be_reached_and_has_a_name() {
    on_a_page("names", async |page, _| {
        page.say("something to look at").await;
        page.see_reply("something to look at").await;
        let nameless = "return [...document.querySelectorAll('button, a, input, select, textarea, [role=region], section, nav')] \
            .filter((found) => found.checkVisibility() && !(found.getAttribute('aria-label') || found.innerText.trim() \
            || found.getAttribute('aria-labelledby') || [...(found.labels ?? [])].some((label) => label.innerText.trim()))) \
            .map((found) => found.outerHTML)";
        assert_eq!(page.run_script(nameless, vec![]).await, json!([]));
        let unreachable = "return [...document.querySelectorAll('button, a, input, select, textarea')] \
            .filter((found) => found.checkVisibility() && found.tabIndex < 0).map((found) => found.outerHTML)";
        assert_eq!(page.run_script(unreachable, vec![]).await, json!([]));
        let landmarks = "return ['header', 'nav', 'main', 'section'].every((name) => document.querySelector(name)) \
            && document.querySelectorAll('h1').length === 1 && document.documentElement.lang === 'en'";
        assert_eq!(page.run_script(landmarks, vec![]).await, true);
    })
    .await;
}
