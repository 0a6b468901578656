//! The demo bot of the sandbox: a welcome, help, an echo, a picture, news, the name of a place, an order, a reminder, and a
//! person.
//!
//! The bot answers in the language of the message, Chinese or English; a message without text is answered in both.

use std::time::Duration;

use rongcloud_callback::{
    Article, CallbackService, Context, Image, ImageText, Location, Payload, Reply, Source, Subscribe,
    Text, Voice,
};

use super::demo_order::{self, Order};

/// The time until a reminder.
const REMINDER: Duration = Duration::from_mins(30);

const HELP: &str = "help — this text\n\
    image — a picture\n\
    voice — a recording\n\
    news — a card\n\
    news 3 — several cards\n\
    order — an order of shoes\n\
    remind — a reminder in 30 minutes\n\
    person — a person takes over\n\
    Send a location, picture or recording, or write anything else: it comes back.";

const HELP_IN_CHINESE: &str = "帮助 — 本说明\n\
    图片 — 一张图片\n\
    语音 — 一段语音\n\
    图文 — 单图文\n\
    图文 3 — 多图文\n\
    下单 — 下单买鞋\n\
    提醒 — 30 分钟后提醒\n\
    人工 — 转人工\n\
    发送位置、图片、语音或其他文字，会原样返回。";

/// Adds the bot's handlers to a service; the bot sends the samples that the sandbox serves at `base`.
pub(super) fn add_handlers(service: CallbackService, base: &str) -> CallbackService {
    let base = base.to_owned();
    service
        .dialogue(async |order: Order, text: Text, _context| demo_order::next(&order, &text.content))
        .on(move |text: Text, _context| {
            let reply = reply_to(&text.content, &base);
            async move { reply }
        })
        .on(welcome)
        .on(async |location: Location, _context| {
            if location.label.is_empty() {
                "a place without a name 未命名的位置".to_owned()
            } else {
                location.label
            }
        })
        .on(async |image: Image, _context| Payload::image(Source::Url(image.url)))
        .on(async |voice: Voice, _context| Payload::voice(Source::Url(voice.url)))
        .on(async |card: ImageText, _context| Article {
            title: card.title,
            description: Some(card.description),
            url: Some(card.url),
            picture_url: card.picture_url,
        })
}

async fn welcome(_: Subscribe, context: Context) -> String {
    format!("Welcome, {}! 欢迎！\nWrite \"help\" or \"帮助\".", context.user())
}

/// The reply to a text.
fn reply_to(text: &str, base: &str) -> Reply {
    match text.trim() {
        "remind" | "Remind" => {
            Reply::from(Payload::text("In 30 minutes, then.")).later(REMINDER, "30 minutes have passed.")
        }
        "提醒" => {
            Reply::from(Payload::text("好的，30 分钟后提醒您。")).later(REMINDER, "30 分钟到了。")
        }
        "person" | "Person" => Reply::from(Payload::text("A person will answer you.")).hand_over(),
        "人工" => Reply::none().hand_over(),
        _ => payload(text, base).into(),
    }
}

/// The payload that answers a text.
fn payload(text: &str, base: &str) -> Payload {
    let words: Vec<_> = text.split_whitespace().collect();
    match words[..] {
        ["help" | "Help"] => Payload::text(HELP),
        ["帮助"] => Payload::text(HELP_IN_CHINESE),
        ["image" | "Image" | "图片"] => Payload::image(Source::Url(picture(base))),
        ["voice" | "Voice" | "语音"] => {
            Payload::voice(Source::Url(format!("{base}/sandbox/samples/voice.amr")))
        }
        [word @ ("news" | "News" | "图文")] => Payload::news(cards(1, has_chinese(word), base)),
        [word @ ("news" | "News" | "图文"), number] => {
            let count = number.parse().unwrap_or(3).clamp(1, 10);
            Payload::news(cards(count, has_chinese(word), base))
        }
        _ if has_chinese(text) => Payload::text(format!("你说：{text}")),
        _ => Payload::text(format!("You said: {text}")),
    }
}

/// Whether a text has a Chinese character (a CJK unified ideograph).
fn has_chinese(text: &str) -> bool {
    text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
}

/// The cards of a news message.
fn cards(count: usize, is_chinese: bool, base: &str) -> impl Iterator<Item = Article> {
    let picture = picture(base);
    let (title, description) = if is_chinese {
        ("新闻", "图文消息的样子。")
    } else {
        ("News", "What a card looks like.")
    };
    (1..=count).map(move |number| Article {
        title: format!("{title} {number}"),
        description: Some(description.to_owned()),
        url: Some(format!("https://example.com/news/{number}")),
        picture_url: picture.clone(),
    })
}

/// The address of the sample picture.
fn picture(base: &str) -> String {
    format!("{base}/sandbox/samples/picture.jpg")
}
