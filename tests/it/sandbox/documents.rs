//! The documents' requests, verbatim except for ids that only the platform can give: each gets the documented answer.

use rongcloud_callback::sandbox::Sandbox;
use serde_json::{Value, json};

use super::{ask, call, json, sandbox, signed};
use crate::{
    fixtures::{HttpExample, fixture, names},
    support::http::Answer,
};

const PICTURE: &[u8] = b"\xff\xd8\xff\xe0 a picture";
const VOICE: &[u8] = b"#!AMR\n\x7c\x7c";

/// The names and types of an answer's fields; null stands for any type.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect()
        }
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("flag"),
        Value::Array(_) => json!("list"),
        Value::Null => Value::Null,
    }
}

/// Uploads a file with the four parts of the signature in the query; returns its id.
pub(super) async fn upload(sandbox: &Sandbox, path: &str, kind: &str, file: &[u8]) -> Answer {
    let mut query = format!("type={kind}");
    for (name, value) in signed(sandbox) {
        query.extend(["&", name, "=", &value]);
    }
    multipart(sandbox, &format!("{path}?{query}"), file).await
}

pub(super) async fn multipart(sandbox: &Sandbox, target: &str, file: &[u8]) -> Answer {
    let head = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n";
    let body = [head.as_bytes(), file, b"\r\n--b--\r\n"].concat();
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    ask(sandbox.local_addr(), &format!("POST {target}"), &kind, body).await
}

async fn media_id(sandbox: &Sandbox, kind: &str) -> String {
    let file = if kind == "voice" { VOICE } else { PICTURE };
    let answer = json(&upload(sandbox, "/media/upload", kind, file).await);
    answer["media_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Uploads the documents' articles; the pictures that they name are uploaded before.
async fn news_id(sandbox: &Sandbox) -> Answer {
    let thumb = media_id(sandbox, "thumb").await;
    let mut body: Value =
        serde_json::from_str(&fixture("rongcloud/素材管理/上传图文消息素材/request.json")).unwrap();
    for article in body["articles"].as_array_mut().unwrap() {
        article["thumb_media_id"] = json!(thumb);
    }
    let query: Vec<_> = signed(sandbox).map(|(name, value)| format!("{name}={value}")).into();
    let line = format!("POST /media/uploadnews?{}", query.join("&"));
    let kind = [("content-type", "application/json")];
    ask(sandbox.local_addr(), &line, &kind, body.to_string()).await
}

/// Creates an account as in the document's example, with another id.
pub(super) async fn add(sandbox: &Sandbox, id: &str) {
    let example = HttpExample::read("rongcloud/应用公众号设置/创建应用公众号/request.http");
    let body = own(&example.body).replace("testmcid1", id);
    let answer = call(sandbox, "/mc/add.json", &body).await;
    assert_eq!(json(&answer)["info"]["mcid"], id);
}

async fn menu_id(sandbox: &Sandbox) -> String {
    let body = "type=0&name=x&level=1&mcid=whtest";
    let answer = json(&call(sandbox, "/mc/menu/refresh.json", body).await);
    answer["info"]["menuId"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// The request with one App Key: the documents mix three within one request, of which only one can be the caller's.
fn own(body: &str) -> String {
    body.replace("x18ywvq83onzm", "uwd1c0sxdlx2").replace("0vnjpoanq0ymg", "uwd1c0sxdlx2")
}

/// Creates the objects that the example names, and puts their ids into it.
async fn prepared(sandbox: &Sandbox, example: &HttpExample) -> String {
    for account in ["testmcid0", "whtest", "mcid001", "app.public.server112"] {
        add(sandbox, account).await;
    }
    let mut body = own(&example.body);
    for id in [
        "432531b2155040c0a425bd5962f7ec67",
        "183f47fac3f745cdb3dda0ce9b197f90",
        "b9454156343e40e49431c899efc060ca",
        "6ce0d22381b2413eb3a59b3ec755c1c3",
        "1cc6939e54ec4b128b96ba41ba9f170e",
    ] {
        if body.contains(id) {
            body = body.replace(id, &menu_id(sandbox).await);
        }
    }
    for kind in ["image", "voice", "mpnews"] {
        if body.contains("media_id") && body.contains(&format!("\"msgtype\":\"{kind}\"")) {
            let id = match kind {
                "mpnews" => json(&news_id(sandbox).await)["media_id"].as_str().unwrap().to_owned(),
                kind => media_id(sandbox, kind).await,
            };
            body = body.replace("123434343443", &id).replace("123dsdajkasd231jhksad", &id);
        }
    }
    body
}

/// The examples of calls, without the one that explains the signature with a call that no document describes.
fn requests() -> Vec<String> {
    let mut names = names("/request.http");
    names.retain(|name| !name.contains("签名生成代码示例"));
    assert!(names.len() >= 25, "{names:?}");
    names
}

#[tokio::test]
async fn each_documented_request_gets_the_documented_answer() {
    for name in requests() {
        let sandbox = sandbox().await;
        let example = HttpExample::read(&name);
        let body = prepared(&sandbox, &example).await;
        let answer = call(&sandbox, &example.path, &body).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        let documented = fixture(&name.replace("request.http", "response.json"));
        let documented: Value = serde_json::from_str(&documented).unwrap();
        assert_eq!(shape(&json(&answer)), shape(&documented), "{name}: {}", answer.body);
        assert!(sandbox.calls().last().unwrap().refused.is_none());
    }
}

#[tokio::test]
async fn each_documented_request_about_what_is_not_there_gets_the_documented_error() {
    let sandbox = sandbox().await;
    for name in requests() {
        let error = name.replace("request.http", "error.json");
        if name.contains("/创建应用公众号/") || !names("/error.json").contains(&error) {
            continue;
        }
        let example = HttpExample::read(&name);
        let answer = json(&call(&sandbox, &example.path, &own(&example.body)).await);
        let documented: Value = serde_json::from_str(&fixture(&error)).unwrap();
        assert_eq!(shape(&answer), shape(&documented), "{name}");
        assert_eq!(answer["errcode"], documented["errcode"], "{name}: {answer}");
    }
}

#[tokio::test]
async fn uploads_are_answered_as_documented() {
    let sandbox = sandbox().await;
    let documented = |name: &str| -> Value { serde_json::from_str(&fixture(name)).unwrap() };
    let file = json(&upload(&sandbox, "/media/upload", "image", PICTURE).await);
    assert_eq!(shape(&file), shape(&documented("rongcloud/素材管理/上传多媒体文件/response.json")));
    let news = json(&news_id(&sandbox).await);
    assert_eq!(shape(&news), shape(&documented("rongcloud/素材管理/上传图文消息素材/response.json")));
    assert_eq!((&file["type"], &news["type"]), (&json!("image"), &json!("news")));
    let wrong = json(&upload(&sandbox, "/media/upload", "video", PICTURE).await);
    assert_eq!(wrong["errcode"], documented("rongcloud/素材管理/上传多媒体文件/error.json")["errcode"]);
}

#[tokio::test]
async fn the_portal_s_documented_requests_are_answered_with_code_200() {
    let sandbox = sandbox().await;
    add(&sandbox, "fingersoft").await;
    let token = sandbox.portal_token();
    let target = |call: &str| format!("/interface/acme/api/push/{call}access_token={token}");
    let (voice, image) = (media_id(&sandbox, "voice").await, media_id(&sandbox, "image").await);
    for name in names("/request.json").iter().filter(|name| name.starts_with("portal/")) {
        let call = if name.contains("群发") { "mass/send?" } else { "send?" };
        let body = fixture(name);
        let id = if body.contains("\"voice\"") { &voice } else { &image };
        let body = [
            "36e66fd93a094822bda640eb60e15dca",
            "c292053a15ed42e88f8f203e9eb3929a",
            "123dsdajkasd231jhksad",
        ]
        .iter()
        .fold(body, |body, sample| body.replace(sample, id));
        let kind = [("content-type", "application/json")];
        let line = format!("POST {}", target(call));
        let answer = json(&ask(sandbox.local_addr(), &line, &kind, body).await);
        assert_eq!((&answer["code"], &answer["msg"]), (&json!(200), &json!("")), "{name}: {answer}");
    }
    let answer = json(&multipart(&sandbox, &target("uploadMedia?type=image&"), PICTURE).await);
    let documented: Value =
        serde_json::from_str(&fixture("portal/上传多媒体文件/response.json")).unwrap();
    assert_eq!(shape(&answer), shape(&documented));
}
