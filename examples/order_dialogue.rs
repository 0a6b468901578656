//! An order in several turns: a dialogue whose state is stored with the replies, so that it goes on after a restart.

use std::time::Duration;

use rongcloud_callback::{CallbackService, Config, Dialogue, Reply, Text, Turn};
use serde::{Deserialize, Serialize};

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
    const EXPIRES: Duration = Duration::from_mins(15);

    fn expired(self) -> Reply {
        Reply::none().and("订单没有完成，已经取消。回复“下单”重新开始。")
    }
}

fn order(order: Order, text: &str) -> Turn<Order> {
    match order {
        Order::Start if text == "下单" => Turn::to(Order::Size { item: "鞋".into() })
            .say("要多大号？")
            .later(Duration::from_mins(5), "还在吗？回复鞋码就可以继续，回复“取消”就不买了。"),
        Order::Start => Turn::pass(), // not ours: the next handler is asked
        Order::Size { item } => match text.trim().parse() {
            Ok(size @ 20..50) => Turn::to(Order::Address { item, size }).say("寄到哪里？"),
            _ => Turn::stay().say("请回复鞋码，例如 42"),
        },
        Order::Address { item, size } => Turn::end()
            .say(format!("{item} {size} 号已下单，寄到：{text}"))
            .later(Duration::from_hours(24), "请评价"),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    CallbackService::new(Config::load(None)?)
        .dialogue(|state: Order, text: Text, _context| async move { order(state, &text.content) })
        .on(|_: Text, _context| async { "回复“下单”开始" })
        .run()
        .await?;
    Ok(())
}
