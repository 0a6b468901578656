//! The commands of `media`: both uploads, to the platform and to the portal.

use std::{fs, path::PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    calls::{OK, assert_signed, run},
    portal::run_portal,
};
use crate::{client::support::json, fixtures::fixture};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest of the picture";

/// A folder with one file.
fn file(name: &str, content: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_uploaded() {
    let answer = fixture("rongcloud/素材管理/上传多媒体文件/response.json");
    let (_folder, path) = file("logo", PNG);
    let upload = ["media", "upload", "image", path.to_str().unwrap()];
    let done = run(200, &answer, &upload).await;
    assert_eq!(done.output, "uploaded as 12344343252\n");
    let request = done.request();
    assert_eq!((request.method.as_str(), request.url.path()), ("POST", "/media/upload"));
    let part = |name: &str| {
        request.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    assert_signed("test-app", part);
    assert_eq!(part("type").as_deref(), Some("image"));
    assert!(String::from_utf8_lossy(&request.body).contains("rest of the picture"));

    let done = run(200, &answer, &[&upload[..], &["--json"]].concat()).await;
    assert_eq!(json(done.output.as_bytes()), json(answer.as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn articles_are_uploaded() {
    let example = fixture("rongcloud/素材管理/上传图文消息素材/request.json");
    let answer = fixture("rongcloud/素材管理/上传图文消息素材/response.json");
    let (_folder, path) = file("news.json", example.as_bytes());
    let request = run(200, &answer, &["media", "upload-news", path.to_str().unwrap()]).await.request();
    assert_eq!((request.method.as_str(), request.url.path()), ("POST", "/media/uploadnews"));
    assert_eq!(json(&request.body), json(example.as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portal_takes_uploads_too() {
    let answer = fixture("portal/上传多媒体文件/response.json");
    let (_folder, path) = file("logo", PNG);
    let upload = ["media", "upload", "thumb", path.to_str().unwrap(), "--portal", "--json"];
    let done = run_portal(200, &answer, &upload).await;
    let uploaded: Value = serde_json::from_str(&done.output).unwrap();
    assert_eq!(uploaded["media_id"], "7c66ce5a59fb4d608a04d49a535a564d");
    let request = done.request();
    assert_eq!(request.url.path(), "/interface/acme/api/push/uploadMedia");
    assert_eq!(request.url.query(), Some("type=thumb&access_token=t0ken"));

    let articles = r#"[{"thumb_media_id":"t","title":"h","show_cover_pic":"0","pcUrl":"http://p","appUrl":"http://a"}]"#;
    let (_folder, path) = file("news.json", articles.as_bytes());
    let upload = ["media", "upload-news", path.to_str().unwrap(), "--portal"];
    let request = run_portal(200, &answer, &upload).await.request();
    assert_eq!(json(&request.body)["articles"], json(articles.as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_uploaded_is_told_of_before_anything_is_sent() {
    let (_folder, path) = file("text.jpg", b"a text");
    let done = run(200, OK, &["media", "upload", "image", path.to_str().unwrap()]).await;
    assert_eq!(done.requests.len(), 0);
    insta::assert_snapshot!(done.failed(), @r#"
    error: image must be JPEG or PNG, by its content and whatever its name; this file is not
    hint: nothing was sent: convert the file, or upload it as another kind
    exit code 1
    "#);
    let done = run(200, OK, &["media", "upload", "voice", "nowhere.amr"]).await;
    insta::assert_snapshot!(done.failed(), @r#"
    error: cannot read nowhere.amr
    caused by: No such file or directory (os error 2)
    hint: name a file that exists, or - for standard input
    exit code 1
    "#);
    for (address, why) in [
        ("ftp://a/b", "the content_source_url ftp://a/b in …/news.json is no address: "),
        ("http://a/?x=1&y=2", "so write http://a/?x=1%26y=2"),
    ] {
        let article = format!(r#"[{{"thumb_media_id":"t","content_source_url":"{address}"}}]"#);
        let (folder, path) = file("news.json", article.as_bytes());
        let done = run(200, OK, &["media", "upload-news", path.to_str().unwrap()]).await;
        assert_eq!((done.code, done.requests.len()), (Some(1), 0));
        let errors = done.failed().replace(folder.path().to_str().unwrap(), "…");
        assert!(errors.contains(why), "{errors}");
    }
    let article = r#"[{"thumb_media_id":"t","pcUrl":"http://p","appUrl":"a"}]"#;
    let (_folder, path) = file("news.json", article.as_bytes());
    let upload = ["media", "upload-news", path.to_str().unwrap(), "--portal"];
    let failed = run_portal(200, OK, &upload).await.failed();
    assert!(failed.contains("the appUrl a in"), "{failed}");
    let (folder, path) = file("news.json", br#"{"articles":[{"title":"t"}]}"#);
    let errors = run(200, OK, &["media", "upload-news", path.to_str().unwrap()]).await.failed();
    insta::assert_snapshot!(errors.replace(folder.path().to_str().unwrap(), "…"), @r#"
    error: …/news.json does not hold what is to be sent
    caused by: missing field `thumb_media_id`
    hint: write {"articles":[{"thumb_media_id":"…","title":"…","content":"…","content_source_url":"…"}]}
    exit code 1
    "#);
}
