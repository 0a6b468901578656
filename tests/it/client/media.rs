//! Uploads: signatures in the address, and checks before anything is sent.

use rongcloud_callback::{
    client::{ClientError, FullArticle},
    protocol::media::{MediaError, MediaKind},
};
use wiremock::Request;

use super::support::{APP, Api, assert_signed, check_error, json};
use crate::fixtures::fixture;

const FILE: &str = "rongcloud/素材管理/上传多媒体文件";
const NEWS: &str = "rongcloud/素材管理/上传图文消息素材";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest of the picture";

fn query(request: &Request) -> Vec<(String, String)> {
    request.url.query_pairs().into_owned().collect()
}

/// The names of the query's parameters in the document's own address, in order.
fn documented(folder: &str) -> Vec<String> {
    let url = fixture(&format!("{folder}/request.url"));
    let (_, query) = url.trim().split_once('?').unwrap();
    query.split('&').map(|pair| pair.split_once('=').unwrap().0.to_owned()).collect()
}

fn assert_signed_query(request: &Request, folder: &str, path: &str) {
    assert_eq!((request.method.as_str(), request.url.path()), ("POST", path));
    let query = query(request);
    assert_signed(APP, |name| {
        assert!(!request.headers.contains_key(name), "{name} is in the address only");
        query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    });
    let (mut names, mut expected): (Vec<_>, _) =
        (query.into_iter().map(|(name, _)| name).collect(), documented(folder));
    names.sort();
    expected.sort();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_picture_is_uploaded_as_the_part_called_file() {
    let api = Api::answering(200, &fixture(&format!("{FILE}/response.json"))).await;
    let uploaded = api.client.media().upload(MediaKind::Image, PNG.into()).await.unwrap();
    assert_eq!(
        serde_json::to_value(&uploaded).unwrap(),
        json(fixture(&format!("{FILE}/response.json")).as_bytes())
    );
    assert_eq!(uploaded.id.as_str(), "12344343252");

    let request = api.request().await;
    assert_signed_query(&request, FILE, "/media/upload");
    assert!(query(&request).contains(&("type".into(), "image".into())));
    let kind = request.headers["content-type"].to_str().unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = String::from_utf8_lossy(&request.body);
    let (begin, rest) = body.split_once("\r\n\r\n").unwrap();
    assert!(begin.starts_with(&format!("--{boundary}\r\n")), "{begin}");
    assert!(
        begin.contains(r#"Content-Disposition: form-data; name="file"; filename="image.png""#),
        "{begin}"
    );
    assert!(begin.contains("content-type: image/png"), "what it is by content: {begin}");
    assert_eq!(rest, format!("{}\r\n--{boundary}--\r\n", String::from_utf8_lossy(PNG)));

    check_error(&format!("{FILE}/error.json"), async |client| {
        client.media().upload(MediaKind::Image, PNG.into()).await
    })
    .await;
}

#[tokio::test]
async fn articles_are_uploaded() {
    let response = fixture(&format!("{NEWS}/response.json"));
    let api = Api::answering(200, &response).await;
    let article = |thumb: &str, author: &str, title: &str, shows_cover| FullArticle {
        thumb_media_id: thumb.into(),
        author: Some(author.into()),
        title: Some(title.into()),
        source_url: "www.rongcloud.com".into(),
        content: Some("content".into()),
        digest: Some("digest".into()),
        shows_cover: Some(shows_cover),
    };
    let articles = [
        article("sdflsdfjxcl324324sdfsdlfsd", "yyuy", "Happy ", true),
        article(" sdflsdfjxcl324324sdfsdlfsdasdfsdf", "yy", "Happy", false),
    ];
    let uploaded = api.client.media().upload_news(&articles).await.unwrap();
    assert_eq!(serde_json::to_value(&uploaded).unwrap(), json(response.as_bytes()));

    let request = api.request().await;
    assert_signed_query(&request, NEWS, "/media/uploadnews");
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(json(&request.body), json(fixture(&format!("{NEWS}/request.json")).as_bytes()));

    for (count, taken) in [(0, false), (10, true), (11, false)] {
        let result = api.client.media().upload_news(&vec![articles[0].clone(); count]).await;
        assert_eq!(result.is_ok(), taken, "{count} articles: {result:?}");
    }
    assert_eq!(api.requests().await.len(), 2);
}

#[tokio::test]
async fn what_is_not_given_is_not_sent() {
    let api = Api::answering(200, &fixture(&format!("{NEWS}/response.json"))).await;
    let bare = FullArticle {
        thumb_media_id: "t".into(),
        author: None,
        title: None,
        source_url: "s".into(),
        content: None,
        digest: None,
        shows_cover: None,
    };
    api.client.media().upload_news(&[bare]).await.unwrap();
    let body = json(&api.request().await.body);
    assert_eq!(body, json(br#"{"articles":[{"content_source_url":"s","thumb_media_id":"t"}]}"#));
}

#[tokio::test]
async fn a_bare_ampersand_in_the_source_s_address_is_refused() {
    let api = Api::answering(200, &fixture(&format!("{NEWS}/response.json"))).await;
    let article = |source: &str| FullArticle {
        thumb_media_id: "t".into(),
        author: None,
        title: None,
        source_url: source.into(),
        content: None,
        digest: None,
        shows_cover: None,
    };
    let error = api.client.media().upload_news(&[article("http://a/?x=1&y=2")]).await.unwrap_err();
    assert!(!error.is_retryable() && error.to_string().contains("%26"), "{error}");
    assert_eq!(api.requests().await.len(), 0);
    api.client.media().upload_news(&[article("http://a/?x=1%26y=2")]).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_not_what_it_must_be_is_never_sent() {
    let api = Api::answering(200, "{}").await;
    let media = api.client.media();
    let error = media.upload(MediaKind::Image, "a text called picture.jpg".into()).await.unwrap_err();
    assert!(matches!(error, ClientError::Media(MediaError::Format { .. })), "{error:?}");
    assert_eq!(
        error.to_string(),
        "image must be JPEG or PNG, by its content and whatever its name; this file is not"
    );

    let error = media.upload(MediaKind::Voice, "#!AMR\n\u{4}cut".into()).await.unwrap_err();
    assert!(matches!(error, ClientError::Media(MediaError::Broken { at: 6 })), "{error:?}");

    let mut large = b"\xff\xd8\xff".to_vec();
    large.resize((20 << 10) + 1, 0);
    let error = media.upload(MediaKind::Thumb, large.into()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the thumb is 20481 bytes large; the platform takes at most 20480: make it smaller"
    );
    assert!(matches!(error, ClientError::Limit(_)) && !error.is_retryable());
    assert_eq!(api.requests().await.len(), 0);
}
