//! The audit list.

use super::{on_each_journal, see_address};

#[tokio::test]
async fn the_audit_list_says_who_did_and_who_looked_at_what() {
    on_each_journal("audit", async |page, console| {
        console.say("ann", "broken").await;
        console.counts("state=dead", 1).await;
        console.enter(page, "alice", "messages?entry=1").await;
        page.press("[data-control=discard]").await;
        page.press("dialog .primary").await;
        page.see(".detail-outcome", "Discarded").await;
        console.ask_as("bob", "GET", "desk", &serde_json::Value::Null).await;
        console.visit(page, "audit").await;
        page.see(".audit-action", "discarded").await;
        page.see(".audit-action", "logged in").await;
        page.see(".audit-action", "looked").await;
        page.see("tr:has([title=discard]) .audit-who", "alice").await;
        page.see("tr:has([title='log in']) .audit-who", "alice").await;
        page.keep_screenshot("console-audit-list").await;

        page.press(".audit-filters input:last-of-type").await;
        page.type_keys("discard").await;
        page.wait("one record", ".audit-table tbody tr", |rows| rows.len() == 1).await;
        see_address(page, "action=discard").await;
        page.press(".audit-target a").await;
        page.see(".view-messages .detail-outcome", "Discarded by an operator").await;
        page.go_back().await;
        page.see(".audit-action", "discarded").await;
        let landmarks = "return [...document.querySelectorAll('section, [role=search], [role=region]')] \
            .map((found) => found.getAttribute('aria-label')).filter((name, at, all) => all.indexOf(name) !== at)";
        assert_eq!(page.run_script(landmarks, vec![]).await, serde_json::json!([]));
    })
    .await;
}
