//! Dialogues: through the real server, with the sandbox as the platform.

mod attempts;
mod stored;
mod time;
mod turns;

use std::time::Duration;

use rongcloud_callback::{
    CallbackService, Context, Dialogue, Text, Turn,
    journal::{ConversationState, Filter, Queue, State, StateFilter},
    sandbox::{Sandbox, User},
};
use serde::{Deserialize, Serialize};

use crate::sandbox::Bot;

/// The dialogue of the crate's documentation.
#[derive(Debug, PartialEq, Serialize, Deserialize, Default)]
enum Order {
    #[default]
    Start,
    Size {
        item: String,
    },
    Address {
        item: String,
        size: u8,
    },
}

impl Dialogue for Order {
    const NAME: &'static str = "order";
}

fn order(order: Order, text: &str) -> Turn<Order> {
    match order {
        Order::Start if text == "下单" => {
            Turn::to(Order::Size { item: "鞋".into() }).say("要多大号？")
        }
        Order::Start => Turn::pass(),
        Order::Size { item } => match text.trim().parse() {
            Ok(size) => Turn::to(Order::Address { item, size }).say("寄到哪里？"),
            Err(_) => Turn::stay().say("请回复数字"),
        },
        Order::Address { item, size } => {
            Turn::end().say(format!("{item} {size} 号已下单")).later(Duration::from_hours(24), "请评价")
        }
    }
}

/// A bot with the order dialogue, and an answer to other texts.
fn order_bot(service: CallbackService) -> CallbackService {
    service
        .dialogue(|state: Order, text: Text, _context| async move { order(state, &text.content) })
        .on(|text: Text, _context| async move { format!("回声：{}", text.content) })
}

/// Counts the messages of a conversation.
#[derive(Serialize, Deserialize, Default)]
struct Count(u32);

impl Dialogue for Count {
    const NAME: &'static str = "count";
}

/// A bot that tells each message's number in its conversation.
fn count_bot(service: CallbackService) -> CallbackService {
    service.dialogue(|Count(n): Count, _: Text, _: Context| async move {
        Turn::to(Count(n + 1)).say((n + 1).to_string())
    })
}

/// Lets the user say each text, and asserts the reply to it.
async fn talk(user: &User<'_>, turns: &[(&str, &str)]) {
    for (says, hears) in turns {
        user.says(*says).await;
        assert_eq!(user.received().await.text(), *hears, "after {says}");
    }
}

/// The states of all conversations.
async fn states(bot: &Bot) -> Vec<ConversationState> {
    bot.journal.states(StateFilter { limit: 100, ..StateFilter::default() }).await.unwrap()
}

/// The reasons of the dead letters, once nothing is pending.
async fn dead_letters(bot: &Bot) -> Vec<String> {
    bot.idle().await;
    let filter =
        Filter { queue: Some(Queue::Inbox), state: Some(State::Dead), limit: 100, ..Filter::default() };
    let dead = bot.journal.list(filter).await.unwrap();
    dead.into_iter().map(|record| record.reason.unwrap()).collect()
}

/// A sandbox, a folder for a journal, and the journal's URL.
async fn with_file() -> (Sandbox, tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let journal = format!("sqlite:{}", folder.path().join("journal.db").display());
    (Sandbox::start().await, folder, journal)
}
