//! Several attempts at a message, and several processes: the state moves once.

use rongcloud_callback::{
    Context, HandlerError, Text, Turn,
    sandbox::{Faults, Sandbox},
};

use super::{Count, Order, count_bot, order_bot, states, talk, with_file};
use crate::sandbox::{Bot, sent};

#[tokio::test]
async fn a_step_that_fails_twice_moves_the_state_once() {
    let sandbox = Sandbox::start().await;
    sandbox.faults(Faults { duplicate: 1.0, ..Faults::default() });
    let bot = Bot::start(&sandbox, "", |service| {
        service.dialogue(|Count(n): Count, text: Text, context: Context| async move {
            let (attempt, fails) = (context.attempt(), text.content == "fails");
            assert!(!fails || attempt != 2, "the second attempt panics");
            if fails && attempt == 1 {
                return Err(HandlerError::retryable("the first attempt"));
            }
            Ok(Turn::to(Count(n + 1)).say(format!("{} at attempt {attempt}", n + 1)))
        })
    })
    .await;
    let user = sandbox.user("ann");
    talk(&user, &[("a", "1 at attempt 1"), ("fails", "2 at attempt 3"), ("b", "3 at attempt 1")]).await;
    bot.idle().await;
    assert_eq!(states(&bot).await[0].body, "3");
    assert_eq!(sent(&sandbox).len(), 3);
    bot.stop().await;
}

#[tokio::test]
async fn messages_that_come_at_the_same_time_are_counted_one_after_the_other() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", count_bot).await;
    let user = sandbox.user("ann");
    futures_util::future::join_all((0..50).map(|n| user.says(n.to_string()))).await;
    bot.idle().await;
    let numbers: Vec<_> = sent(&sandbox).iter().map(|message| message.text().clone()).collect();
    assert_eq!(numbers, (1..=50).map(|n: u32| n.to_string()).collect::<Vec<_>>());
    bot.stop().await;
}

#[tokio::test]
async fn a_dialogue_goes_on_after_a_restart() {
    let (sandbox, _folder, journal) = with_file().await;
    let user = sandbox.user("ann");
    for turns in [
        [("下单", "要多大号？"), ("大", "请回复数字")],
        [("42", "寄到哪里？"), ("上海", "鞋 42 号已下单")],
        [("42", "回声：42"), ("下单", "要多大号？")],
    ] {
        let bot = Bot::start_on(&sandbox, &journal, "", order_bot).await;
        talk(&user, &turns).await;
        bot.idle().await;
        bot.stop().await;
    }
}

#[tokio::test]
async fn an_error_of_a_step_leaves_the_state_as_it_was() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| {
        service.dialogue(|state: Order, text: Text, _: Context| async move {
            if text.content == "bad" {
                return Err(HandlerError::permanent("no"));
            }
            Ok(super::order(state, &text.content))
        })
    })
    .await;
    let user = sandbox.user("ann");
    talk(&user, &[("下单", "要多大号？")]).await;
    user.says("bad").await;
    talk(&user, &[("42", "寄到哪里？")]).await;
    assert_eq!(super::dead_letters(&bot).await, ["no"]);
    bot.stop().await;
}
