//! SIGHUP: the rules are read again, or stay as they are.

use super::Bot;
use crate::support::until;

fn rule(answer: &str) -> String {
    format!("[[rules]]\non = 'text'\nreply = {{ text = '{answer}' }}\n")
}

fn says(answer: &str) -> String {
    format!("[[step]]\nuser = 'ann'\nsays = 'hello'\nreplies = [{{ exact = '{answer}' }}]\n")
}

#[tokio::test]
async fn rules_are_read_again_and_bad_ones_leave_the_old_ones_in_force() {
    let mut bot = Bot::start(&rule("one")).await;
    bot.plays(&says("one")).await;

    bot.home.rewrite(&rule("two"));
    bot.process.hang_up();
    answers_in_the_end(&bot, "two").await;

    bot.home.rewrite(&rule("{{ usr }}"));
    bot.process.hang_up();
    bot.process.told("the rules stay as they were").await;
    bot.plays(&says("two")).await;

    bot.home.rewrite(&rule("three"));
    bot.process.hang_up();
    answers_in_the_end(&bot, "three").await;

    bot.process.terminate();
    let (status, log) = bot.process.ended();
    assert!(status.success(), "{log:?}");
    let words = "rules[0].reply.text: there is no `usr` for this rule";
    let told = log.iter().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{log:#?}"));
    assert!(told.contains("callback.toml:"), "{told}");
}

async fn answers_in_the_end(bot: &Bot, answer: &str) {
    let bo = bot.sandbox.user("bo");
    until("the new rules", async || {
        bo.says("hello").await;
        (bo.received().await.text() == answer).then_some(())
    })
    .await;
}
