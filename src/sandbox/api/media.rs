//! The upload calls: `/media/upload` and `/media/uploadnews` (素材管理).

use serde_json::{Value, json};

use super::{
    answer::Refusal,
    context::ApiContext,
    fields::{bounded, filled, list, optional},
    request::ApiRequest,
};
use crate::{
    ids::MediaId,
    protocol::media::{self, MediaError, MediaKind},
    sandbox::{content::ArticleCard, state::State, uploads::Media},
};

/// The largest number of articles of one upload (支持 1 到 10 条图文).
const MAX_ARTICLES: usize = 10;

/// Uploads a file (上传多媒体文件).
pub(super) fn upload(
    state: &mut State,
    api: &ApiContext,
    request: &ApiRequest,
) -> Result<Value, Refusal> {
    let (kind, id) = keep_file(state, request)?;
    Ok(json!({ "type": kind.as_str(), "media_id": id, "created_at": api.clock.now().0 / 1000 }))
}

/// Checks the file of a call and keeps it.
pub(super) fn keep_file(
    state: &mut State,
    request: &ApiRequest,
) -> Result<(MediaKind, MediaId), Refusal> {
    let kind = match request.file_type() {
        Some("image") => MediaKind::Image,
        Some("voice") => MediaKind::Voice,
        Some("thumb") => MediaKind::Thumb,
        _ => return Err(Refusal::media_type("invalid type")),
    };
    let bytes = request.file()?.clone();
    let format = media::check(kind, &bytes).map_err(|error| match error {
        MediaError::Limit(limit) => Refusal::parameter(limit.to_string()),
        other => Refusal::media_type(other.to_string()),
    })?;
    Ok((kind, state.uploads.add(Media::File { kind, format, bytes })))
}

/// Uploads articles (上传图文消息素材).
pub(super) fn upload_news(
    state: &mut State,
    api: &ApiContext,
    request: &ApiRequest,
) -> Result<Value, Refusal> {
    let id =
        keep_articles(state, request, |article| Ok(filled(article, "content_source_url")?.to_owned()))?;
    Ok(json!({ "type": "news", "media_id": id, "created_at": api.clock.now().0 / 1000 }))
}

/// Checks the articles of a call and keeps them; `link` gives the page that an article opens.
pub(super) fn keep_articles(
    state: &mut State,
    request: &ApiRequest,
    link: impl Fn(&Value) -> Result<String, Refusal>,
) -> Result<MediaId, Refusal> {
    let body = request.json()?;
    let card = |article: &Value| {
        let thumb = filled(article, "thumb_media_id")?;
        if !matches!(state.uploads.get(thumb), Some(Media::File { kind: MediaKind::Thumb, .. })) {
            return Err(Refusal::parameter("invalid media_id: thumb_media_id is no uploaded thumb"));
        }
        if !matches!(optional(article, "show_cover_pic")?.as_str(), "" | "0" | "1") {
            return Err(Refusal::parameter("show_cover_pic is neither \"0\" nor \"1\""));
        }
        for name in ["author", "content"] {
            optional(article, name)?;
        }
        Ok(ArticleCard {
            title: bounded("title", &optional(article, "title")?)?.to_owned(),
            description: bounded("digest", &optional(article, "digest")?)?.to_owned(),
            url: bounded("the link", &link(article)?)?.to_owned(),
            picture_url: Media::path(thumb),
        })
    };
    let cards: Vec<ArticleCard> =
        list(&body, "articles", MAX_ARTICLES)?.iter().map(card).collect::<Result<_, _>>()?;
    Ok(state.uploads.add(Media::Articles(cards)))
}
