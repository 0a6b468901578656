//! The composer: pictures by paste and drop, earlier texts, the forms of the other kinds, and a new beginning.

use serde_json::json;

use super::{
    browser::{Browser, DOWN, ENTER, UP},
    on_a_page,
};

/// Gives the page a file of the sample picture, as pasted into the message field or dropped on the conversation.
const BRING: &str = "const [how, name, kind, done] = arguments; (async () => { \
    const bytes = kind === 'image/jpeg' ? await (await fetch('/sandbox/samples/picture.jpg')).arrayBuffer() : new Uint8Array(3 << 20); \
    const files = new DataTransfer(); files.items.add(new File([bytes], name, { type: kind })); \
    const shape = { bubbles: true, cancelable: true, clipboardData: files, dataTransfer: files }; \
    if (how === 'paste') document.getElementById('text').dispatchEvent(new ClipboardEvent('paste', shape)); \
    else for (const step of ['dragover', 'drop']) document.getElementById('transcript').dispatchEvent(new DragEvent(step, shape)); \
    done(); })()";

async fn give_file(page: &Browser, how: &str, name: &str, kind: &str) {
    page.run_script_until_done(BRING, vec![json!(how), json!(name), json!(kind)]).await;
}

#[tokio::test]
async fn a_picture_that_is_pasted_or_dropped_is_shown_and_sent() {
    on_a_page("paste", async |page, _| {
        for (count, how) in (1..).zip(["paste", "drop"]) {
            give_file(page, how, "cat.jpg", "image/jpeg").await;
            page.see("dialog", "Send an image").await;
            page.wait("a preview", "dialog img.preview[src^='data:image/jpeg']", |found| {
                found.len() == 1
            })
            .await;
            page.type_keys(ENTER).await;
            page.wait("the dialog gone", "dialog", <[String]>::is_empty).await;
            let uploaded = "#messages .mine img[src*='/sandbox/media/']";
            page.wait("the picture", uploaded, |found| found.len() == count).await;
        }
        page.wait("no place to drop", "#drop:not([hidden])", <[String]>::is_empty).await;
    })
    .await;
}

#[tokio::test]
async fn a_file_that_the_platform_would_not_take_is_refused_with_the_reason() {
    on_a_page("paste-refused", async |page, _| {
        give_file(page, "drop", "big.png", "image/png").await;
        page.type_keys(ENTER).await;
        page.see("dialog .why", "The file has 3.0 MiB; 2.0 MiB are allowed.").await;
        page.press("dialog button.plain").await;
        give_file(page, "paste", "notes.pdf", "application/pdf").await;
        page.type_keys(ENTER).await;
        page.see("dialog .why", "This is no JPEG or PNG picture.").await;
        page.press("dialog button.plain").await;
        assert_eq!(page.texts("#messages .mine").await.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn the_form_of_a_picture_asks_for_a_file_first_and_an_address_second() {
    on_a_page("form", async |page, _| {
        for kind in ["image", "voice"] {
            page.press("#attach").await;
            page.press(&format!("#attachments [data-kind={kind}]")).await;
            page.see("dialog", "").await;
            let names =
                "return [...document.querySelectorAll('dialog input')].map((input) => input.name)";
            assert_eq!(page.run_script(names, vec![]).await, json!(["file", "url"]));
            page.press("dialog button.plain").await;
            page.wait("the dialog gone", "dialog", <[String]>::is_empty).await;
            page.press("#attach").await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_arrow_keys_recall_what_was_written_before() {
    on_a_page("recall", async |page, _| {
        for said in ["first", "second", "second"] {
            page.say(said).await;
        }
        page.wait("three messages", "#messages .mine", |found| found.len() == 3).await;
        let field = async |keys: String| {
            page.type_keys(keys).await;
            page.run_script("return document.getElementById('text').value", vec![]).await
        };
        assert_eq!(field(UP.to_owned()).await, "second");
        assert_eq!(field(UP.to_owned()).await, "first");
        assert_eq!(field(UP.to_owned()).await, "first", "there is nothing before it");
        assert_eq!(field(DOWN.to_owned()).await, "second");
        assert_eq!(field(DOWN.to_owned()).await, "");
        assert_eq!(field(format!("begun{UP}")).await, "begun", "a text that was begun stays");
        assert_eq!(field(format!("{ENTER}{UP}{ENTER}")).await, "");
        page.wait("the same again", "#messages .mine .bubble", |found| found[3..] == ["begun", "begun"])
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_conversation_is_begun_anew() {
    on_a_page("restart", async |page, _| {
        page.press("#follow").await;
        page.see("#messages .note", "followed the account").await;
        page.see("#follow", "Unfollow").await;
        page.say("before").await;
        page.see_reply("before").await;
        page.press("#more").await;
        page.press("#restart").await;
        page.wait("a welcome and nothing else", "#messages > li", |lines| {
            lines.len() == 2 && lines[0].contains("followed the account") && lines[1].contains("Welcome")
        })
        .await;
        page.see("#delivery-list", "before").await;
    })
    .await;
}

#[tokio::test]
async fn everything_is_cleared() {
    on_a_page("clear", async |page, _| {
        page.say("before").await;
        page.see_reply("before").await;
        page.press("#more").await;
        page.press("#clear").await;
        page.see("#chat-empty", "Nothing said yet").await;
        page.wait("no delivery", "#delivery-list > *", <[String]>::is_empty).await;
        page.say("after").await;
        page.see_reply("after").await;
        assert_eq!(page.texts("#messages .mine").await.len(), 1);
    })
    .await;
}
