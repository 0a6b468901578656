//! The calls of the portal push API: `/interface/{ecode}/api/push/…` (应用服务号推送).

use serde_json::{Value, json};

use super::{
    accounts,
    answer::Refusal,
    context::ApiContext,
    fields::{filled, list, optional, user_id},
    media, messages,
    request::ApiRequest,
};
use crate::{
    ids::UserId,
    sandbox::{
        content::{ArticleCard, ChatContent},
        state::{AccountMessage, State},
    },
};

/// The largest number of cards of one message (最多为 10 条图文).
const MAX_ARTICLES: usize = 10;

/// Carries out the call that the path names.
pub(super) fn call(state: &mut State, api: &ApiContext, request: &ApiRequest) -> Result<Value, Refusal> {
    let call = request.path.splitn(4, '/').nth(3).and_then(|rest| rest.strip_prefix("api/push/"));
    match call {
        Some("uploadMedia") => upload(state, request),
        Some("send") => send(state, api, request),
        Some("mass/send") => send_all(state, api, request),
        _ => Err(Refusal::parameter(format!("there is no call {}", request.path))),
    }
}

/// Uploads a file (上传多媒体文件) or articles (上传图文), which share one path.
fn upload(state: &mut State, request: &ApiRequest) -> Result<Value, Refusal> {
    let id = if request.has_file() {
        media::keep_file(state, request)?.1
    } else {
        media::keep_articles(state, request, read_link)?
    };
    Ok(json!({ "media_id": id }))
}

/// Sends a message to one or several users, separated by commas.
fn send(state: &mut State, api: &ApiContext, request: &ApiRequest) -> Result<Value, Refusal> {
    let body = request.json()?;
    let account = filled(&body, "channelId")?;
    accounts::existing(state, account)?;
    let users = filled(&body, "toUserId")?.split(',').map(|id| user_id("toUserId", id));
    let users: Vec<UserId> = users.collect::<Result<_, _>>()?;
    let content = read_content(state, &body, "news")?;
    for user in &users {
        state.user(user).map_err(|full| Refusal::parameter(full.to_string()))?;
    }
    let sent = AccountMessage { account: account.into(), users, content, broadcast: false };
    state.add_from_account(api.clock.now(), sent);
    Ok(Value::Null)
}

/// Sends a message to all followers; this document has no limit a day.
fn send_all(state: &mut State, api: &ApiContext, request: &ApiRequest) -> Result<Value, Refusal> {
    let body = request.json()?;
    let id = filled(&body, "channelId")?;
    // The document's table says string, its sample has a boolean.
    if !messages::is_to_all(&body) && body["filter"]["is_to_all"] != "true" {
        return Err(Refusal::parameter("filter must be an object, and its is_to_all true"));
    }
    let account = accounts::existing(state, id)?.clone();
    let content = read_content(state, &body, "mpnews")?;
    let users = state.followers(&account);
    let sent = AccountMessage { account: id.into(), users, content, broadcast: true };
    state.add_from_account(api.clock.now(), sent);
    Ok(Value::Null)
}

/// The content of a message. Besides text, pictures and recordings a call takes `cards`, which is `news` or `mpnews`.
fn read_content(state: &State, body: &Value, cards: &str) -> Result<ChatContent, Refusal> {
    let kind = filled(body, "msgtype")?;
    let part = &body[kind];
    match kind {
        "text" => messages::read_text(part),
        "image" | "voice" => messages::read_uploaded(state, kind, part),
        "mpnews" if kind == cards => messages::read_mp_news(state, part),
        "news" if kind == cards => {
            let cards = list(part, "articles", MAX_ARTICLES)?.iter().map(read_card);
            Ok(ChatContent::News { articles: cards.collect::<Result<_, _>>()? })
        }
        _ => Err(Refusal::parameter(format!("this call takes text, image, voice and {cards}"))),
    }
}

/// A card; the document's table writes `picUrl`, its sample `picurl`.
fn read_card(article: &Value) -> Result<ArticleCard, Refusal> {
    filled(article, "description")?;
    Ok(ArticleCard {
        title: filled(article, "title")?.to_owned(),
        description: messages::read_description(article)?,
        url: read_link(article)?,
        picture_url: filled(article, "picUrl").or_else(|_| filled(article, "picurl"))?.to_owned(),
    })
}

/// The page that an article opens: on a phone, or else on a PC; one of the two must be there.
fn read_link(article: &Value) -> Result<String, Refusal> {
    let (app, pc) = (optional(article, "appUrl")?, optional(article, "pcUrl")?);
    match (app.is_empty(), pc.is_empty()) {
        (true, true) => Err(Refusal::parameter("pcUrl and appUrl are both empty")),
        (true, false) => Ok(pc),
        _ => Ok(app),
    }
}
