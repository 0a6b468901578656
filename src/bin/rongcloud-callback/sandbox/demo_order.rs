//! The demo bot's dialogue: an order of shoes, by size and address.

use std::time::Duration;

use rongcloud_callback::{Dialogue, Reply, Turn};
use serde::{Deserialize, Serialize};

/// The time until the question how the shoes are.
const QUESTION: Duration = Duration::from_hours(24);

/// The state of an order.
#[derive(Debug, PartialEq, Serialize, Deserialize, Default)]
pub(super) enum Order {
    /// Nothing is ordered.
    #[default]
    Start,
    /// The user is asked for the size.
    Size,
    /// The user is asked for the address.
    Address {
        /// The size of the shoes.
        size: u8,
    },
}

impl Dialogue for Order {
    const NAME: &'static str = "order";

    fn expired(self) -> Reply {
        Reply::none().and(
            "Your order took too long: write \"order\" to begin again. 下单已超时，回复“下单”重新开始。",
        )
    }
}

/// The next turn of an order.
pub(super) fn next(order: &Order, text: &str) -> Turn<Order> {
    match (order, text.trim()) {
        (Order::Start, "order" | "Order" | "下单") => {
            Turn::to(Order::Size).say("Shoes. What size? 鞋，要多大号？")
        }
        (Order::Start, _) => Turn::pass(),
        (Order::Size, text) => match text.parse() {
            Ok(size) => Turn::to(Order::Address { size }).say("What address? 寄到哪里？"),
            Err(_) => Turn::stay().say("A number, please. 请回复数字。"),
        },
        (Order::Address { size }, address) => Turn::end()
            .say(format!("Ordered: size {size}, to {address}. 已下单。"))
            .later(QUESTION, "How are the shoes? 鞋子怎么样？"),
    }
}
