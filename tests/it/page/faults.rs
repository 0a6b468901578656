//! The switches for faults: a bot on a correct server survives them, and the page shows the requests.

use super::on_a_page;

#[tokio::test]
async fn a_duplicated_message_gets_one_reply() {
    on_a_page("duplicate", async |page, _| {
        page.press("label:has(#switch-duplicate)").await;
        page.wait("the switch on", "[data-switches-on]:not([hidden])", |_| true).await;
        page.say("only once").await;
        page.see_reply("only once").await;
        page.press("#delivery-list .delivery").await;
        page.see("#detail .attempt .chip", "Duplicate").await;
        page.see("#detail .attempt .result", "200 · duplicate: acknowledged").await;
        // The reply to this message comes after any reply to the duplicate would have come.
        page.press("#show-faults").await;
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
        page.press("#delivery-list .delivery").await;
        page.wait("retries", "#detail .attempt", |attempts| attempts.len() > 1).await;
        page.see("#messages .mine .receipt", "accepted").await;
        page.see("#detail .attempt:first-child .chip", "Drop the answer").await;
        page.see("#detail .attempt:first-child .result.warn-text", "200 · the answer was dropped").await;
        page.press("#show-faults").await;
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
        page.press("#delivery-list .delivery").await;
        page.press("#detail [data-control=resend]").await;
        page.wait("a second attempt", "#detail .attempt", |attempts| attempts.len() == 2).await;
        page.see("#detail .attempt:last-child .chip", "resent by hand").await;
        page.see("#detail .detail-outcome.good", "duplicate: acknowledged, not handled again").await;
        page.wait("no trouble", "#trouble-count:not([hidden])", <[String]>::is_empty).await;
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
        page.see_reply("beside a forgery").await;
        page.see("#delivery-list .delivery-tries", "1 +1").await;
        page.press("#delivery-list .delivery").await;
        page.wait("its number", "#detail .attempt .number", |numbers| numbers == ["+", "1"]).await;
        let reason = "401: not signed with any of this app's secrets · as it should be";
        page.see("#detail .attempt.extra .result.good-text", reason).await;
        // A server that refuses a forgery works correctly.
        page.press("[data-filter=trouble]").await;
        page.wait("no rows", "#delivery-list .delivery", <[String]>::is_empty).await;
    })
    .await;
}

#[tokio::test]
async fn a_refused_api_call_is_shown_with_its_fault() {
    on_a_page("api", async |page, _| {
        page.press("label:has(#switch-api_internal_error)").await;
        page.say("answer me later").await;
        page.press("#delivery-list .delivery").await;
        page.see("#detail .call .chip", "internal error").await;
    })
    .await;
}

#[tokio::test]
async fn a_preset_sets_many_faults_at_once_and_one_button_ends_them_at_every_width() {
    on_a_page("presets", async |page, _| {
        for (width, height) in [(1440, 900), (900, 900), (390, 844)] {
            page.resize(width, height).await;
            page.run_script("document.querySelector('[data-show=switches]').click()", vec![]).await;
            page.press("[data-preset=flaky_network]").await;
            page.see("[data-preset=flaky_network][aria-pressed=true]", "Flaky network").await;
            page.see("#switch-drop_answer:checked", "").await;
            page.press("[data-preset=attackers]").await;
            page.see("[data-preset=attackers][aria-pressed=true]", "Attackers").await;
            page.see("#switch-wrong_signature:checked", "").await;
            page.wait("no other fault", "#switch-drop_answer:checked", <[String]>::is_empty).await;
            page.press("#all-off").await;
            page.wait(
                "no fault",
                ".switch-list :checked, [data-preset][aria-pressed=true]",
                <[String]>::is_empty,
            )
            .await;
        }
    })
    .await;
}
