//! The upload calls: `/media/upload` and `/media/uploadnews` (素材管理).

use serde_json::{Value, json};

use super::{
    Refusal,
    asked::{Asked, filled, list, optional, short},
};
use crate::{
    ids::MediaId,
    protocol::media::{self, MediaError, MediaKind},
    sandbox::{Card, platform::Platform, state::State, uploads::Uploaded},
};

/// Most articles of one upload (支持 1 到 10 条图文).
const MOST_ARTICLES: usize = 10;

/// Takes a file (上传多媒体文件).
pub(super) fn upload(state: &mut State, platform: &Platform, asked: &Asked) -> Result<Value, Refusal> {
    let (kind, id) = file(state, asked)?;
    Ok(json!({ "type": kind.as_str(), "media_id": id, "created_at": platform.clock.now().0 / 1000 }))
}

/// Checks the file of a call and keeps it.
pub(super) fn file(state: &mut State, asked: &Asked) -> Result<(MediaKind, MediaId), Refusal> {
    let kind = match asked.file_type() {
        Some("image") => MediaKind::Image,
        Some("voice") => MediaKind::Voice,
        Some("thumb") => MediaKind::Thumb,
        _ => return Err(Refusal::media_type("invalid type")),
    };
    let bytes = asked.file()?.clone();
    let format = media::check(kind, &bytes).map_err(|error| match error {
        MediaError::Limit(limit) => Refusal::parameter(limit.to_string()),
        other => Refusal::media_type(other.to_string()),
    })?;
    Ok((kind, state.uploads.add(Uploaded::File { kind, format, bytes })))
}

/// Takes articles (上传图文消息素材).
pub(super) fn upload_news(
    state: &mut State,
    platform: &Platform,
    asked: &Asked,
) -> Result<Value, Refusal> {
    let id = articles(state, asked, |article| Ok(filled(article, "content_source_url")?.to_owned()))?;
    Ok(json!({ "type": "news", "media_id": id, "created_at": platform.clock.now().0 / 1000 }))
}

/// Checks the articles of a call and keeps them; `link` says where one leads.
pub(super) fn articles(
    state: &mut State,
    asked: &Asked,
    link: impl Fn(&Value) -> Result<String, Refusal>,
) -> Result<MediaId, Refusal> {
    let body = asked.json()?;
    let card = |article: &Value| {
        let thumb = filled(article, "thumb_media_id")?;
        if !matches!(state.uploads.get(thumb), Some(Uploaded::File { kind: MediaKind::Thumb, .. })) {
            return Err(Refusal::parameter("invalid media_id: thumb_media_id is no uploaded thumb"));
        }
        if !matches!(optional(article, "show_cover_pic")?.as_str(), "" | "0" | "1") {
            return Err(Refusal::parameter("show_cover_pic is neither \"0\" nor \"1\""));
        }
        for name in ["author", "content"] {
            optional(article, name)?;
        }
        Ok(Card {
            title: short("title", &optional(article, "title")?)?.to_owned(),
            description: short("digest", &optional(article, "digest")?)?.to_owned(),
            url: short("the link", &link(article)?)?.to_owned(),
            picture_url: Uploaded::path(thumb),
        })
    };
    let cards: Vec<Card> =
        list(&body, "articles", MOST_ARTICLES)?.iter().map(card).collect::<Result<_, _>>()?;
    Ok(state.uploads.add(Uploaded::Articles(cards)))
}
