//! The dialogue of a conversation, the person who takes it over, and letting time pass.

use serde_json::{Value, json};

use super::{
    browser::{self, Browser, ENTER, TAB},
    executable::Executable,
    feed, on_a_page,
};

const STRIP: &str = "#dialogue:not([hidden])";

/// Sends the page a state of Ann's conversation.
async fn put_state(page: &Browser, id: u64, message: Option<u64>, dialogue: &Value) {
    let at = feed::now(page).await;
    let record = json!({
        "id": id, "at": at, "account": "demo", "user": "ann",
        "message": message, "by_person": false, "dialogue": dialogue,
    });
    feed::put(page, "state", &record).await;
}

/// Asserts that the browser's console says nothing but that a call was refused.
async fn assert_refused(page: &Browser, call: &str) {
    let errors = page.console_errors().await;
    assert!(matches!(&errors[..], [one] if one.contains(&format!("/sandbox/{call} "))), "{errors:?}");
}

fn order(body: &Value) -> Value {
    json!({ "name": "order", "version": 1, "body": body })
}

#[tokio::test]
async fn a_conversation_shows_its_state_and_the_message_that_made_each_of_the_last_fifty() {
    on_a_page("dialogue", async |page, sandbox| {
        feed::open(page, sandbox).await;
        page.wait("no state", STRIP, <[String]>::is_empty).await;
        feed::put_accepted(page, 9001, "a pair of shoes", &feed::handling(&json!({}))).await;
        put_state(page, 1, Some(9001), &order(&json!({ "Size": { "item": "<b>shoes</b>" } }))).await;
        page.see(&format!("{STRIP} #dialogue-words"), "In the dialogue “order” since ").await;
        page.see(&format!("{STRIP} #dialogue-body"), r#"{"Size":{"item":"<b>shoes</b>"}}"#).await;
        for n in 2..=52 {
            put_state(page, n, Some(12), &order(&json!({ "step": n }))).await;
        }
        put_state(page, 53, None, &json!(null)).await;
        page.see(&format!("{STRIP} #dialogue-words"), "In no dialogue since ").await;
        page.press("#dialogue-history").await;
        let states = page.wait("fifty states", ".states li", |states| states.len() == 50).await;
        assert!(states[0].contains("no dialogue") && states[0].contains("as time passed"), "{states:?}");
        assert!(states[1].contains("order") && states[1].contains("after “#12”"), "{states:?}");
        assert!(states[1].contains("\"step\": 52") && states[49].contains("\"step\": 4"), "{states:?}");
        page.press("dialog .buttons button").await;

        // Another conversation has states of its own.
        feed::put(page, "user", &json!({ "id": "carol", "name": "Carol" })).await;
        page.wait("Carol", "#user option[value=carol]", |options| options.len() == 1).await;
        let choose = "const user = document.getElementById('user'); user.value = 'carol'; user.dispatchEvent(new Event('change'))";
        page.run_script(choose, vec![]).await;
        page.wait("no state", STRIP, <[String]>::is_empty).await;
    })
    .await;
}

#[tokio::test]
async fn the_first_state_is_told_with_its_message_after_the_page_is_loaded_again() {
    on_a_page("dialogue-loaded", async |page, sandbox| {
        page.say("person").await;
        page.see_reply("A person will answer you.").await;
        page.see(STRIP, "A person has the conversation since ").await;
        page.open(&format!("{}/?again", sandbox.url)).await;
        page.see(STRIP, "A person has the conversation since ").await;
        page.press("#dialogue-history").await;
        page.see(".states li", "after “person”").await;
    })
    .await;
}

#[tokio::test]
async fn a_person_takes_over_by_button_answers_and_hands_back() {
    on_a_page("desk", async |page, _| {
        page.wait("nothing for the person", "#desk:not([hidden])", <[String]>::is_empty).await;
        page.press("#more").await;
        page.press("#take-over").await;
        page.see_reply("正在为您转接人工客服").await;
        page.see(&format!("{STRIP}.person"), "A person has the conversation since ").await;
        assert!(page.is_focused("#desk-text").await);
        page.say("is anybody there?").await;
        page.see("#messages .outcome", "kept for the person").await;

        page.press("#desk-text").await;
        page.type_keys(format!("Ann's answer, from a person{ENTER}")).await;
        page.see_reply("Ann's answer, from a person").await;
        let replies = page.replies().await;
        assert!(!replies.iter().any(|reply| reply.contains("You said")), "{replies:?}");

        page.press("#hand-back").await;
        page.see_reply("人工服务已结束").await;
        page.see(STRIP, "In no dialogue since ").await;
        page.wait("nothing for the person", "#desk:not([hidden])", <[String]>::is_empty).await;
        page.say("and the bot?").await;
        page.see_reply("You said: and the bot?").await;
        page.press("#dialogue-history").await;
        let states = page.wait("both states", ".states li", |states| states.len() == 2).await;
        assert!(states.iter().all(|state| state.contains("by the person")), "{states:?}");
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_the_desk_refuses_is_put_back_with_the_reason() {
    on_a_page("desk-refusal", async |page, sandbox| {
        page.say("person").await;
        page.see(STRIP, "A person has the conversation").await;
        page.press("#desk-text").await;
        let long = "document.getElementById('desk-text').value = 'x'.repeat(2001)";
        page.run_script(long, vec![]).await;
        page.type_keys(ENTER).await;
        page.see(".notice", "That did not work: ").await;
        let length = "return document.getElementById('desk-text').value.length";
        assert_eq!(page.run_script(length, vec![]).await, 2001);
        page.press(".notice button").await;
        assert_refused(page, "desk/answer").await;

        // Somebody else has handed it back: the page is told why nothing was sent.
        sandbox.post("desk/hand-back", &json!({ "account": "demo", "user": "ann" })).await;
        page.see(STRIP, "In no dialogue since ").await;
        let answer = json!({ "account": "demo", "user": "ann", "text": "late" });
        let (status, body) = sandbox.try_post("desk/answer", &answer).await;
        assert!(status == 409 && body.contains("the bot has this conversation"), "{status} {body}");
    })
    .await;
}

#[tokio::test]
async fn a_person_needs_no_mouse() {
    on_a_page("desk-keyboard", async |page, _| {
        walk_to(page, "#more").await;
        page.type_keys(ENTER).await;
        walk_to(page, "#take-over").await;
        page.type_keys(ENTER).await;
        page.see(STRIP, "A person has the conversation").await;
        assert!(page.is_focused("#desk-text").await);
        page.type_keys(format!("typed{ENTER}")).await;
        page.see_reply("typed").await;
        walk_to(page, "#dialogue-history").await;
        walk_to(page, "#hand-back").await;
        page.type_keys(ENTER).await;
        page.see(STRIP, "In no dialogue").await;
        assert!(page.is_focused("#text").await);
        walk_to(page, "#more").await;
        page.type_keys(ENTER).await;
        walk_to(page, "[data-pass='24h']").await;
        page.type_keys(ENTER).await;
        page.see(".notice", "It is ").await;
    })
    .await;
}

/// Presses the tab key until the element that `css` finds has the focus.
async fn walk_to(page: &Browser, css: &str) {
    for _ in 0..80 {
        page.type_keys(TAB).await;
        if page.is_focused(css).await {
            return;
        }
    }
    panic!("no way to {css}");
}

#[tokio::test]
async fn time_that_passes_makes_a_reminder_come_and_the_conversation_go_back_to_the_bot() {
    on_a_page("passing", async |page, _| {
        page.say("remind").await;
        page.see_reply("In 30 minutes, then.").await;
        page.say("person").await;
        page.see(STRIP, "A person has the conversation").await;
        page.press("#hand-back").await;
        page.see(STRIP, "In no dialogue").await;
        page.press("#more").await;
        page.press("#pass-own").await;
        page.see("dialog", "Let time pass").await;
        page.run_script("document.querySelector('dialog input').value = 'a while'", vec![]).await;
        page.press("dialog [type=submit]").await;
        page.see("dialog .why", "\"a while\", not a time such as").await;
        assert_refused(page, "advance").await;
        page.run_script("document.querySelector('dialog input').value = '29m'", vec![]).await;
        page.press("dialog [type=submit]").await;
        page.see(".notice", "It is ").await;
        page.say("still here").await;
        page.see_reply("You said: still here").await;
        let replies = page.replies().await;
        assert!(!replies.iter().any(|reply| reply.contains("have passed")), "{replies:?}");

        page.press("#more").await;
        page.press("#take-over").await;
        page.press("#more").await;
        page.press("[data-pass='31m']").await;
        page.see_reply("人工服务已结束").await;
        page.see(STRIP, "In no dialogue").await;
        page.press("#dialogue-history").await;
        page.see(".states li", "as time passed").await;
        page.press("dialog .buttons button").await;
    })
    .await;
}

#[tokio::test]
async fn a_server_elsewhere_has_no_clock_and_no_desk_to_use() {
    if !browser::is_available() {
        return;
    }
    let sandbox = Executable::start_with(&["--route-url", "http://127.0.0.1:9/callback"]);
    Browser::run("desk-elsewhere", async |page| {
        page.open(&format!("{}/", sandbox.url)).await;
        page.press("#more").await;
        page.see("#restart", "Restart the conversation").await;
        page.wait("no time", "#passing:not([hidden])", <[String]>::is_empty).await;
        page.wait("no person", "#take-over:not([hidden])", <[String]>::is_empty).await;
    })
    .await;
}
