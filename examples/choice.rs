//! A numbered menu that leads to another menu, to an answer, or to a person.

use rongcloud_callback::{CallbackService, Choice, Config, Context, Dialogue, Subscribe, Text, Turn};
use serde::{Deserialize, Serialize};

/// The menu that the user is in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
enum Menu {
    #[default]
    Outside,
    Main,
    Returns,
}

impl Dialogue for Menu {
    const NAME: &'static str = "menu";
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

fn step(menu: Menu, text: &str) -> Turn<Menu> {
    match menu {
        Menu::Outside if text == "菜单" => Turn::to(Menu::Main).say(main_menu().prompt()),
        Menu::Outside => Turn::pass(),
        Menu::Main => match main_menu().read(text) {
            Some(Topic::Delivery) => Turn::end().say("包裹在路上，预计明天送达。"),
            Some(Topic::Returns) => Turn::to(Menu::Returns).say(returns_menu().prompt()),
            Some(Topic::Person) => Turn::hand_over(),
            None => Turn::stay().say(main_menu().again()),
        },
        Menu::Returns => match returns_menu().read(text) {
            Some(answer) => Turn::end().say(*answer),
            None => Turn::stay().say(returns_menu().again()),
        },
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    CallbackService::new(Config::load(None)?)
        // A dialogue has a step for each kind of message that it takes.
        .dialogue(|_: Menu, _: Subscribe, _: Context| async {
            Turn::to(Menu::Main).say(main_menu().prompt())
        })
        .dialogue(|menu: Menu, text: Text, _context| async move { step(menu, &text.content) })
        .on(|_: Text, _context| async { "回复“菜单”查看服务。" })
        .run()
        .await?;
    Ok(())
}
