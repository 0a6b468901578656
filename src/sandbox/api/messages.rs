//! The message calls: everything below `/message/`, with a table of the recipients and kinds that each call takes.

use serde_json::{Value, json};

use super::{
    accounts,
    answer::Refusal,
    context::ApiContext,
    fields::{filled, list, optional, user_id},
    request::ApiRequest,
};
use crate::{
    ids::UserId,
    protocol::media::MediaKind,
    sandbox::{
        content::{ArticleCard, ChatContent},
        state::{AccountMessage, State},
        uploads::Media,
    },
};

/// The largest size of a text, in bytes (最大长度为 2000 个字节).
const MAX_TEXT: usize = 2000;
/// The largest number of users of one call (一次最多发送 100 个用户).
const MAX_USERS: usize = 100;
/// The largest number of cards of one message (最多为 10 条图文).
const MAX_ARTICLES: usize = 10;
/// The largest width of a description: 1000 Chinese characters of width 2 (1 个汉字等于 2 个字符).
const MAX_DESCRIPTION: usize = 2000;

/// The recipients of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recipients {
    One,
    Many,
    All,
    /// All followers; the body must say so in its `filter`.
    Filtered,
}

/// The field by which a call names pictures and recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MediaSource {
    Url,
    MediaId,
}

/// A call: its path, its recipients, how it names media, and the kinds of messages that it takes.
type MessageCall = (&'static str, Recipients, MediaSource, &'static [&'static str]);

const CALLS: [MessageCall; 6] = [
    (
        "/message/operation/send.json",
        Recipients::One,
        MediaSource::Url,
        &["text", "image", "voice", "news"],
    ),
    ("/message/send.json", Recipients::One, MediaSource::MediaId, &["text", "image", "voice", "news"]),
    ("/message/batchsend.json", Recipients::Many, MediaSource::Url, &["text", "news"]),
    ("/message/operation/batchsend.json", Recipients::Many, MediaSource::Url, &["image", "voice"]),
    (
        "/message/operation/sendall.json",
        Recipients::All,
        MediaSource::Url,
        &["text", "image", "voice", "news"],
    ),
    (
        "/message/sendall.json",
        Recipients::Filtered,
        MediaSource::MediaId,
        &["text", "image", "voice", "mpnews"],
    ),
];

/// Sends a message.
pub(super) fn send(state: &mut State, api: &ApiContext, request: &ApiRequest) -> Result<Value, Refusal> {
    let call = CALLS.iter().find(|(path, ..)| *path == request.path);
    let (_, recipients, source, kinds) =
        *call.ok_or_else(|| Refusal::parameter(format!("there is no call {}", request.path)))?;
    let body = request.json()?;
    let sender = id_of_app(api, "fromuser", filled(&body, "fromuser")?)?;
    accounts::existing(state, sender)?;
    let kind = filled(&body, "msgtype")?;
    if !kinds.contains(&kind) {
        let kinds = kinds.join(", ");
        return Err(Refusal::parameter(format!("this call takes {kinds}, and no {kind}")));
    }
    let content = read_content(state, kind, source, &body)?;
    let users = match recipients {
        Recipients::One => {
            vec![user_id("touser", id_of_app(api, "touser", filled(&body, "touser")?)?)?]
        }
        Recipients::Many => read_users(api, &body)?,
        Recipients::Filtered if !is_to_all(&body) => {
            return Err(Refusal::parameter("filter must be an object, and its is_to_all true"));
        }
        Recipients::All | Recipients::Filtered => {
            return send_all(state, api, sender, content);
        }
    };
    for user in &users {
        state.user(user).map_err(|full| Refusal::parameter(full.to_string()))?;
    }
    let sent = AccountMessage { account: sender.into(), users, content, broadcast: false };
    state.add_from_account(api.clock.now(), sent);
    Ok(Value::Null)
}

/// Sends a message to all followers, once a day (每天一条的群发权限，按自然天计算).
fn send_all(
    state: &mut State,
    api: &ApiContext,
    sender: &str,
    content: ChatContent,
) -> Result<Value, Refusal> {
    let now = api.clock.now();
    let account = accounts::existing(state, sender)?;
    if !account.take_broadcast(now) {
        return Err(Refusal::not_allowed(format!(
            "{sender} has sent to all followers today: one such message a day (Beijing time)"
        )));
    }
    let account = account.clone();
    let users = state.followers(&account);
    state.add_from_account(
        now,
        AccountMessage { account: sender.into(), users, content, broadcast: true },
    );
    let id = format!("{:016x}", rand::random::<u64>());
    Ok(json!({ "errcode": 0, "errmsg": "ok", "msg_id": id }))
}

/// Whether `filter` is there and stands for all followers; `is_to_all` may be missing (默认为 true).
pub(super) fn is_to_all(body: &Value) -> bool {
    let filter = &body["filter"];
    filter.is_object() && matches!(&filter["is_to_all"], Value::Null | Value::Bool(true))
}

/// The id in `id@appkey`; the App Key must be the one that the call is signed for.
fn id_of_app<'i>(api: &ApiContext, name: &str, id: &'i str) -> Result<&'i str, Refusal> {
    match id.rsplit_once('@') {
        Some((id, key)) if key == api.app_key.as_str() && !id.is_empty() => Ok(id),
        Some((id, _)) if !id.is_empty() => {
            Err(Refusal::parameter(format!("{name} {id} is of another App Key than the call's")))
        }
        _ => Err(Refusal::parameter(format!("{name} is not of the form id@appkey"))),
    }
}

/// The users that `touser` lists.
fn read_users(api: &ApiContext, body: &Value) -> Result<Vec<UserId>, Refusal> {
    let user = |user: &Value| {
        let id = user.as_str().ok_or_else(|| Refusal::parameter("touser holds no strings"))?;
        user_id("touser", id_of_app(api, "touser", id)?)
    };
    list(body, "touser", MAX_USERS)?.iter().map(user).collect()
}

/// The content of a message of `kind`, within the limits.
fn read_content(
    state: &State,
    kind: &str,
    source: MediaSource,
    body: &Value,
) -> Result<ChatContent, Refusal> {
    let part = &body[kind];
    if !part.is_object() {
        return Err(Refusal::parameter(format!("{kind} is missing")));
    }
    match kind {
        "text" => read_text(part),
        "image" | "voice" if source == MediaSource::MediaId => read_uploaded(state, kind, part),
        "image" => Ok(ChatContent::Image { url: filled(part, "url")?.to_owned() }),
        "voice" => {
            let url = filled(part, "url")?.to_owned();
            Ok(ChatContent::Voice { seconds: state.uploads.seconds(&url), url })
        }
        "mpnews" => read_mp_news(state, part),
        _ => {
            let cards = list(part, "articles", MAX_ARTICLES)?.iter().map(read_card);
            Ok(ChatContent::News { articles: cards.collect::<Result<_, _>>()? })
        }
    }
}

/// The content of a text message.
pub(super) fn read_text(part: &Value) -> Result<ChatContent, Refusal> {
    let text = filled(part, "content")?;
    if text.len() > MAX_TEXT {
        let length = text.len();
        return Err(Refusal::parameter(format!("content has {length} bytes, more than {MAX_TEXT}")));
    }
    Ok(ChatContent::text(text))
}

/// The content of a message with an uploaded picture or recording.
pub(super) fn read_uploaded(state: &State, kind: &str, part: &Value) -> Result<ChatContent, Refusal> {
    let id = filled(part, "media_id")?;
    let url = Media::path(id);
    match state.uploads.get(id) {
        Some(Media::File { kind: MediaKind::Image, .. }) if kind == "image" => {
            Ok(ChatContent::Image { url })
        }
        Some(Media::File { kind: MediaKind::Voice, .. }) if kind == "voice" => {
            Ok(ChatContent::Voice { seconds: state.uploads.seconds(&url), url })
        }
        _ => Err(Refusal::parameter("invalid media_id")),
    }
}

/// The content of a message with uploaded articles.
pub(super) fn read_mp_news(state: &State, part: &Value) -> Result<ChatContent, Refusal> {
    match state.uploads.get(filled(part, "media_id")?) {
        Some(Media::Articles(cards)) => Ok(ChatContent::MpNews { articles: cards.clone() }),
        _ => Err(Refusal::parameter("invalid media_id")),
    }
}

fn read_card(article: &Value) -> Result<ArticleCard, Refusal> {
    Ok(ArticleCard {
        title: filled(article, "title")?.to_owned(),
        description: read_description(article)?,
        url: optional(article, "url")?,
        picture_url: filled(article, "picurl")?.to_owned(),
    })
}

/// The description of a card, within its limit.
pub(super) fn read_description(article: &Value) -> Result<String, Refusal> {
    let description = optional(article, "description")?;
    let width: usize = description.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    if width > MAX_DESCRIPTION {
        return Err(Refusal::parameter("description is longer than 1000 Chinese characters"));
    }
    Ok(description)
}
