//! `media`: both uploads, to the platform and to the portal.

use std::{fs, path::PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    calls::{OK, assert_signed, run},
    help::help,
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

    let articles =
        r#"[{"thumb_media_id":"t","title":"h","show_cover_pic":"0","pcUrl":"p","appUrl":"a"}]"#;
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
    let (folder, path) = file("news.json", br#"{"articles":[{"title":"t"}]}"#);
    let errors = run(200, OK, &["media", "upload-news", path.to_str().unwrap()]).await.failed();
    insta::assert_snapshot!(errors.replace(folder.path().to_str().unwrap(), "…"), @r#"
    error: …/news.json does not hold what is to be sent
    caused by: missing field `thumb_media_id`
    hint: write {"articles":[{"thumb_media_id":"…","title":"…","content":"…","content_source_url":"…"}]}
    exit code 1
    "#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "snapshots")]
fn it_explains_itself() {
    insta::assert_snapshot!(help(&["media"]), @r#"
    Uploads pictures, recordings and articles

    Usage: rongcloud-callback media [OPTIONS] <COMMAND>

    Commands:
      upload       Uploads a picture or a recording; its content decides what it is, not its name
      upload-news  Uploads 1 to 10 articles as one, to be sent to all followers with `send --mpnews`
      help         Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')

    For every call:
          --app <KEY>
              The app (App Key) to do it for; not needed where there is one

          --json
              Prints JSON, for scripts

          --dry-run
              Prints the request, with its secrets masked, instead of sending it

          --portal
              Through the app's portal ([apps.portal]): its uploads and the platform's are not the same
    "#);
    insta::assert_snapshot!(help(&["media", "upload"]), @r#"
    Uploads a picture or a recording; its content decides what it is, not its name

    Usage: rongcloud-callback media upload [OPTIONS] <KIND> <FILE>

    Arguments:
      <KIND>
              What it is to be used as

              Possible values:
              - image: JPEG or PNG, at most 2 MiB
              - voice: AMR, at most 60 KiB and 60 s
              - thumb: The small picture of an article: JPEG or PNG, at most 20 KiB

      <FILE>
              The file, - for standard input

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')

    For every call:
          --app <KEY>
              The app (App Key) to do it for; not needed where there is one

          --json
              Prints JSON, for scripts

          --dry-run
              Prints the request, with its secrets masked, instead of sending it

          --portal
              Through the app's portal ([apps.portal]): its uploads and the platform's are not the same
    "#);
    insta::assert_snapshot!(help(&["media", "upload-news"]), @r#"
    Uploads 1 to 10 articles as one, to be sent to all followers with `send --mpnews`

    Usage: rongcloud-callback media upload-news [OPTIONS] <FILE>

    Arguments:
      <FILE>
              A JSON file with the documents' {"articles":[…]}, - for standard input

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')

    For every call:
          --app <KEY>
              The app (App Key) to do it for; not needed where there is one

          --json
              Prints JSON, for scripts

          --dry-run
              Prints the request, with its secrets masked, instead of sending it

          --portal
              Through the app's portal ([apps.portal]): its uploads and the platform's are not the same
    "#);
}
