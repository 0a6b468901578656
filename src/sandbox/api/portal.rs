//! The portal push API: `/interface/{ecode}/api/push/…` (应用服务号推送), with a token instead of a signature.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{
    Refusal, accounts,
    asked::{Asked, filled, list, optional, user_id},
    media, messages,
};
use crate::{
    ids::UserId,
    sandbox::{
        Card,
        content::Content,
        platform::Platform,
        state::{Sent, State},
    },
};

/// Most cards of one message (最多为 10 条图文).
const MOST_ARTICLES: usize = 10;

pub(super) fn check_token(platform: &Platform, asked: &Asked) -> Result<(), Refusal> {
    let token = asked.query.get("access_token").unwrap_or_default();
    let expected = platform.portal_token.expose_secret();
    if bool::from(expected.as_bytes().ct_eq(token.as_bytes())) {
        return Ok(());
    }
    Err(Refusal::signature("the access_token is missing, wrong or expired"))
}

pub(super) fn call(state: &mut State, platform: &Platform, asked: &Asked) -> Result<Value, Refusal> {
    let call = asked.path.splitn(4, '/').nth(3).and_then(|rest| rest.strip_prefix("api/push/"));
    match call {
        Some("uploadMedia") => upload(state, asked),
        Some("send") => send(state, platform, asked),
        Some("mass/send") => send_all(state, platform, asked),
        _ => Err(Refusal::parameter(format!("there is no call {}", asked.path))),
    }
}

/// One path for files (上传多媒体文件) and articles (上传图文).
fn upload(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let id = if asked.has_file() {
        media::file(state, asked)?.1
    } else {
        media::articles(state, asked, link)?
    };
    Ok(json!({ "media_id": id }))
}

/// To one or several users, separated by commas.
fn send(state: &mut State, platform: &Platform, asked: &Asked) -> Result<Value, Refusal> {
    let body = asked.json()?;
    let account = filled(&body, "channelId")?;
    accounts::existing(state, account)?;
    let users = filled(&body, "toUserId")?.split(',').map(|id| user_id("toUserId", id));
    let users: Vec<UserId> = users.collect::<Result<_, _>>()?;
    let content = content(state, &body, "news")?;
    for user in &users {
        state.user(user).map_err(|full| Refusal::parameter(full.to_string()))?;
    }
    let sent = Sent { account: account.into(), users, content, broadcast: false };
    state.add_from_account(platform.clock.now(), sent);
    Ok(Value::Null)
}

/// To all; this document knows no limit a day.
fn send_all(state: &mut State, platform: &Platform, asked: &Asked) -> Result<Value, Refusal> {
    let body = asked.json()?;
    let id = filled(&body, "channelId")?;
    // The table says string, the sample has a boolean.
    if !messages::is_to_all(&body) && body["filter"]["is_to_all"] != "true" {
        return Err(Refusal::parameter("filter must be an object, and its is_to_all true"));
    }
    let account = accounts::existing(state, id)?.clone();
    let content = content(state, &body, "mpnews")?;
    let users = state.followers(&account);
    let sent = Sent { account: id.into(), users, content, broadcast: true };
    state.add_from_account(platform.clock.now(), sent);
    Ok(Value::Null)
}

/// What the message says; besides text, pictures and recordings a call takes `cards`: `news` or `mpnews`.
fn content(state: &State, body: &Value, cards: &str) -> Result<Content, Refusal> {
    let kind = filled(body, "msgtype")?;
    let part = &body[kind];
    match kind {
        "text" => messages::text(part),
        "image" | "voice" => messages::stored(state, kind, part),
        "mpnews" if kind == cards => messages::mp_news(state, part),
        "news" if kind == cards => {
            let cards = list(part, "articles", MOST_ARTICLES)?.iter().map(card);
            Ok(Content::News { articles: cards.collect::<Result<_, _>>()? })
        }
        _ => Err(Refusal::parameter(format!("this call takes text, image, voice and {cards}"))),
    }
}

/// The table writes `picUrl`, the sample `picurl`.
fn card(article: &Value) -> Result<Card, Refusal> {
    filled(article, "description")?;
    Ok(Card {
        title: filled(article, "title")?.to_owned(),
        description: messages::description(article)?,
        url: link(article)?,
        picture_url: filled(article, "picUrl").or_else(|_| filled(article, "picurl"))?.to_owned(),
    })
}

/// Where an article leads: on a phone, or else on a PC; one of the two must be there.
fn link(article: &Value) -> Result<String, Refusal> {
    let (app, pc) = (optional(article, "appUrl")?, optional(article, "pcUrl")?);
    match (app.is_empty(), pc.is_empty()) {
        (true, true) => Err(Refusal::parameter("pcUrl and appUrl are both empty")),
        (true, false) => Ok(pc),
        _ => Ok(app),
    }
}
