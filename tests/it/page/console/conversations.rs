//! Conversations: both sides as a chat.

use serde_json::json;

use super::{on_a_console, on_each_journal, see_address};

/// A script: whether the pictures of the chat are loaded.
const PICTURES: &str = "const pictures = [...document.querySelectorAll('.talk-lines img')]; \
    for (const picture of pictures) picture.scrollIntoView(); \
    return pictures.length === 5 && pictures.every((picture) => picture.complete && picture.naturalWidth > 0)";

#[tokio::test]
async fn a_conversation_is_a_chat_with_everything_that_both_sides_have_sent() {
    on_each_journal("chat", async |page, console| {
        let picture = console.picture();
        console.deliver("ann", "event", "<Event>subscribe</Event>").await;
        console.sent("ann", "欢迎关注！").await;
        console.deliver("ann", "image", &format!("<PicUrl>{picture}</PicUrl>")).await;
        console.deliver("ann", "voice", "<VoiceUrl>http://voice.invalid/a.amr</VoiceUrl><Format>AMR</Format>").await;
        let place = "<Location_X>31.23</Location_X><Location_Y>121.47</Location_Y><Label>上海外滩</Label>";
        console.deliver("ann", "location", place).await;
        let card = format!("<Title>A card</Title><Description>of hers</Description><Url>http://card.invalid/</Url><PicUrl>{picture}</PicUrl>");
        console.deliver("ann", "imgtxt", &card).await;
        for text in ["picture", "news", "see https://example.invalid/x"] {
            console.say("ann", text).await;
        }
        console.counts("state=pending", 0).await;
        console.say("ann", "broken").await;
        console.counts("state=pending", 0).await;

        console.enter(page, "alice", "conversations").await;
        page.see(".conversation-row .row-text", "broken").await;
        page.see(".conversation-row .chip.bad", "Dead letter").await;
        page.press(".conversation-row").await;
        page.see(".pane-names", "ann").await;
        page.see(".talk-lines .theirs .bubble", "broken").await;
        page.run_script("document.querySelector('.transcript').scrollTop = 0", vec![]).await;
        page.see(".remark", "Followed the account").await;
        page.see(".mine.bot .bubble", "欢迎关注！").await;
        page.see(".theirs .bubble.voice", "AMR: this browser cannot play it").await;
        page.see(".theirs .bubble.place", "上海外滩").await;
        page.see(".theirs .bubble.card", "A card").await;
        page.see(".mine.bot .news", "秋季新品").await;
        page.see(".theirs .bubble a", "https://example.invalid/x").await;
        page.see(".receipt", "Handled by rule “news”").await;
        page.see(".meta.bad .status-reason", "orders").await;
        page.wait_for("the pictures", PICTURES).await;
        page.keep_screenshot("console-chat-pictures").await;
        page.press(".theirs:last-child .receipt").await;
        page.see(".view-messages .detail-outcome", "Dead letter").await;
        page.go_back().await;
        page.see(".talk-lines .bubble", "broken").await;
    })
    .await;
}

#[tokio::test]
async fn older_messages_come_when_they_are_scrolled_to() {
    on_a_console("older", async |page, console| {
        for n in 1..=70 {
            console.say("ann", &format!("line {n}.")).await;
        }
        console.counts("state=pending", 0).await;
        console.enter(page, "alice", "conversations").await;
        page.press(".conversation-row").await;
        page.see(".talk-lines .bubble", "line 70.").await;
        page.wait("the newest only", ".talk-lines > li", |lines| lines.len() <= 50).await;
        let up = "document.querySelector('.transcript').scrollTop = 0; \
            return [...document.querySelectorAll('.talk-lines .bubble')].some((bubble) => bubble.textContent === 'line 1.')";
        page.wait_for("the first line", up).await;
        page.press(".to-newest").await;
        page.see(".talk-lines .bubble", "line 70.").await;
        // What comes while somebody looks is shown.
        console.say("ann", "one more").await;
        page.see(".talk-lines .theirs .bubble", "one more").await;
        page.see(".talk-lines .mine .bubble", "You wrote: one more").await;
    })
    .await;
}

#[tokio::test]
async fn conversations_are_found_by_user_and_by_who_has_them() {
    on_a_console("conversation-filters", async |page, console| {
        for (user, text) in [("ann", "hi"), ("bo", "person"), ("cy", "hi")] {
            console.say(user, text).await;
        }
        console.counts("state=pending", 0).await;
        console.enter(page, "alice", "conversations").await;
        page.wait("all of them", ".conversation-row", |rows| rows.len() == 3).await;
        page.run_script("document.querySelectorAll('.list-filters input')[1].focus()", vec![]).await;
        page.type_keys("ann").await;
        page.wait("one of them", ".conversation-row", |rows| rows.len() == 1).await;
        see_address(page, "user=ann").await;
        page.run_script("location.hash = arguments[0]", vec![json!("#/conversations")]).await;
        page.wait("all again", ".conversation-row", |rows| rows.len() == 3).await;
        page.press(".list-filters .toggle").await;
        page.wait("the waiting one", ".conversation-row", |rows| rows.len() == 1).await;
        page.see(".conversation-row .chip.warn", "waits for a person").await;
    })
    .await;
}
