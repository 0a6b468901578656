//! The turns of a dialogue: which messages it takes, and what becomes of the conversation.

use rongcloud_callback::{
    Context, Dialogue, Location, Text, Turn,
    desk::PERSON,
    handler::ActiveDialogue,
    sandbox::{ChatContent, Sandbox},
};
use serde::{Deserialize, Serialize};

use super::{Order, dead_letters, order_bot, states, talk};
use crate::sandbox::Bot;

fn shanghai() -> ChatContent {
    ChatContent::Location { latitude: 31.2, longitude: 121.5, label: "上海".into() }
}

#[tokio::test]
async fn an_order_is_taken_in_several_turns_and_each_user_has_their_own() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", order_bot).await;
    let (ann, bo) = (sandbox.user("ann"), sandbox.user("bo"));
    talk(&ann, &[("你好", "回声：你好"), ("下单", "要多大号？"), ("大", "请回复数字")]).await;
    talk(&bo, &[("42", "回声：42"), ("下单", "要多大号？")]).await;
    talk(&ann, &[("42", "寄到哪里？"), ("上海", "鞋 42 号已下单"), ("上海", "回声：上海")]).await;
    talk(&bo, &[("38", "寄到哪里？")]).await;
    bot.idle().await;
    let states = states(&bot).await;
    assert!(matches!(&states[..], [one] if one.conversation.ends_with("bo")), "{states:?}");
    bot.stop().await;
}

#[tokio::test]
async fn a_message_of_a_kind_that_a_step_does_not_take_goes_to_the_next_handler() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| {
        order_bot(service).on(|place: Location, _context| async move { place.label })
    })
    .await;
    let user = sandbox.user("ann");
    talk(&user, &[("下单", "要多大号？")]).await;
    user.sends(shanghai()).await;
    assert_eq!(user.received().await.text(), "上海");
    talk(&user, &[("42", "寄到哪里？")]).await;
    bot.stop().await;
}

#[tokio::test]
async fn a_dialogue_has_a_step_for_each_kind() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| {
        order_bot(service).dialogue(|state: Order, place: Location, _context| async move {
            match state {
                Order::Address { size, .. } => Turn::end().say(format!("{size} 号寄到{}", place.label)),
                _ => Turn::pass(),
            }
        })
    })
    .await;
    let user = sandbox.user("ann");
    user.sends(shanghai()).await;
    talk(&user, &[("下单", "要多大号？"), ("42", "寄到哪里？")]).await;
    user.sends(shanghai()).await;
    assert_eq!(user.received().await.text(), "42 号寄到上海");
    talk(&user, &[("42", "回声：42")]).await;
    bot.stop().await;
}

/// Asks for a name.
#[derive(Serialize, Deserialize, Default)]
struct SignUp {
    has_asked: bool,
}

impl Dialogue for SignUp {
    const NAME: &'static str = "sign-up";
}

#[tokio::test]
async fn a_conversation_is_in_one_dialogue_at_a_time() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| {
        let service = service.dialogue(|state: SignUp, text: Text, _: Context| async move {
            match (state.has_asked, text.content.as_str()) {
                (true, name) => Turn::end().say(format!("{name} 已报名")),
                (false, "报名") => Turn::to(SignUp { has_asked: true }).say("姓名？"),
                (false, _) => Turn::pass(),
            }
        });
        order_bot(service)
    })
    .await;
    let user = sandbox.user("ann");
    // The first words of each dialogue are no beginning while the conversation is in the other one.
    talk(&user, &[("下单", "要多大号？"), ("报名", "请回复数字"), ("42", "寄到哪里？")]).await;
    talk(&user, &[("上海", "鞋 42 号已下单"), ("报名", "姓名？"), ("下单", "下单 已报名")]).await;
    talk(&user, &[("下单", "要多大号？")]).await;
    bot.stop().await;
}

#[tokio::test]
async fn a_handler_sees_the_dialogue_and_leaves_it_as_it_is() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| {
        let service = service.dialogue(|state: Order, text: Text, _: Context| async move {
            if text.content == "状态" { Turn::pass() } else { super::order(state, &text.content) }
        });
        service.on(|_: Text, context: Context| async move {
            let dialogue = context.dialogue();
            let state = dialogue.and_then(ActiveDialogue::get::<Order>);
            format!("{:?} {state:?}", dialogue.map(ActiveDialogue::name))
        })
    })
    .await;
    let user = sandbox.user("ann");
    talk(&user, &[("状态", "None None"), ("下单", "要多大号？")]).await;
    talk(&user, &[("状态", "Some(\"order\") Some(Size { item: \"鞋\" })"), ("42", "寄到哪里？")]).await;
    bot.stop().await;
}

#[tokio::test]
async fn a_word_leaves_the_dialogue_and_outside_of_one_it_is_a_word_like_others() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", order_bot).await;
    let user = sandbox.user("ann");
    talk(&user, &[("取消", "回声：取消"), ("下单", "要多大号？"), (" 取消 ", "已退出。")]).await;
    talk(&user, &[("42", "回声：42"), ("下单", "要多大号？")]).await;
    bot.stop().await;

    let sandbox = Sandbox::start().await;
    let words = "[dialogue]\nexit_words = [\"Stop\"]\nexit_reply = \"\"\n";
    let bot = Bot::start(&sandbox, words, order_bot).await;
    let user = sandbox.user("ann");
    talk(&user, &[("下单", "要多大号？"), ("取消", "请回复数字")]).await;
    user.says("stop").await;
    talk(&user, &[("42", "回声：42")]).await;
    bot.stop().await;
}

#[tokio::test]
async fn a_step_hands_the_conversation_to_a_person() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| {
        let service = service.dialogue(|state: Order, text: Text, _: Context| async move {
            match text.content.as_str() {
                "人工" => Turn::hand_over(),
                "投诉" => Turn::hand_over().say("马上找人"),
                text => super::order(state, text),
            }
        });
        order_bot(service)
    })
    .await;
    let (ann, bo) = (sandbox.user("ann"), sandbox.user("bo"));
    talk(&ann, &[("下单", "要多大号？"), ("人工", "正在为您转接人工客服，请稍候。")]).await;
    talk(&bo, &[("投诉", "马上找人")]).await;
    ann.says("42").await;
    bot.idle().await;
    let states = states(&bot).await;
    let dialogues: Vec<_> = states.iter().map(|state| state.dialogue.as_str()).collect();
    assert_eq!(dialogues, [PERSON; 2]);
    talk(&ann, &[("结束人工", "人工服务已结束，现在由机器人为您服务。"), ("42", "回声：42")]).await;
    bot.stop().await;
}

/// Keeps the texts of a conversation.
#[derive(Serialize, Deserialize, Default)]
struct Notes(String);

impl Dialogue for Notes {
    const NAME: &'static str = "notes";
}

#[tokio::test]
async fn a_state_that_is_too_large_makes_a_dead_letter_and_the_one_before_remains() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| {
        service.dialogue(|Notes(notes): Notes, text: Text, _: Context| async move {
            let times = if text.content == "many" { 70_000 } else { 1 };
            let notes = notes + text.content.repeat(times).as_str();
            Turn::to(Notes(notes.clone())).say(notes)
        })
    })
    .await;
    let user = sandbox.user("ann");
    talk(&user, &[("a", "a")]).await;
    user.says("many").await;
    talk(&user, &[("b", "ab")]).await;
    let reason =
        "the state of the dialogue `notes`: 280003 bytes as JSON, more than the 65536 that are stored";
    assert_eq!(dead_letters(&bot).await, [reason]);
    bot.stop().await;
}
