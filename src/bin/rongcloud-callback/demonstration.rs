//! The bot that the sandbox comes with: a welcome, help, an echo, a picture, news, and a place's name.

use rongcloud_callback::{
    Article, CallbackService, Context, Image, ImageText, Location, Payload, Source, Subscribe, Text,
    Voice,
};

const HELP: &str = "help 帮助 — this text 本说明\n\
    image 图片 — a picture 一张图片\n\
    voice 语音 — a recording 一段语音\n\
    news 图文 — a card 单图文\n\
    news 3 — several cards 多图文\n\
    Send a location, picture or recording, or write anything else: it comes back.\n\
    发送位置、图片、语音或其他文字，会原样返回。";

/// Adds the bot's handlers; its pictures are those that the sandbox serves at `base`.
pub(crate) fn bot(service: CallbackService, base: &str) -> CallbackService {
    let base = base.to_owned();
    service
        .on(move |text: Text, _context| {
            let reply = answer(&text.content, &base);
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

fn answer(text: &str, base: &str) -> Payload {
    let words: Vec<_> = text.split_whitespace().collect();
    match words[..] {
        ["help" | "Help" | "帮助"] => Payload::text(HELP),
        ["image" | "Image" | "图片"] => Payload::image(Source::Url(picture(base))),
        ["voice" | "Voice" | "语音"] => {
            Payload::voice(Source::Url(format!("{base}/sandbox/samples/voice.amr")))
        }
        ["news" | "News" | "图文"] => Payload::news(cards(1, base)),
        ["news" | "News" | "图文", number] => {
            Payload::news(cards(number.parse().unwrap_or(3).clamp(1, 10), base))
        }
        _ => Payload::text(format!("You said 你说: {text}")),
    }
}

fn cards(count: usize, base: &str) -> impl Iterator<Item = Article> {
    let picture = picture(base);
    (1..=count).map(move |number| Article {
        title: format!("News {number} 新闻{number}"),
        description: Some("What a card looks like. 图文消息的样子。".to_owned()),
        url: Some(format!("https://example.com/news/{number}")),
        picture_url: picture.clone(),
    })
}

fn picture(base: &str) -> String {
    format!("{base}/sandbox/samples/picture.jpg")
}
