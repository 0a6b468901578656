//! The switches: a bot on a sound server survives them, and the page shows what happened.

use super::on_a_page;

#[tokio::test]
async fn a_duplicated_message_gets_one_reply() {
    on_a_page("duplicate", async |page, _| {
        page.press("label:has(#switch-duplicate)").await;
        page.wait("the switch on", "[data-switches-on]:not([hidden])", |_| true).await;
        page.say("only once").await;
        page.see("#delivery-list .attempt .chip", "Duplicate").await;
        page.see_reply("only once").await;
        // What is answered to this one comes after whatever the duplicate would have brought.
        page.press("label:has(#switch-duplicate)").await;
        page.say("and now this").await;
        page.see_reply("and now this").await;
        assert_eq!(page.replies().await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_dropped_answer_is_retried_and_gets_one_reply() {
    on_a_page("drop-answer", async |page, _| {
        page.press("label:has(#switch-drop_answer)").await;
        page.see("[data-switches-on]", "").await;
        page.say("lost and found").await;
        page.wait("retries", "#delivery-list .attempt", |attempts| attempts.len() > 1).await;
        page.see("#messages .mine .receipt", "accepted").await;
        page.see("#delivery-list .attempt .chip", "Drop the answer").await;
        page.press("#all-off").await;
        page.say("the next one").await;
        page.see_reply("the next one").await;
        assert_eq!(page.replies().await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_is_sent_again_is_accepted_again_and_gets_no_second_reply() {
    on_a_page("resend", async |page, _| {
        page.say("once more").await;
        page.see_reply("once more").await;
        page.press("#delivery-list [data-control=resend]").await;
        page.wait("a second attempt", "#delivery-list .attempt", |attempts| attempts.len() == 2).await;
        page.say("the next one").await;
        page.see_reply("the next one").await;
        assert_eq!(page.replies().await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_forgery_is_refused_as_it_should_be() {
    on_a_page("forgery", async |page, _| {
        page.press("label:has(#switch-wrong_signature)").await;
        page.say("beside a forgery").await;
        page.see("#delivery-list .attempt .result", "401 · as it should be").await;
        page.see_reply("beside a forgery").await;
        page.press("[data-filter=trouble]").await;
        page.see("#delivery-list .delivery-what", "beside a forgery").await;
    })
    .await;
}

#[tokio::test]
async fn a_refused_api_call_is_shown_with_its_fault() {
    on_a_page("api", async |page, _| {
        page.press("label:has(#switch-api_internal_error)").await;
        page.say("answer me later").await;
        page.see("#delivery-list summary .chip", "error 1000").await;
    })
    .await;
}
