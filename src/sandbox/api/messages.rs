//! The message calls: everything below `/message/`, by the table of what can be sent to whom through which call.

use serde_json::{Value, json};

use super::{
    Refusal, accounts,
    asked::{Asked, filled, list, optional, user_id},
};
use crate::{
    ids::UserId,
    protocol::media::MediaKind,
    sandbox::{
        Card,
        content::Content,
        platform::Platform,
        state::{Sent, State},
        uploads::Uploaded,
    },
};

/// Longest text, in bytes (最大长度为 2000 个字节).
const MOST_TEXT: usize = 2000;
/// Most users of one call (一次最多发送 100 个用户).
const MOST_USERS: usize = 100;
/// Most cards of one message (最多为 10 条图文).
const MOST_ARTICLES: usize = 10;
/// Widest description: 1000 Chinese characters of width 2 (1 个汉字等于 2 个字符).
const MOST_DESCRIPTION: usize = 2000;

/// To whom a call sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    One,
    Many,
    All,
    /// All, and the body must say so.
    Filtered,
}

/// Where a call takes pictures and recordings from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Url,
    MediaId,
}

/// One call: its path, to whom, where media come from, and which kinds it takes.
type Offer = (&'static str, To, From, &'static [&'static str]);

const OFFERS: [Offer; 6] = [
    ("/message/operation/send.json", To::One, From::Url, &["text", "image", "voice", "news"]),
    ("/message/send.json", To::One, From::MediaId, &["text", "image", "voice", "news"]),
    ("/message/batchsend.json", To::Many, From::Url, &["text", "news"]),
    ("/message/operation/batchsend.json", To::Many, From::Url, &["image", "voice"]),
    ("/message/operation/sendall.json", To::All, From::Url, &["text", "image", "voice", "news"]),
    ("/message/sendall.json", To::Filtered, From::MediaId, &["text", "image", "voice", "mpnews"]),
];

/// Sends a message.
pub(super) fn send(state: &mut State, platform: &Platform, asked: &Asked) -> Result<Value, Refusal> {
    let offer = OFFERS.iter().find(|(path, ..)| *path == asked.path);
    let (_, to, from, kinds) =
        *offer.ok_or_else(|| Refusal::parameter(format!("there is no call {}", asked.path)))?;
    let body = asked.json()?;
    let sender = at_app(platform, "fromuser", filled(&body, "fromuser")?)?;
    accounts::existing(state, sender)?;
    let kind = filled(&body, "msgtype")?;
    if !kinds.contains(&kind) {
        let kinds = kinds.join(", ");
        return Err(Refusal::parameter(format!("this call takes {kinds}, and no {kind}")));
    }
    let content = content(state, kind, from, &body)?;
    let users = match to {
        To::One => {
            vec![user_id("touser", at_app(platform, "touser", filled(&body, "touser")?)?)?]
        }
        To::Many => many(platform, &body)?,
        To::Filtered if !is_to_all(&body) => {
            return Err(Refusal::parameter("filter must be an object, and its is_to_all true"));
        }
        To::All | To::Filtered => {
            return send_all(state, platform, sender, content);
        }
    };
    for user in &users {
        state.user(user).map_err(|full| Refusal::parameter(full.to_string()))?;
    }
    let sent = Sent { account: sender.into(), users, content, broadcast: false };
    state.add_from_account(platform.clock.now(), sent);
    Ok(Value::Null)
}

/// To all followers: once a day (每天一条的群发权限，按自然天计算).
fn send_all(
    state: &mut State,
    platform: &Platform,
    sender: &str,
    content: Content,
) -> Result<Value, Refusal> {
    let now = platform.clock.now();
    let account = accounts::existing(state, sender)?;
    if !account.take_broadcast(now) {
        return Err(Refusal::not_allowed(format!(
            "{sender} has sent to all followers today: one such message a day (Beijing time)"
        )));
    }
    let account = account.clone();
    let users = state.followers(&account);
    state.add_from_account(now, Sent { account: sender.into(), users, content, broadcast: true });
    let id = format!("{:016x}", rand::random::<u64>());
    Ok(json!({ "errcode": 0, "errmsg": "ok", "msg_id": id }))
}

/// Whether `filter` is there and lets everybody in: `is_to_all` may be missing (默认为 true).
pub(super) fn is_to_all(body: &Value) -> bool {
    let filter = &body["filter"];
    filter.is_object() && matches!(&filter["is_to_all"], Value::Null | Value::Bool(true))
}

/// The id in `id@appkey`; the App Key must be the caller's.
fn at_app<'i>(platform: &Platform, name: &str, id: &'i str) -> Result<&'i str, Refusal> {
    match id.rsplit_once('@') {
        Some((id, key)) if key == platform.app_key.as_str() && !id.is_empty() => Ok(id),
        Some((id, _)) if !id.is_empty() => {
            Err(Refusal::parameter(format!("{name} {id} is of another App Key than the call's")))
        }
        _ => Err(Refusal::parameter(format!("{name} is not of the form id@appkey"))),
    }
}

fn many(platform: &Platform, body: &Value) -> Result<Vec<UserId>, Refusal> {
    let user = |user: &Value| {
        let id = user.as_str().ok_or_else(|| Refusal::parameter("touser holds no strings"))?;
        user_id("touser", at_app(platform, "touser", id)?)
    };
    list(body, "touser", MOST_USERS)?.iter().map(user).collect()
}

/// What a message of `kind` says, within the limits.
fn content(state: &State, kind: &str, from: From, body: &Value) -> Result<Content, Refusal> {
    let part = &body[kind];
    if !part.is_object() {
        return Err(Refusal::parameter(format!("{kind} is missing")));
    }
    match kind {
        "text" => text(part),
        "image" | "voice" if from == From::MediaId => stored(state, kind, part),
        "image" => Ok(Content::Image { url: filled(part, "url")?.to_owned() }),
        "voice" => {
            let url = filled(part, "url")?.to_owned();
            Ok(Content::Voice { seconds: state.uploads.seconds(&url), url })
        }
        "mpnews" => mp_news(state, part),
        _ => {
            let cards = list(part, "articles", MOST_ARTICLES)?.iter().map(card);
            Ok(Content::News { articles: cards.collect::<Result<_, _>>()? })
        }
    }
}

pub(super) fn text(part: &Value) -> Result<Content, Refusal> {
    let text = filled(part, "content")?;
    if text.len() > MOST_TEXT {
        let length = text.len();
        return Err(Refusal::parameter(format!("content has {length} bytes, more than {MOST_TEXT}")));
    }
    Ok(Content::text(text))
}

/// An uploaded picture or recording.
pub(super) fn stored(state: &State, kind: &str, part: &Value) -> Result<Content, Refusal> {
    let id = filled(part, "media_id")?;
    let url = Uploaded::path(id);
    match state.uploads.get(id) {
        Some(Uploaded::File { kind: MediaKind::Image, .. }) if kind == "image" => {
            Ok(Content::Image { url })
        }
        Some(Uploaded::File { kind: MediaKind::Voice, .. }) if kind == "voice" => {
            Ok(Content::Voice { seconds: state.uploads.seconds(&url), url })
        }
        _ => Err(Refusal::parameter("invalid media_id")),
    }
}

/// Uploaded articles.
pub(super) fn mp_news(state: &State, part: &Value) -> Result<Content, Refusal> {
    match state.uploads.get(filled(part, "media_id")?) {
        Some(Uploaded::Articles(cards)) => Ok(Content::MpNews { articles: cards.clone() }),
        _ => Err(Refusal::parameter("invalid media_id")),
    }
}

fn card(article: &Value) -> Result<Card, Refusal> {
    Ok(Card {
        title: filled(article, "title")?.to_owned(),
        description: description(article)?,
        url: optional(article, "url")?,
        picture_url: filled(article, "picurl")?.to_owned(),
    })
}

pub(super) fn description(article: &Value) -> Result<String, Refusal> {
    let description = optional(article, "description")?;
    let width: usize = description.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    if width > MOST_DESCRIPTION {
        return Err(Refusal::parameter("description is longer than 1000 Chinese characters"));
    }
    Ok(description)
}
