//! The time of a dialogue: its end by silence, and what is said later.

use std::time::Duration;

use rongcloud_callback::{
    CallbackService, Context, Dialogue, Location, Reply, Text, Turn,
    sandbox::{ChatContent, Sandbox},
};
use serde::{Deserialize, Serialize};

use super::{states, talk};
use crate::{sandbox::Bot, support::until};

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

/// Starts a bot that goes by the sandbox's clock.
async fn start(sandbox: &Sandbox, register: fn(CallbackService) -> CallbackService) -> Bot {
    Bot::start(sandbox, "", |service| register(service.with_clock(sandbox.clock()))).await
}

/// Lets time pass when nothing is at work.
async fn pass(sandbox: &Sandbox, bot: &Bot, span: Duration) {
    bot.idle().await;
    sandbox.advance(span);
}

async fn no_states(bot: &Bot) {
    until("the end of every dialogue", async || states(bot).await.is_empty().then_some(())).await;
}

/// Keeps the last text for a while, and says it when the time is over.
#[derive(Serialize, Deserialize, Default)]
struct Echo(String);

impl Dialogue for Echo {
    const NAME: &'static str = "echo";
    const EXPIRES: Duration = HOUR;

    fn expired(self) -> Reply {
        Reply::none().and(format!("再见，{}", self.0))
    }
}

fn echo_bot(service: CallbackService) -> CallbackService {
    service
        .dialogue(|Echo(before): Echo, text: Text, _: Context| async move {
            Turn::to(Echo(text.content.clone())).say(format!("{before}, {}", text.content))
        })
        .on(|place: Location, _context| async move { place.label })
}

#[tokio::test]
async fn a_dialogue_that_ends_by_silence_says_its_last_words_once() {
    let sandbox = Sandbox::start().await;
    let bot = start(&sandbox, echo_bot).await;
    let user = sandbox.user("ann");
    talk(&user, &[("a", ", a")]).await;
    pass(&sandbox, &bot, HOUR + MINUTE).await;
    assert_eq!(user.received().await.text(), "再见，a");
    no_states(&bot).await;
    pass(&sandbox, &bot, HOUR + MINUTE).await;
    talk(&user, &[("b", ", b")]).await;
    bot.stop().await;
}

#[tokio::test]
async fn a_message_that_comes_after_the_end_is_answered_after_the_last_words() {
    let sandbox = Sandbox::start().await;
    let bot = start(&sandbox, echo_bot).await;
    let user = sandbox.user("ann");
    for (text, before) in [("a", None), ("b", Some("再见，a")), ("c", Some("再见，b"))] {
        user.says(text).await;
        if let Some(before) = before {
            assert_eq!(user.received().await.text(), before);
        }
        assert_eq!(user.received().await.text(), format!(", {text}"));
        pass(&sandbox, &bot, HOUR + MINUTE).await;
    }
    bot.stop().await;
}

#[tokio::test]
async fn each_turn_begins_the_time_anew_and_another_handler_does_not() {
    let sandbox = Sandbox::start().await;
    let bot = start(&sandbox, echo_bot).await;
    let user = sandbox.user("ann");
    for turn in [("a", ", a"), ("b", "a, b"), ("c", "b, c")] {
        talk(&user, &[turn]).await;
        pass(&sandbox, &bot, 59 * MINUTE).await;
    }
    user.sends(ChatContent::Location { latitude: 31.2, longitude: 121.5, label: "上海".into() }).await;
    assert_eq!(user.received().await.text(), "上海");
    pass(&sandbox, &bot, 2 * MINUTE).await;
    assert_eq!(user.received().await.text(), "再见，c");
    bot.stop().await;
}

/// Keeps the last text, and says nothing when the time is over.
#[derive(Serialize, Deserialize, Default)]
struct Silent(String);

impl Dialogue for Silent {
    const NAME: &'static str = "silent";
}

#[tokio::test]
async fn a_dialogue_without_last_words_ends_in_silence_after_half_an_hour() {
    let sandbox = Sandbox::start().await;
    let bot = start(&sandbox, |service| {
        service.dialogue(|Silent(before): Silent, text: Text, _: Context| async move {
            Turn::to(Silent(text.content.clone())).say(format!("{before}, {}", text.content))
        })
    })
    .await;
    let user = sandbox.user("ann");
    talk(&user, &[("a", ", a")]).await;
    pass(&sandbox, &bot, 29 * MINUTE).await;
    talk(&user, &[("b", "a, b")]).await;
    pass(&sandbox, &bot, 31 * MINUTE).await;
    no_states(&bot).await;
    bot.idle().await;
    talk(&user, &[("c", ", c")]).await;
    bot.stop().await;
}

/// A conversation that waits for an answer.
#[derive(Serialize, Deserialize, Default)]
struct Waits {
    is_asked: bool,
}

impl Dialogue for Waits {
    const NAME: &'static str = "waits";
    const EXPIRES: Duration = Duration::from_hours(24);
}

/// Asks with a reminder, repeats the question with another one, and ends with a third that is the last to come.
fn reminding_bot(service: CallbackService) -> CallbackService {
    service.dialogue(|state: Waits, text: Text, _: Context| async move {
        match text.content.as_str() {
            "ask" => Turn::to(Waits { is_asked: true }).say("question").later(HOUR, "still there?"),
            "what" if state.is_asked => Turn::stay().say("question").later(HOUR, "and now?"),
            "what" => Turn::stay().say("nothing").later(HOUR, "ask me"),
            _ => Turn::end().say("done").later(2 * HOUR, "how was it?"),
        }
    })
}

#[tokio::test]
async fn a_reminder_comes_if_the_user_does_not_answer() {
    let sandbox = Sandbox::start().await;
    let bot = start(&sandbox, reminding_bot).await;
    let user = sandbox.user("ann");
    for (says, hears) in [("ask", "still there?"), ("what", "and now?")] {
        talk(&user, &[(says, "question")]).await;
        pass(&sandbox, &bot, HOUR + MINUTE).await;
        assert_eq!(user.received().await.text(), hears);
    }
    talk(&user, &[("42", "done")]).await;
    bot.stop().await;
}

#[tokio::test]
async fn a_reminder_of_a_state_that_has_moved_on_is_left_out_and_one_without_a_state_comes() {
    let sandbox = Sandbox::start().await;
    let bot = start(&sandbox, reminding_bot).await;
    let user = sandbox.user("ann");
    // The reminders of both questions would come before that of the end.
    talk(&user, &[("ask", "question"), ("what", "question"), ("42", "done")]).await;
    pass(&sandbox, &bot, 3 * HOUR).await;
    assert_eq!(user.received().await.text(), "how was it?");
    // No dialogue has begun, so nothing binds the reminder.
    talk(&user, &[("what", "nothing"), ("42", "done")]).await;
    pass(&sandbox, &bot, 3 * HOUR).await;
    assert_eq!(user.received().await.text(), "ask me");
    assert_eq!(user.received().await.text(), "how was it?");
    bot.stop().await;
}
