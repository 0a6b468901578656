//! The contents of messages and replies: mostly texts, and some of every other kind.

use rongcloud_callback::{
    clock::UnixMillis,
    protocol::{
        Article, Content, Conversation, Event, Image, ImageText, Inbound, Location, Message, Outgoing,
        Payload, Source, Subscribe, Text, Unsubscribe, Voice,
    },
};

use crate::{message_id, users::scattered};

/// A word that one text of a thousand has.
pub(crate) const RARE: &str = "发票抬头";
/// A word in many texts.
pub(crate) const COMMON: &str = "运费";
/// A word in no text.
pub(crate) const ABSENT: &str = "不存在的词";

/// The numbers in the texts are those of orders.
const TEXTS: [&str; 8] = [
    "你好，我的订单 {n} 什么时候发货？",
    "订单 {n} 的运费是多少？从上海寄到乌鲁木齐要几天？",
    "我想把 {n} 这一单换成蓝色的，可以吗？",
    "还没有收到货，物流信息三天没有更新了，单号 {n}，麻烦帮我查一下。",
    "谢谢！",
    "客服在吗？",
    "{n} 能不能开增值税专用发票",
    "运费可以退吗？我买的是两件，只收到了一件，订单号 {n}。",
];

/// The message of a user, made at this time.
pub(crate) fn message(number: u64, conversation: &Conversation, sent_at: UnixMillis) -> Inbound {
    let Conversation { account, user, .. } = conversation;
    let inbound = Inbound::new(account.clone(), user.clone(), sent_at.0, content(scattered(number)));
    if matches!(inbound.content, Content::Event(_)) {
        return inbound;
    }
    let mut id = String::with_capacity(20);
    message_id::write(number, sent_at, &mut id);
    inbound.with_message_id(id)
}

fn content(number: u64) -> Content {
    let order = number >> 40;
    let message = match number % 100 {
        0..80 => Message::Text(Text { content: text(number) }),
        80..88 => {
            Message::Image(Image { url: format!("https://files.example.com/image/{number:016x}.jpg") })
        }
        88..92 => Message::Voice(Voice {
            url: format!("https://files.example.com/voice/{number:016x}.amr"),
            format: "AMR".to_owned(),
        }),
        92..95 => Message::Location(Location {
            latitude: 31.230_4,
            longitude: 121.473_7,
            label: format!("上海市黄浦区人民大道 {} 号", order % 1000),
        }),
        95..97 => Message::ImageText(ImageText {
            title: format!("订单 {order}"),
            description: "两件商品，等待发货".to_owned(),
            picture_url: format!("https://files.example.com/order/{order}.jpg"),
            url: format!("https://shop.example.com/orders/{order}"),
        }),
        97..99 => return Content::Event(Event::Subscribe(Subscribe {})),
        _ => return Content::Event(Event::Unsubscribe(Unsubscribe {})),
    };
    Content::Message(message)
}

fn text(number: u64) -> String {
    let order = (number >> 40).to_string();
    if (number >> 8).is_multiple_of(1000) {
        return format!("{RARE}写错了，订单 {order} 请帮我改一下");
    }
    TEXTS[usize::try_from((number >> 20) % 8).expect("below eight")].replace("{n}", &order)
}

/// The reply to message `number`, as it is stored.
pub(crate) fn reply(number: u64, conversation: &Conversation) -> Vec<u8> {
    let number = scattered(number);
    let order = number >> 40;
    let payload = match number % 20 {
        0..17 => Payload::text(format!(
            "您好，订单 {order} 已经从上海仓库发出，{COMMON} 12 元，预计三天送达。"
        )),
        17..19 => {
            Payload::image(Source::Url(format!("https://files.example.com/map/{number:016x}.jpg")))
        }
        _ => Payload::news([Article {
            title: format!("订单 {order} 的物流"),
            description: Some("已到达乌鲁木齐转运中心".to_owned()),
            url: Some(format!("https://shop.example.com/orders/{order}")),
            picture_url: format!("https://files.example.com/map/{number:016x}.jpg"),
        }]),
    };
    Outgoing::to_user(conversation, payload).encode()
}
