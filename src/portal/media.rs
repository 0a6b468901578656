//! Uploads to the portal: pictures, recordings and articles.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{api::Portal, content::Links};
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

/// Uploads to the portal.
///
/// # Examples
///
/// ```no_run
/// # use rongcloud_callback::portal::Portal;
/// use rongcloud_callback::{portal::Message, protocol::media::MediaKind};
///
/// # async fn example(portal: Portal) -> Result<(), Box<dyn std::error::Error>> {
/// let id = portal.media().upload(MediaKind::Voice, std::fs::read("hello.amr")?.into()).await?;
/// portal.messages().to_users(&"news".into(), &["u1".into()], &Message::Voice(id), None).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Media<'a> {
    portal: &'a Portal,
}

/// An article to be uploaded to the portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedArticle {
    /// The id of the small picture: the answer of an upload of [`MediaKind::Thumb`].
    pub thumb_media_id: MediaId,
    /// The author.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// A summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Whether the picture is shown in the article.
    #[serde(rename = "show_cover_pic", default, with = "flag", skip_serializing_if = "Option::is_none")]
    pub shows_cover: Option<bool>,
    /// The pages behind the article; both must be given.
    #[serde(flatten)]
    pub links: Links,
}

#[derive(Deserialize)]
struct Uploaded {
    #[serde(deserialize_with = "lenient::text")]
    media_id: MediaId,
}

const UPLOAD: &str = "/push/uploadMedia";

impl Portal {
    /// Uploads (上传多媒体文件, 上传图文).
    pub fn media(&self) -> Media<'_> {
        Media { portal: self }
    }
}

impl Media<'_> {
    /// Uploads a picture or a recording.
    ///
    /// `POST …/uploadMedia`, 上传多媒体文件. The file's content decides on its type, not its name.
    ///
    /// # Errors
    ///
    /// [`ClientError::Limit`] or [`ClientError::Media`] for a file that is too large, too long or of another type, or any
    /// other [`ClientError`].
    pub async fn upload(&self, kind: MediaKind, file: Bytes) -> Result<MediaId, ClientError> {
        // The document lists the type as a parameter beside the file, and shows none in the address: it is in both.
        let file = FileUpload::new(kind, file)?.with_field("type", kind.as_str());
        let request = Request::post(UPLOAD).with_parameter("type", kind.as_str()).with_file(file);
        self.portal.call(&request).await.map(|Uploaded { media_id }| media_id)
    }

    /// Uploads 1 to 10 articles as one, to be sent to all followers.
    ///
    /// `POST …/uploadMedia`, 上传图文.
    ///
    /// # Errors
    ///
    /// [`ClientError::Limit`] for none or too many articles, or for one without a link for each kind of device, or any
    /// other [`ClientError`].
    pub async fn upload_news(&self, articles: &[LinkedArticle]) -> Result<MediaId, ClientError> {
        Limit::ARTICLES.check(articles.len())?;
        articles.iter().try_for_each(|article| article.links.check_each())?;
        let request = Request::post(UPLOAD).with_json(&Articles { articles })?;
        self.portal.call(&request).await.map(|Uploaded { media_id }| media_id)
    }
}
