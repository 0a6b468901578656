//! The time of a dialogue: its end by silence, and what is said later.

use std::time::Duration;

use rongcloud_callback::{CallbackService, Context, Dialogue, Reply, Text, Turn, sandbox::Sandbox};
use serde::{Deserialize, Serialize};

use super::{states, talk};
use crate::{sandbox::Bot, support::until};

/// A time that passes within a test.
const SHORT: Duration = Duration::from_millis(300);
/// A time in which a user writes three messages, also on a busy machine.
const ENOUGH: Duration = Duration::from_secs(2);

/// Keeps the last text for a moment, and says it when the moment is over.
#[derive(Serialize, Deserialize, Default)]
struct Echo(String);

impl Dialogue for Echo {
    const NAME: &'static str = "echo";
    const EXPIRES: Duration = SHORT;

    fn expired(self) -> Reply {
        Reply::none().and(format!("再见，{}", self.0))
    }
}

/// Keeps the last text for a moment, and says nothing when the moment is over.
#[derive(Serialize, Deserialize, Default)]
struct Silent(String);

impl Dialogue for Silent {
    const NAME: &'static str = "silent";
    const EXPIRES: Duration = SHORT;
}

async fn no_states(bot: &Bot) {
    until("the end of every dialogue", async || states(bot).await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_dialogue_that_ends_by_silence_says_its_last_words_once() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| {
        service.dialogue(|Echo(before): Echo, text: Text, _: Context| async move {
            Turn::to(Echo(text.content.clone())).say(format!("{before}, {}", text.content))
        })
    })
    .await;
    let user = sandbox.user("ann");
    talk(&user, &[("a", ", a")]).await;
    assert_eq!(user.received().await.text(), "再见，a");
    no_states(&bot).await;
    talk(&user, &[("b", ", b")]).await;
    assert_eq!(user.received().await.text(), "再见，b");
    bot.stop().await;
}

#[tokio::test]
async fn a_dialogue_without_last_words_ends_in_silence() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| {
        service.dialogue(|Silent(before): Silent, text: Text, _: Context| async move {
            Turn::to(Silent(text.content.clone())).say(format!("{before}, {}", text.content))
        })
    })
    .await;
    let user = sandbox.user("ann");
    talk(&user, &[("a", ", a")]).await;
    no_states(&bot).await;
    bot.idle().await;
    talk(&user, &[("b", ", b")]).await;
    bot.stop().await;
}

/// A conversation that waits for an answer.
#[derive(Serialize, Deserialize, Default)]
struct Waits {
    is_asked: bool,
}

impl Dialogue for Waits {
    const NAME: &'static str = "waits";
}

/// Asks with a reminder after `span`, repeats the question with another one, and ends with a third that is the last to come.
fn reminding_bot(service: CallbackService, span: Duration) -> CallbackService {
    service.dialogue(move |state: Waits, text: Text, _: Context| async move {
        match text.content.as_str() {
            "ask" => Turn::to(Waits { is_asked: true }).say("question").later(span, "still there?"),
            "what" if state.is_asked => Turn::stay().say("question").later(span, "and now?"),
            "what" => Turn::stay().say("nothing").later(span, "ask me"),
            _ => Turn::end().say("done").later(span + SHORT, "how was it?"),
        }
    })
}

#[tokio::test]
async fn a_reminder_comes_if_the_user_does_not_answer() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| reminding_bot(service, SHORT)).await;
    let user = sandbox.user("ann");
    talk(&user, &[("ask", "question")]).await;
    assert_eq!(user.received().await.text(), "still there?");
    talk(&user, &[("what", "question")]).await;
    assert_eq!(user.received().await.text(), "and now?");
    talk(&user, &[("42", "done")]).await;
    bot.stop().await;
}

#[tokio::test]
async fn a_reminder_of_a_state_that_has_moved_on_is_left_out_and_one_without_a_state_comes() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| reminding_bot(service, ENOUGH)).await;
    let user = sandbox.user("ann");
    // The reminders of both questions would come before that of the end.
    talk(&user, &[("ask", "question"), ("what", "question"), ("42", "done")]).await;
    assert_eq!(user.received().await.text(), "how was it?");
    // No dialogue has begun, so nothing binds the reminder.
    talk(&user, &[("what", "nothing"), ("42", "done")]).await;
    assert_eq!(user.received().await.text(), "ask me");
    assert_eq!(user.received().await.text(), "how was it?");
    bot.stop().await;
}
