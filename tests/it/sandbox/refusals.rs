//! The refusals of the sandbox's API: their codes, and that a refused call has no effect.

use std::time::Duration;

use rongcloud_callback::sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use super::{
    ask, call,
    documents::{add, multipart, upload},
    json, sandbox, sent, signed, signed_at,
};

async fn errcode(sandbox: &Sandbox, path: &str, body: &Value) -> i64 {
    let answer = json(&call(sandbox, path, &body.to_string()).await);
    answer["errcode"].as_i64().unwrap_or_else(|| panic!("{answer}"))
}

/// The body of a text to one user, with one part replaced.
fn text(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({
        "fromuser": "demo@uwd1c0sxdlx2", "touser": "u@uwd1c0sxdlx2",
        "msgtype": "text", "text": { "content": "x" },
    });
    change(&mut body);
    body
}

#[tokio::test]
async fn a_call_that_is_not_rightly_signed_is_answered_401_and_1004() {
    let sandbox = sandbox().await;
    let now = sandbox.now();
    let minutes = Duration::from_mins;
    let fine = signed(&sandbox);
    let with = |name: &str, value: &str| {
        fine.clone().map(|(part, old)| (part, if part == name { value.to_owned() } else { old }))
    };
    let seconds = (now.0 / 1000).to_string();
    for (what, parts) in [
        ("another signature", with("RC-Signature", &"0".repeat(40))),
        ("another nonce", with("RC-Nonce", "14315")),
        ("another app", with("RC-App-Key", "x18ywvq83onzm")),
        ("an empty part", with("RC-Nonce", "")),
        ("six minutes ago", signed_at(&sandbox, &now.minus(minutes(6)).0.to_string())),
        ("in six minutes", signed_at(&sandbox, &now.plus(minutes(6)).0.to_string())),
        ("seconds", signed_at(&sandbox, &seconds)),
    ] {
        let headers: Vec<_> = parts.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = ask(
            sandbox.local_addr(),
            "POST /mc/info.json",
            &headers,
            "mcid=demo&RC-App-Key=uwd1c0sxdlx2",
        )
        .await;
        assert_eq!((answer.status, &json(&answer)["errcode"]), (401, &json!(1004)), "{what}");
    }
    assert!(json_of_last(&sandbox).contains("milliseconds"), "a hint for who signs with seconds");
    let close = signed_at(&sandbox, &now.minus(minutes(4)).0.to_string());
    let headers: Vec<_> = close.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let body = "mcid=demo&RC-App-Key=uwd1c0sxdlx2";
    assert_eq!(ask(sandbox.local_addr(), "POST /mc/info.json", &headers, body).await.status, 200);
}

fn json_of_last(sandbox: &Sandbox) -> String {
    sandbox.calls().last().unwrap().refused.clone().unwrap()
}

#[tokio::test]
async fn uploads_carry_their_signature_in_the_query_and_nowhere_else() {
    let sandbox = sandbox().await;
    let signed = signed(&sandbox);
    let headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = ask(sandbox.local_addr(), "POST /media/upload?type=image", &headers, "").await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_message_beyond_a_limit_is_refused_and_nobody_receives_it() {
    let sandbox = sandbox().await;
    let send = "/message/operation/send.json";
    let news = |articles: Vec<Value>| {
        text(|body| {
            body["msgtype"] = json!("news");
            body["news"] = json!({ "articles": articles });
        })
    };
    let card = json!({ "title": "t", "picurl": "p", "url": "u", "description": "d" });
    let wide = |count: usize| {
        let mut card = card.clone();
        card["description"] = json!("汉".repeat(count));
        news(vec![card])
    };
    for body in [
        text(|body| body["text"]["content"] = json!("汉".repeat(667))),
        text(|body| body["text"]["content"] = json!("")),
        text(|body| body["touser"] = json!("u@another")),
        text(|body| body["touser"] = json!("u")),
        text(|body| body["touser"] = json!(["u@uwd1c0sxdlx2"])),
        text(|body| body["fromuser"] = json!("nobody@uwd1c0sxdlx2")),
        text(|body| body["msgtype"] = json!("mpnews")),
        text(|body| body["msgtype"] = json!("image")),
        news(vec![]),
        news(vec![card.clone(); 11]),
        news(vec![json!({ "title": "t" })]),
        wide(1001),
    ] {
        assert_eq!(errcode(&sandbox, send, &body).await, 1002, "{body}");
    }
    let users: Vec<_> = (0..101).map(|n| format!("u{n}@uwd1c0sxdlx2")).collect();
    let many = |count: usize| text(|body| body["touser"] = json!(users[..count]));
    assert_eq!(errcode(&sandbox, "/message/batchsend.json", &many(101)).await, 1002);
    assert_eq!(sent(&sandbox), []);

    assert_eq!(errcode(&sandbox, "/message/batchsend.json", &many(100)).await, 0);
    let most = text(|body| body["text"]["content"] = json!("汉".repeat(666) + "ab"));
    assert_eq!(errcode(&sandbox, send, &most).await, 0);
    assert_eq!(errcode(&sandbox, send, &wide(1000)).await, 0);
    assert_eq!(errcode(&sandbox, send, &news(vec![card; 10])).await, 0);
    assert_eq!(sent(&sandbox).len(), 4);
}

#[tokio::test]
async fn what_the_table_of_calls_does_not_offer_is_refused() {
    let sandbox = sandbox().await;
    let url = json!({ "url": "http://x/y.jpg" });
    let image = |body: &mut Value| {
        body["msgtype"] = json!("image");
        body["image"] = url.clone();
    };
    let everyone = |body: &mut Value| body["filter"] = json!({ "is_to_all": false });
    for (path, body) in [
        ("/message/send.json", text(image)),
        ("/message/batchsend.json", text(image)),
        ("/message/operation/batchsend.json", text(|_| {})),
        ("/message/sendall.json", text(|_| {})),
        ("/message/sendall.json", text(everyone)),
        ("/message/sendall.json", text(|body| body["filter"] = json!("everyone"))),
        ("/message/sendall.json", text(|body| body["filter"] = json!({ "is_to_all": "true" }))),
        ("/message/unknown.json", text(|_| {})),
        ("/mc/unknown.json", text(|_| {})),
    ] {
        assert_eq!(errcode(&sandbox, path, &body).await, 1002, "{path} {body}");
    }
    let signed = signed(&sandbox);
    let mut headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    headers.push(("content-type", "text/plain"));
    let body = text(|_| {}).to_string();
    let line = "POST /message/operation/send.json";
    let answer = json(&ask(sandbox.local_addr(), line, &headers, body).await);
    assert_eq!(answer["errcode"], 1002, "the Content-Type must be application/json");
    assert_eq!(sent(&sandbox), []);
}

#[tokio::test]
async fn an_account_cannot_be_created_twice_and_its_calls_name_the_caller_s_own_app() {
    let sandbox = sandbox().await;
    add(&sandbox, "mc").await;
    let fields = "displayName=n&portraitUrl=&uiType=0&introduction=&isFollow=false&routeUrl=";
    for body in [
        format!("mcid=mc&{fields}&RC-App-Key=uwd1c0sxdlx2"),
        format!("mcid=new&{fields}&RC-App-Key=another"),
        format!("mcid=new&{fields}"),
        "mcid=new&RC-App-Key=uwd1c0sxdlx2".to_owned(),
    ] {
        assert_eq!(json(&call(&sandbox, "/mc/add.json", &body).await)["errcode"], 1002, "{body}");
    }
    let switch = "mcid=mc&RC-App-Key=uwd1c0sxdlx2&isOpen=perhaps";
    assert_eq!(json(&call(&sandbox, "/mc/route/setSwitch.json", switch).await)["errcode"], 1002);
}

#[tokio::test]
async fn menus_have_two_levels_short_names_and_links_only_where_they_open_something() {
    let sandbox = sandbox().await;
    let refresh = async |body: &str| json(&call(&sandbox, "/mc/menu/refresh.json", body).await);
    let first = refresh("mcid=demo&level=1&name=0123456789&type=0").await;
    let first = first["info"]["menuId"].as_str().unwrap();
    let below = refresh(&format!("mcid=demo&level=2&pid={first}&name=x&type=1&url=http://x")).await;
    let below = below["info"]["menuId"].as_str().unwrap();
    for body in [
        "mcid=demo&level=1&name=0123456789a&type=0",
        "mcid=demo&level=1&name=x&type=1",
        "mcid=demo&level=1&name=x&type=2",
        "mcid=demo&level=3&name=x&type=0",
        "mcid=demo&level=2&name=x&type=0",
        "mcid=nobody&level=1&name=x&type=0",
        &format!("mcid=demo&level=2&pid={below}&name=x&type=0"),
    ] {
        assert_eq!(refresh(body).await["errcode"], 1002, "{body}");
    }
    let delete = format!("mcid=demo&menuId={first}");
    assert_eq!(json(&call(&sandbox, "/mc/menu/delete.json", &delete).await)["errcode"], 0);
    let delete = format!("mcid=demo&menuId={below}");
    let gone = json(&call(&sandbox, "/mc/menu/delete.json", &delete).await);
    assert_eq!(gone["errcode"], 1002, "it went with the entry above it");
}

#[tokio::test]
async fn a_file_must_be_what_it_is_uploaded_as_and_small_enough() {
    let sandbox = sandbox().await;
    let picture = |size| [b"\xff\xd8\xff\xe0".as_slice(), &vec![0; size]].concat();
    for (kind, file, errcode) in [
        ("image", b"GIF89a".to_vec(), 1003),
        ("voice", picture(10), 1003),
        ("image", picture(2 << 20), 1002),
        ("thumb", picture(20 << 10), 1002),
        ("voice", [b"#!AMR\n".as_slice(), &[0x7c; 3001]].concat(), 1002),
    ] {
        let answer = json(&upload(&sandbox, "/media/upload", kind, &file).await);
        assert_eq!(answer["errcode"], errcode, "{kind}: {answer}");
    }
}

#[tokio::test]
async fn a_picture_of_two_mebibytes_is_taken_and_what_is_larger_is_told_why_it_is_not() {
    let sandbox = sandbox().await;
    let picture = |size: usize| [b"\xff\xd8\xff\xe0".as_slice(), &vec![0; size - 4]].concat();
    let token = sandbox.portal_token().to_owned();
    let portal = format!("/interface/acme/api/push/uploadMedia?access_token={token}&type=image");
    for size in [(2 << 20) - 1, 2 << 20] {
        let taken = json(&upload(&sandbox, "/media/upload", "image", &picture(size)).await);
        assert!(taken["media_id"].is_string(), "{taken}");
        let taken = json(&multipart(&sandbox, &portal, &picture(size)).await);
        assert_eq!(taken["code"], 200, "{taken}");
    }
    for (size, words) in [((2 << 20) + 1, "2097152"), (5 << 20, "more than 4194304 bytes")] {
        let refused = json(&upload(&sandbox, "/media/upload", "image", &picture(size)).await);
        assert_eq!(refused["errcode"], 1002);
        assert!(refused["errmsg"].as_str().unwrap().contains(words), "{refused}");
        let refused = json(&multipart(&sandbox, &portal, &picture(size)).await);
        assert_eq!(refused["code"], 400);
        assert!(refused["msg"].as_str().unwrap().contains(words), "{refused}");
    }
    let long = text(|body| body["text"]["content"] = json!("x".repeat(300_000)));
    let refused = json(&call(&sandbox, "/message/operation/send.json", &long.to_string()).await);
    assert_eq!(refused["errcode"], 1002);
    assert!(refused["errmsg"].as_str().unwrap().contains("more than 262144 bytes"), "{refused}");
}

#[tokio::test]
async fn the_portal_takes_the_type_of_an_upload_from_the_address_or_from_the_form() {
    let sandbox = sandbox().await;
    let target = |more: &str| {
        format!("/interface/acme/api/push/uploadMedia?access_token={}{more}", sandbox.portal_token())
    };
    let file = b"\xff\xd8\xff\xe0";
    assert_eq!(json(&multipart(&sandbox, &target("&type=image"), file).await)["code"], 200);
    assert_eq!(json(&multipart(&sandbox, &target(""), file).await)["code"], 400);
    let body = [
        b"--b\r\ncontent-disposition: form-data; name=\"type\"\r\n\r\nimage\r\n".as_slice(),
        b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n",
        file,
        b"\r\n--b--\r\n",
    ]
    .concat();
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let line = format!("POST {}", target(""));
    assert_eq!(json(&ask(sandbox.local_addr(), &line, &headers, body).await)["code"], 200);
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_told_so() {
    let sandbox = sandbox().await;
    let mut target = "POST /media/upload?type=image".to_owned();
    for (name, value) in signed(&sandbox) {
        target.extend(["&", name, "=", &value]);
    }
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let body = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nhalf a pic";
    let answer = json(&ask(sandbox.local_addr(), &target, &headers, body).await);
    assert_eq!(answer["errcode"], 1002);
    let words = answer["errmsg"].as_str().unwrap();
    assert!(words.starts_with("the body cannot be read as multipart/form-data: "), "{words}");
}

#[tokio::test]
async fn a_wrong_portal_token_is_refused_in_the_portal_s_own_words() {
    let sandbox = Sandbox::start_with(Options::default()).await.unwrap();
    let line = "POST /interface/acme/api/push/send?access_token=wrong";
    let answer = ask(sandbox.local_addr(), line, &[("content-type", "application/json")], "{}").await;
    assert_eq!((answer.status, &json(&answer)["code"]), (200, &json!(401)));
}
