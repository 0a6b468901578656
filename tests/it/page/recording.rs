//! Recording of a conversation with one click, and playing of the file.

use super::on_a_page;

#[tokio::test]
async fn a_recorded_conversation_is_saved_and_plays_back_green() {
    on_a_page("recording", async |page, sandbox| {
        page.say("before the recording").await;
        page.see_reply("before the recording").await;
        page.press("#record").await;
        page.see("#record", "Stop and save").await;
        page.say("hello").await;
        page.see_reply("hello").await;
        page.say("news").await;
        page.wait("a card", "#messages .news", |cards| cards.len() == 1).await;
        page.press("#record").await;

        let recorded = page.downloaded("demo-ann.toml").await;
        assert!(recorded.contains("hello") && !recorded.contains("before the recording"), "{recorded}");
        let played = sandbox.request("/sandbox/play", "application/toml", &recorded).await;
        assert!(played.contains("\"passed\":true"), "{played}\n{recorded}");

        page.press(".notice button.small").await;
        page.see("dialog", "Everything came back as recorded").await;
    })
    .await;
}
