//! One conversation that goes to a person and back.

use std::time::Duration;

use rongcloud_callback::{
    Context, Reply, Text,
    clock::Clock,
    desk::DeskError,
    journal::{Filter, Queue},
};

use super::{Bench, Store};
use crate::support::until;

/// A handler that repeats what it is told, hands over on demand, and reminds.
async fn bot(text: Text, _context: Context) -> Reply {
    match text.content.as_str() {
        "人工" => Reply::none().hand_over(),
        "人工，请" => Reply::none().and("请稍等").hand_over(),
        "提醒" => Reply::none().and("好的").later(Duration::from_millis(300), "时间到了"),
        other => Reply::none().and(format!("你说：{other}")),
    }
}

const HANDED_OVER: &str = "正在为您转接人工客服，请稍候。";
const GIVEN_BACK: &str = "人工服务已结束，现在由机器人为您服务。";

#[tokio::test]
async fn while_a_person_has_the_conversation_the_bot_says_nothing_and_every_message_is_kept() {
    let bench = Bench::start(Store::Sqlite, "", |service| service.on(bot)).await.unwrap();
    let (user, conversation) = (bench.sandbox.user("ann"), bench.conversation("ann"));
    user.says("人工").await;
    assert_eq!(user.received().await.text(), HANDED_OVER);
    for text in ["在吗", "我的订单呢"] {
        user.says(text).await;
    }
    bench.idle().await;
    let [waiting] = &bench.desk.waiting(9).await.unwrap()[..] else { panic!("nobody waits") };
    assert_eq!(waiting.conversation, conversation);
    assert!(waiting.since < waiting.until, "{waiting:?}");

    bench.desk.answer(&conversation, "bea", None, "已发货").await.unwrap();
    assert_eq!(user.received().await.text(), "已发货");
    bench.desk.hand_back(&conversation, "bea").await.unwrap();
    assert_eq!(user.received().await.text(), GIVEN_BACK);
    user.says("谢谢").await;
    assert_eq!(user.received().await.text(), "你说：谢谢");
    bench.idle().await;
    assert_eq!(bench.received("ann"), [HANDED_OVER, "已发货", GIVEN_BACK, "你说：谢谢"]);
    assert!(bench.desk.waiting(9).await.unwrap().is_empty());
    let messages = Filter { queue: Some(Queue::Inbox), limit: 99, ..Filter::default() };
    let kept = bench.journal.list(messages).await.unwrap();
    assert_eq!(kept.len(), 4, "every message is in the history: {kept:#?}");
    bench.stop().await;
}

#[tokio::test]
async fn a_short_list_has_the_conversations_that_have_waited_longest_whatever_their_names() {
    let bench = Bench::start(Store::Memory, "", |service| service.on(bot)).await.unwrap();
    for user in ["zoe", "bob", "ann"] {
        bench.desk.hand_over(&bench.conversation(user)).await.unwrap();
        let since = bench.desk.waiting(9).await.unwrap().last().unwrap().since;
        until("the clock has moved on", async || (Clock::system().now() > since).then_some(())).await;
    }
    let waiting = bench.desk.waiting(2).await.unwrap();
    let conversations: Vec<_> = waiting.into_iter().map(|waiting| waiting.conversation).collect();
    assert_eq!(conversations, ["zoe", "bob"].map(|user| bench.conversation(user)));
    bench.stop().await;
}

#[tokio::test]
async fn a_handler_says_itself_that_it_hands_over_and_another_user_s_bot_goes_on() {
    let bench = Bench::start(Store::Memory, "", |service| service.on(bot)).await.unwrap();
    bench.sandbox.user("ann").says("人工，请").await;
    bench.sandbox.user("bob").says("你好").await;
    bench.idle().await;
    assert_eq!(bench.received("ann"), ["请稍等"]);
    assert_eq!(bench.received("bob"), ["你说：你好"]);
    bench.stop().await;
}

#[tokio::test]
async fn only_a_person_who_has_the_conversation_answers_in_it_or_gives_it_back() {
    let bench = Bench::start(Store::Memory, "", |service| service.on(bot)).await.unwrap();
    let conversation = bench.conversation("ann");
    let refused = bench.desk.answer(&conversation, "bea", None, "你好").await;
    assert!(matches!(refused, Err(DeskError::WithBot)), "{refused:?}");
    let refused = bench.desk.hand_back(&conversation, "bea").await;
    assert!(matches!(refused, Err(DeskError::WithBot)), "{refused:?}");
    bench.desk.hand_over(&conversation).await.unwrap();
    let refused = bench.desk.hand_over(&conversation).await;
    assert!(matches!(refused, Err(DeskError::WithPerson)), "{refused:?}");
    let refused = bench.desk.answer(&conversation, "bea", None, "x".repeat(2001)).await;
    assert!(matches!(refused, Err(DeskError::Limit(_))), "{refused:?}");
    bench.idle().await;
    assert_eq!(bench.received("ann"), [HANDED_OVER]);
    bench.stop().await;
}

#[tokio::test]
async fn a_user_gets_the_bot_back_by_a_word() {
    let desk = "[desk]\ngive_back_words = [\"Bot\"]\ngiven_back = \"\"";
    let bench = Bench::start(Store::Memory, desk, |service| service.on(bot)).await.unwrap();
    let user = bench.sandbox.user("ann");
    for text in ["人工", "结束人工", " bot ", "你好"] {
        user.says(text).await;
    }
    bench.idle().await;
    assert_eq!(bench.received("ann"), [HANDED_OVER, "你说：你好"]);
    bench.stop().await;
}

#[tokio::test]
async fn after_a_silence_of_both_sides_the_bot_has_the_conversation_again() {
    let desk = "[desk]\ngive_back_after = \"1s\"";
    let bench = Bench::start(Store::Sqlite, desk, |service| service.on(bot)).await.unwrap();
    let (user, conversation) = (bench.sandbox.user("ann"), bench.conversation("ann"));
    bench.desk.hand_over(&conversation).await.unwrap();
    assert_eq!(user.received().await.text(), HANDED_OVER);
    let until_first = bench.desk.waiting(1).await.unwrap()[0].until;
    user.says("在吗").await;
    bench.idle().await;
    let until_second = bench.desk.waiting(1).await.unwrap()[0].until;
    assert!(until_second > until_first, "the user has written");
    bench.desk.answer(&conversation, "bea", None, "在").await.unwrap();
    let until_third = bench.desk.waiting(1).await.unwrap()[0].until;
    assert!(until_third > until_second, "the person has written");
    assert_eq!(user.received().await.text(), "在");
    assert_eq!(user.received().await.text(), GIVEN_BACK);
    user.says("你好").await;
    assert_eq!(user.received().await.text(), "你说：你好");
    bench.stop().await;
}

#[tokio::test]
async fn a_reminder_is_left_out_while_a_person_has_the_conversation() {
    let bench = Bench::start(Store::Memory, "", |service| service.on(bot)).await.unwrap();
    for user in ["ann", "bob"] {
        bench.sandbox.user(user).says("提醒").await;
    }
    bench.sandbox.user("ann").says("人工").await;
    assert_eq!(bench.sandbox.user("bob").received().await.text(), "好的");
    assert_eq!(bench.sandbox.user("bob").received().await.text(), "时间到了");
    let due = Filter { queue: Some(Queue::Inbox), limit: 99, ..Filter::default() };
    until("both reminders are done", async || {
        let all = bench.journal.list(due.clone()).await.unwrap();
        let done = all.iter().filter(|it| it.answers.is_some() && it.settled_at.is_some()).count();
        (done == 2).then_some(())
    })
    .await;
    assert_eq!(bench.received("ann"), ["好的", HANDED_OVER]);
    bench.stop().await;
}

#[tokio::test]
async fn of_two_persons_one_has_the_conversation_and_the_other_is_told_who() {
    for store in [Store::Memory, Store::Sqlite, Store::Postgres] {
        let Some(bench) = Bench::start(store, "", |service| service.on(bot)).await else { continue };
        let (desk, conversation) = (&bench.desk, bench.conversation("ann"));
        let early = desk.take(&conversation, "bea", None).await;
        assert!(matches!(early, Err(DeskError::WithBot)), "{early:?}");
        desk.hand_over(&conversation).await.unwrap();
        assert_eq!(desk.waiting(9).await.unwrap()[0].by, None);
        desk.take(&conversation, "bea", None).await.unwrap();
        desk.take(&conversation, "bea", None).await.unwrap();
        for refused in [
            desk.take(&conversation, "carl", None).await,
            desk.take(&conversation, "carl", Some("dora")).await,
            desk.answer(&conversation, "carl", None, "我来").await,
            desk.hand_back(&conversation, "carl").await,
        ] {
            assert!(matches!(&refused, Err(DeskError::Taken(by)) if by == "bea"), "{refused:?}");
        }
        bench.sandbox.user("ann").says("在吗").await;
        bench.idle().await;
        assert_eq!(desk.waiting(9).await.unwrap()[0].by.as_deref(), Some("bea"), "{store:?}");
        desk.take(&conversation, "carl", Some("bea")).await.unwrap();
        desk.answer(&conversation, "carl", None, "我来").await.unwrap();
        bench.idle().await;
        assert_eq!(bench.received("ann"), [HANDED_OVER, "我来"], "{store:?}");
        bench.stop().await;
    }
}

#[tokio::test]
async fn an_answer_that_is_sent_again_with_its_key_reaches_the_user_once() {
    for store in [Store::Memory, Store::Sqlite, Store::Postgres] {
        let Some(bench) = Bench::start(store, "", |service| service.on(bot)).await else { continue };
        let (desk, conversation) = (&bench.desk, bench.conversation("ann"));
        desk.hand_over(&conversation).await.unwrap();
        for key in ["1", "1", "2"] {
            desk.answer(&conversation, "bea", Some(key), "已发货").await.unwrap();
        }
        let twice = || desk.answer(&conversation, "bea", Some("3"), "再见");
        let (first, second) = tokio::join!(twice(), twice());
        first.and(second).unwrap();
        bench.idle().await;
        assert_eq!(bench.received("ann"), [HANDED_OVER, "已发货", "已发货", "再见"], "{store:?}");
        bench.stop().await;
    }
}
