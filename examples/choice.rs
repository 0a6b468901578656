//! A numbered menu that leads to another menu, to an answer, or to a person.

use rongcloud_callback::{CallbackService, Choice, Config, Context, Dialogue, Subscribe, Text, Turn};
use serde::{Deserialize, Serialize};

/// The menu that the user is in.
#[derive(Debug, PartialEq, Serialize, Deserialize, Default)]
enum Desk {
    #[default]
    Outside,
    Main,
    Returns,
}

impl Dialogue for Desk {
    const NAME: &'static str = "desk";
}

#[derive(Clone, Copy)]
enum Topic {
    Delivery,
    Returns,
    Person,
}

fn main_menu() -> Choice<Topic> {
    Choice::new("您好，请选择：")
        .item("查物流", Topic::Delivery)
        .item("退货", Topic::Returns)
        .item("人工客服", Topic::Person)
}

fn returns_menu() -> Choice<&'static str> {
    Choice::new("退货原因：")
        .item("尺码不合适", "请在七天内寄回，运费由您承担。")
        .item("质量问题", "请在七天内寄回，运费由我们承担。")
}

fn step(desk: Desk, text: &str) -> Turn<Desk> {
    match desk {
        Desk::Outside if text == "菜单" => Turn::to(Desk::Main).say(main_menu().prompt()),
        Desk::Outside => Turn::pass(),
        Desk::Main => match main_menu().read(text) {
            Some(Topic::Delivery) => Turn::end().say("包裹在路上，预计明天送达。"),
            Some(Topic::Returns) => Turn::to(Desk::Returns).say(returns_menu().prompt()),
            Some(Topic::Person) => Turn::hand_over(),
            None => Turn::stay().say(main_menu().again()),
        },
        Desk::Returns => match returns_menu().read(text) {
            Some(answer) => Turn::end().say(*answer),
            None => Turn::stay().say(returns_menu().again()),
        },
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    CallbackService::new(Config::load(None)?)
        // A dialogue has a step for each kind of message that it takes.
        .dialogue(|_: Desk, _: Subscribe, _: Context| async {
            Turn::to(Desk::Main).say(main_menu().prompt())
        })
        .dialogue(|desk: Desk, text: Text, _context| async move { step(desk, &text.content) })
        .on(|_: Text, _context| async { "回复“菜单”查看服务。" })
        .run()
        .await?;
    Ok(())
}
