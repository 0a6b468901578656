//! Hostile names and texts, which the page never reads as HTML nor opens as a script, and bodies that are no text.

use serde_json::json;

use super::{
    super::hostile::{MARKUP, SCRIPT, assert_harmless},
    on_a_console, on_each_journal,
};
use crate::support::messages;

#[tokio::test]
async fn markup_in_names_texts_and_cards_stays_text_in_every_view() {
    on_each_journal("hostile", async |page, console| {
        console.enter(page, "alice", "live").await;
        page.run_script("document.hasFocus = () => true; dispatchEvent(new Event('focus'))", vec![]).await;
        page.see(".events[data-state=live]", "").await;
        let card = format!("<Title><![CDATA[{MARKUP}]]></Title><Description><![CDATA[{MARKUP}]]></Description><Url>{SCRIPT}</Url><PicUrl>{SCRIPT}</PicUrl>");
        console.deliver(MARKUP, "imgtxt", &card).await;
        console.deliver(MARKUP, "image", &format!("<PicUrl>{SCRIPT}</PicUrl>")).await;
        console.deliver(MARKUP, "voice", &format!("<VoiceUrl>{SCRIPT}</VoiceUrl><Format>AMR</Format>")).await;
        console.say(MARKUP, MARKUP).await;
        console.say(MARKUP, &format!("broken {MARKUP}")).await;
        console.say(MARKUP, "person").await;
        console.counts("state=pending", 0).await;
        page.see(".event-entry", MARKUP).await;
        assert_harmless(page).await;
        console.visit(page, "messages").await;
        page.see(".entry .cell-who", MARKUP).await;
        page.see(".entry .cell-what", MARKUP).await;
        for row in 0..6 {
            page.run_script("document.querySelectorAll('.entry')[arguments[0]].click()", vec![json!(row)]).await;
            page.see(".detail pre", "").await;
            assert_harmless(page).await;
        }
        console.visit(page, "conversations").await;
        page.press(".conversation-row").await;
        page.see(".pane-names h3", MARKUP).await;
        page.see(".talk-lines .bubble", MARKUP).await;
        page.see(".talk-lines .dead-link", SCRIPT).await;
        assert_harmless(page).await;
        for (view, css) in [("dead-letters", ".dead-example"), ("desk", ".conversation-row"), ("audit", ".audit-target"), ("overview", ".tile")] {
            console.visit(page, view).await;
            page.see(&format!(".view-{view} {css}"), "").await;
            assert_harmless(page).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_not_utf_8_is_shown_as_bytes_and_a_name_that_turns_the_writing_stays_in_its_place()
 {
    on_each_journal("bytes", async |page, console| {
        // A greeting in GBK.
        let mut body = messages::text("ann", "GBK-1", "@").into_bytes();
        let at = body.iter().position(|byte| *byte == b'@').unwrap();
        body.splice(at..=at, *b"\xc4\xe3\xba\xc3");
        console.process.deliver(&body).await.assert_ack();
        console.say("evil\u{202e}txt", "turned").await;
        console.counts("state=pending", 0).await;
        console.enter(page, "alice", "messages?queue=inbox&user=ann").await;
        page.press(".entry").await;
        page.see(".detail .chip.warn", "not UTF-8: shown as hexadecimal").await;
        // The bytes are in the columns behind the number of their line.
        let columns =
            |text: &str| text.lines().map(|line| line[6..53].trim_end()).collect::<Vec<_>>().join(" ");
        page.wait("the bytes", ".detail pre.hex", |texts| {
            texts.iter().any(|text| columns(text).contains("c4 e3 ba c3"))
        })
        .await;
        page.see(".detail pre.hex", "<xml>").await;
        page.keep_screenshot("console-hex").await;
        console.visit(page, "messages").await;
        page.see(".entry .cell-who", "evil\\u{202e}txt").await;
    })
    .await;
}

#[tokio::test]
async fn another_site_can_make_the_browser_neither_read_nor_act() {
    on_a_console("foreign", async |page, console| {
        console.say("ann", "broken").await;
        console.counts("state=dead", 1).await;
        console.enter(page, "alice", "messages").await;
        page.see(".entry", "broken").await;
        // The sandbox's page is another origin on the same host, to which the browser sends the same cookies.
        page.go_to(&console.platform.url()).await;
        let ask = "const [address, done] = arguments; const post = { method: 'POST', credentials: 'include', mode: 'no-cors', body: '{}' }; \
            Promise.allSettled([fetch(`${address}api/v1/entries`, { credentials: 'include' }), fetch(`${address}api/v1/entries/1/discard`, post)]) \
                .then((all) => { window.read = all[0].status; done(); })";
        page.run_script_until_done(ask, vec![json!(console.url(""))]).await;
        assert_eq!(page.run_script("return window.read", vec![]).await, "rejected");
        console.counts("state=dead", 1).await;
        let frame = "const frame = document.createElement('iframe'); frame.src = arguments[0]; document.body.append(frame); \
            frame.addEventListener('load', () => (window.isLoaded = true))";
        page.run_script(frame, vec![json!(console.url(""))]).await;
        page.wait_for("an empty frame", "return window.isLoaded === true && !document.querySelector('iframe').contentDocument").await;
        let complaints = page.console_errors().await;
        assert!(!complaints.is_empty());
    })
    .await;
}
