//! Uploads of pictures, recordings and articles: the calls below `/media`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{api::Client, signing::SignaturePlacement};
use crate::{
    http::{
        error::ClientError,
        flag, lenient,
        request::Request,
        uploads::{Articles, FileUpload},
    },
    ids::MediaId,
    protocol::{Limit, media::MediaKind},
};

/// Uploads (素材管理).
///
/// # Examples
///
/// ```no_run
/// # use rongcloud_callback::client::Client;
/// use rongcloud_callback::protocol::{Payload, Source, media::MediaKind};
///
/// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let picture = client.media().upload(MediaKind::Image, std::fs::read("logo.png")?.into()).await?;
/// let payload = Payload::image(Source::MediaId(picture.id));
/// client.messages().to_user(&"news".into(), &"user1".into(), &payload).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Media<'a> {
    client: &'a Client,
}

/// An upload that the platform has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    /// The kind of the upload (`type`): `image`, `voice`, `thumb` or `news`.
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub kind: String,
    /// The id by which messages refer to the upload.
    #[serde(rename = "media_id", deserialize_with = "lenient::text")]
    pub id: MediaId,
    /// The time of the upload, as received; by the examples in seconds since 1970. 0 if the answer has none.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub created_at: i64,
}

/// An article to be uploaded.
///
/// # Format
///
/// The document's JSON: `{"thumb_media_id":"…","content_source_url":"…","show_cover_pic":"1",…}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FullArticle {
    /// The id of the small picture: the answer of an upload of [`MediaKind::Thumb`].
    pub thumb_media_id: MediaId,
    /// The author.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The page behind "read the original" (阅读原文); an `&` in it must be percent-encoded.
    #[serde(rename = "content_source_url")]
    pub source_url: String,
    /// The text, in HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// A summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Whether the picture is shown in the article.
    #[serde(rename = "show_cover_pic", default, with = "flag", skip_serializing_if = "Option::is_none")]
    pub shows_cover: Option<bool>,
}

impl Client {
    /// Uploads (素材管理).
    pub fn media(&self) -> Media<'_> {
        Media { client: self }
    }
}

impl Media<'_> {
    /// Uploads a picture or a recording.
    ///
    /// `POST /media/upload`, 上传多媒体文件. The file's content decides on its type, not its name.
    ///
    /// # Errors
    ///
    /// [`ClientError::Limit`] or [`ClientError::Media`] for a file that is too large, too long or of another type, or any
    /// other [`ClientError`].
    pub async fn upload(&self, kind: MediaKind, file: Bytes) -> Result<Uploaded, ClientError> {
        let file = FileUpload::new(kind, file)?;
        let request =
            Request::post("/media/upload").with_parameter("type", kind.as_str()).with_file(file);
        self.client.call(SignaturePlacement::Query, &request).await
    }

    /// Uploads 1 to 10 articles as one, to be sent to all followers.
    ///
    /// `POST /media/uploadnews`, 上传图文消息素材.
    ///
    /// # Errors
    ///
    /// [`ClientError::Limit`] for none or too many articles, [`ClientError::NotOffered`] for a `source_url` with an `&`
    /// that is not percent-encoded, or any other [`ClientError`].
    pub async fn upload_news(&self, articles: &[FullArticle]) -> Result<Uploaded, ClientError> {
        Limit::ARTICLES.check(articles.len())?;
        // The document asks for a percent-encoded `&` (如内容中含有 & 字符，需要进行 UrlEncode 处理). Encoding it here would
        // encode the addresses of careful callers twice.
        if let Some(article) = articles.iter().find(|article| article.source_url.contains('&')) {
            return Err(ClientError::NotOffered(format!(
                "content_source_url must have %26 for each &, as the platform decodes it: {}",
                article.source_url
            )));
        }
        let request = Request::post("/media/uploadnews").with_json(&Articles { articles })?;
        self.client.call(SignaturePlacement::Query, &request).await
    }
}
