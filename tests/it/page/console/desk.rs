//! The desk: a person takes a conversation, answers, and hands it back; and another person cannot answer meanwhile.

use serde_json::{Value, json};

use super::super::browser::{ENTER, ESCAPE};
use super::{
    Browser, browser, expect_refusals, on_a_console, on_each_journal,
    server::{Console, Journal, token},
};

/// Lets a user ask for a person, and write once more.
async fn ask_for_a_person(console: &Console, user: &str) {
    console.say(user, "person").await;
    console.sent(user, "正在为您转接人工客服，请稍候。").await;
    console.say(user, "is somebody there?").await;
    console.counts("state=pending", 0).await;
}

/// Opens the conversation of the only user at the desk.
async fn open(page: &Browser) {
    page.press(".conversation-row").await;
    page.see(".talk-lines .theirs .bubble", "is somebody there?").await;
}

/// Takes the opened conversation, as nobody else does.
async fn take(page: &Browser) {
    page.press("[data-action=take]").await;
    page.see(".holder.me", "You have it").await;
    page.see_focus(".answer-text").await;
}

/// Waits until the text that was written is gone from its field.
async fn see_no_text(page: &Browser) {
    page.wait_for("an empty text", "return document.querySelector('.answer-text').value === ''").await;
}

#[tokio::test]
async fn a_person_takes_a_conversation_answers_and_hands_it_back() {
    on_each_journal("desk", async |page, console| {
        console.enter(page, "alice", "overview").await;
        ask_for_a_person(console, "ann").await;
        page.wait_for("the number in the title", "return document.title.startsWith('(1) ')").await;
        page.see("#views [data-view=desk] .badge", "1").await;
        page.press("#views [data-view=desk]").await;
        page.see(".desk-group.nobody .conversation-row", "ann").await;
        page.see(".desk-group.nobody .badge.unread", "1").await;
        open(page).await;
        page.see(".holder.nobody", "Waits for a person").await;
        take(page).await;
        page.wait_for("nothing in the title", "return document.title.startsWith('Desk')").await;

        page.type_keys(format!("I am Alice.{ENTER}")).await;
        console.sent("ann", "I am Alice.").await;
        page.see(".mine.person .bubble", "I am Alice.").await;
        see_no_text(page).await;

        page.type_keys("/").await;
        page.wait("all phrases", ".phrases li", |phrases| phrases.len() == 3).await;
        page.type_keys("way").await;
        page.wait("one phrase", ".phrases li", |phrases| phrases == ["Your order is on its way."]).await;
        page.keep_screenshot("console-desk-phrases").await;
        page.type_keys(ENTER).await;
        page.type_keys(ENTER).await;
        console.sent("ann", "Your order is on its way.").await;

        page.press(".answer button[title='Send a picture']").await;
        page.see("dialog", "Address of the picture").await;
        page.type_keys(console.picture()).await;
        page.wait_for(
            "the picture",
            "return document.querySelector('dialog .preview')?.naturalWidth > 0",
        )
        .await;
        page.type_keys(ENTER).await;
        page.see(".mine.person .bubble.picture", "").await;
        page.see(".mine.person .receipt", "Sent").await;

        console.say("ann", "thank you").await;
        page.see(".theirs .bubble", "thank you").await;
        page.see(".theirs .receipt", "Kept for the person").await;
        page.press("[data-action=hand-back]").await;
        console.sent("ann", "人工服务已结束，现在由机器人为您服务。").await;
        page.see(".empty", "Nobody waits").await;
        page.wait("nobody has it", ".holder:not([hidden])", <[String]>::is_empty).await;
        console.say("ann", "bye").await;
        console.sent("ann", "You wrote: bye").await;
        page.see(".mine.bot .bubble", "You wrote: bye").await;
    })
    .await;
}

#[tokio::test]
async fn of_two_persons_at_the_desk_one_has_the_conversation_and_the_other_one_is_told_who() {
    if !browser::is_available() {
        return;
    }
    for journal in Journal::all().await {
        let name = journal.name();
        let console = Console::start(journal).await;
        Browser::run(&format!("console-two-desks-alice-{name}"), async |alice| {
            Browser::run(&format!("console-two-desks-bob-{name}"), async |bob| {
                two_desks(alice, bob, &console).await;
            })
            .await;
        })
        .await;
    }
}

/// A script: presses the button that takes the conversation.
const TAKE: &str = "document.querySelector('[data-action=take]').click()";

async fn two_desks(alice: &Browser, bob: &Browser, console: &Console) {
    console.enter(alice, "alice", "desk").await;
    console.enter(bob, "bob", "desk").await;
    ask_for_a_person(console, "ann").await;
    for page in [alice, bob] {
        open(page).await;
        page.see("[data-action=take]", "Take").await;
    }
    // Both press at once: whoever comes second has the page as it was before.
    tokio::join!(alice.run_script(TAKE, vec![]), bob.run_script(TAKE, vec![]));
    let (first, second, by) = {
        alice.see(".holder:is(.me, .other)", "").await;
        if alice.texts(".holder.me").await.is_empty() {
            (bob, alice, "bob")
        } else {
            (alice, bob, "alice")
        }
    };
    second.see(".holder.other", &format!("{by} has it")).await;
    second.wait("no form", ".answer:not([hidden])", <[String]>::is_empty).await;
    first.see(".holder.me", "You have it").await;
    first.type_keys(format!("one moment, please{ENTER}")).await;
    console.sent("ann", "one moment, please").await;
    second.see(".mine.person .bubble", "one moment, please").await;
    console.say("ann", "thanks").await;
    for page in [first, second] {
        page.see(".theirs .bubble", "thanks").await;
    }
    second.keep_screenshot("console-two-desks-second").await;

    // Only those may take it from somebody who have the right to.
    if by == "bob" {
        alice.press("[data-action=take]").await;
        alice.see("dialog", "Take this conversation from bob?").await;
        alice.press("dialog .primary").await;
    } else {
        assert!(bob.texts("[data-action=take]").await.is_empty());
    }
    alice.see(".holder.me", "You have it").await;
    bob.see(".holder.other", "alice has it").await;
    alice.press("[data-action=hand-back]").await;
    bob.wait("nobody", ".desk-group:not([hidden]) .conversation-row", <[String]>::is_empty).await;
    for page in [alice, bob] {
        expect_refusals(page, &["409"]).await;
    }
}

/// A script: another person takes the conversation, and the button is pressed before the page has heard of it.
const TAKEN_MEANWHILE: &str = "const [token, done] = arguments; \
    const id = document.querySelector('.conversation-row').dataset.id; \
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` }; \
    fetch(`/api/v1/conversations/${id}/take`, { method: 'POST', credentials: 'omit', headers, body: '{\"from\":null}' }) \
        .then(() => document.querySelector('[data-action=take]').click()).then(done)";

#[tokio::test]
async fn somebody_who_takes_what_another_person_has_taken_meanwhile_is_told_who_has_it() {
    on_a_console("taken", async |page, console| {
        ask_for_a_person(console, "ann").await;
        console.enter(page, "alice", "desk").await;
        open(page).await;
        page.see("[data-action=take]", "Take").await;
        page.run_script_until_done(TAKEN_MEANWHILE, vec![json!(token("bob"))]).await;
        page.see(".notice", "bob has this conversation.").await;
        page.see(".holder.other", "bob has it").await;
        page.press("[data-action=take]").await;
        page.see("dialog", "Take this conversation from bob?").await;
        page.press("dialog .primary").await;
        page.see(".holder.me", "You have it").await;
        expect_refusals(page, &["409"]).await;
    })
    .await;
}

/// A script: the next answer reaches the server, and the page hears nothing of it.
const CUT: &str = "window.keys = []; const real = window.fetch; let isFirst = true; \
    window.fetch = async (address, options) => { \
        const answer = await real(address, options); \
        if (!String(address).includes('/answer')) return answer; \
        window.keys.push(options.headers['Idempotency-Key']); \
        if (isFirst) { isFirst = false; throw new TypeError('cut'); } \
        return answer; \
    }";

#[tokio::test]
async fn an_answer_is_sent_once_however_often_it_is_pressed_and_although_the_connection_breaks() {
    on_each_journal("once", async |page, console| {
        ask_for_a_person(console, "ann").await;
        console.enter(page, "alice", "desk").await;
        open(page).await;
        take(page).await;
        page.type_keys(format!("pressed thrice{ENTER}{ENTER}{ENTER}")).await;
        page.see(".mine.person .bubble", "pressed thrice").await;

        page.run_script(CUT, vec![]).await;
        page.type_keys(format!("broken off{ENTER}")).await;
        page.see(".notice.bad", "the server does not answer").await;
        page.wait_for(
            "the text",
            "return document.querySelector('.answer-text').value === 'broken off'",
        )
        .await;
        page.focus(".answer-text").await;
        page.type_keys(ENTER).await;
        see_no_text(page).await;
        let keys = page.run_script("return window.keys", vec![]).await;
        assert!(keys[0].is_string() && keys[0] == keys[1] && keys[2] == Value::Null, "{keys}");
        page.type_keys(format!("the last one{ENTER}")).await;
        console.sent("ann", "the last one").await;
        for text in ["pressed thrice", "broken off", "the last one"] {
            let count = console.platform.sent().iter().filter(|sent| sent.1 == text).count();
            assert_eq!(count, 1, "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_draft_stays_while_somebody_looks_elsewhere_and_enter_ends_a_chinese_word_first() {
    on_a_console("draft", async |page, console| {
        ask_for_a_person(console, "ann").await;
        console.enter(page, "alice", "desk").await;
        open(page).await;
        take(page).await;
        page.type_keys("half a sen").await;
        let compose = "document.querySelector('.answer-text').dispatchEvent(new KeyboardEvent('keydown', \
            { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }))";
        page.run_script(compose, vec![]).await;
        page.type_keys(ESCAPE).await;
        page.wait("no pane", ".pane:not([hidden])", <[String]>::is_empty).await;
        console.visit(page, "audit").await;
        page.press("#language").await;
        page.see("html[lang=zh-CN]", "").await;
        console.visit(page, "desk").await;
        page.press(".conversation-row").await;
        page.wait_for("the draft", "return document.querySelector('.answer-text')?.value === 'half a sen'").await;
        assert!(console.platform.sent().iter().all(|(_, text)| !text.starts_with("half")));
    })
    .await;
}
