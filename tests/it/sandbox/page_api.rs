//! The JSON interface for the page and for scripts.

use rongcloud_callback::{
    Text,
    sandbox::{Options, Sandbox},
};
use serde_json::{Value, json};

use super::{Bot, ask, json};
use crate::support::until;

async fn post(sandbox: &Sandbox, path: &str, body: &Value) -> (u16, Value) {
    let answer = ask(sandbox.local_addr(), &format!("POST {path}"), &[], body.to_string()).await;
    (answer.status, json(&answer))
}

async fn state(sandbox: &Sandbox) -> Value {
    json(&ask(sandbox.local_addr(), "GET /sandbox/state", &[], "").await)
}

#[tokio::test]
async fn a_script_writes_waits_for_the_reply_and_sends_again() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| {
        service.on(|text: Text, _context| async move { text.content })
    })
    .await;
    let text =
        json!({ "account": "demo", "user": "carol", "content": { "kind": "text", "text": "hi" } });
    assert_eq!(
        post(&sandbox, "/sandbox/messages", &text).await,
        (202, json!({ "message": 1, "delivery": 1 }))
    );
    let settled = async || {
        let state = state(&sandbox).await;
        let replied = state["messages"].as_array()?.len() == 2;
        (replied && state["deliveries"][0]["state"] == "accepted").then_some(state)
    };
    let state = until("the reply", settled).await;
    assert_eq!(state["users"][2], json!({ "id": "carol", "name": "carol" }));
    assert_eq!(state["messages"][1]["content"], json!({ "kind": "text", "text": "hi" }));
    let call = &state["calls"][0];
    assert_eq!(
        (&call["delivery"], &call["users"], &call["status"]),
        (&json!(1), &json!(["carol"]), &json!(200))
    );

    let answer = ask(sandbox.local_addr(), "POST /sandbox/deliveries/1/resend", &[], "").await;
    assert_eq!(answer.status, 202);
    until("another attempt", async || (sandbox.deliveries()[0].attempts.len() == 2).then_some(())).await;
    until("its end", async || (sandbox.deliveries()[0].attempts[1].status == Some(200)).then_some(()))
        .await;
    bot.idle().await;
    assert_eq!(sandbox.messages().len(), 2, "the bot knows it already");
    bot.stop().await;
}

#[tokio::test]
async fn wrong_calls_are_refused_with_a_sentence() {
    let sandbox = Sandbox::start().await;
    let text = json!({ "kind": "text", "text": "x" });
    let to = |account: &str, user: &str, content: &Value| json!({ "account": account, "user": user, "content": content });
    for (path, body, status) in [
        ("/sandbox/messages", to("nobody", "u", &text), 404),
        ("/sandbox/messages", to("demo", "", &text), 400),
        ("/sandbox/messages", to("demo", "u", &json!({ "kind": "news", "articles": [] })), 400),
        ("/sandbox/messages", to("demo", "u", &json!({ "kind": "smell" })), 400),
        ("/sandbox/messages", json!([]), 400),
        (
            "/sandbox/messages",
            to("demo", "u", &json!({ "kind": "text", "text": "x".repeat(40_000) })),
            413,
        ),
        ("/sandbox/deliveries/7/resend", json!({}), 404),
        ("/sandbox/faults", json!({ "duplicate": 2 }), 400),
        ("/sandbox/faults", json!({ "unheard_of": 1 }), 400),
        ("/sandbox/users", json!({ "id": "" }), 400),
        ("/sandbox/files", json!({}), 400),
        ("/sandbox/play", json!("not a conversation"), 400),
    ] {
        let (got, answer) = post(&sandbox, path, &body).await;
        assert_eq!(got, status, "{path} {body}");
        assert!(!answer["error"].as_str().unwrap().is_empty());
    }
    assert_eq!(sandbox.messages(), []);
}

#[tokio::test]
async fn switches_are_set_one_by_one_and_seen() {
    let sandbox = Sandbox::start().await;
    post(&sandbox, "/sandbox/faults", &json!({ "duplicate": 0.5 })).await;
    let (_, all) = post(&sandbox, "/sandbox/faults", &json!({ "slow_ms": 7 })).await;
    assert_eq!((&all["duplicate"], &all["slow_ms"]), (&json!(0.5), &json!(7)));
    assert_eq!(state(&sandbox).await["faults"], all);
}

#[tokio::test]
async fn the_earlier_name_of_the_faults_is_still_answered() {
    let sandbox = Sandbox::start().await;
    let (status, all) = post(&sandbox, "/sandbox/nastiness", &json!({ "duplicate": 0.5 })).await;
    assert_eq!((status, &all["duplicate"]), (200, &json!(0.5)));
    let state = state(&sandbox).await;
    assert_eq!((&state["nastiness"], &state["faults"]), (&all, &all));
}

#[tokio::test]
async fn a_file_gets_an_address_and_is_served_as_what_it_is() {
    let sandbox = Sandbox::start().await;
    let voice = [b"#!AMR\n".as_slice(), &[0x7c; 100]].concat();
    let kept = json(&ask(sandbox.local_addr(), "POST /sandbox/files", &[], &voice).await);
    assert_eq!((&kept["kind"], &kept["seconds"]), (&json!("voice"), &json!(2.0)));
    let path = kept["url"].as_str().unwrap().strip_prefix(sandbox.api_url()).unwrap();
    let file = ask(sandbox.local_addr(), &format!("GET {path}"), &[], "").await;
    assert_eq!(file.header("content-type"), Some("audio/amr"));
    assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(ask(sandbox.local_addr(), "GET /sandbox/media/none", &[], "").await.status, 404);
}

#[tokio::test]
async fn names_that_look_like_html_pass_through_unchanged_as_json() {
    let sandbox = Sandbox::start().await;
    let user = json!({ "id": "<img onerror=alert(1)>", "name": "</script><b>" });
    assert_eq!(post(&sandbox, "/sandbox/users", &user).await, (200, user.clone()));
    let answer = ask(sandbox.local_addr(), "GET /sandbox/state", &[], "").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(json(&answer)["users"][2], user);
}

#[tokio::test]
async fn a_browser_is_told_what_it_may_run_and_other_sites_are_kept_out() {
    let sandbox = Sandbox::start().await;
    let address = sandbox.local_addr();
    let page = ask(address, "GET /", &[], "").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'self'; ") && !policy.contains("unsafe"), "{policy}");
    for path in ["/sandbox/samples/picture.jpg", "/sandbox/samples/voice.amr"] {
        let kind = if path.ends_with("jpg") { "image/jpeg" } else { "audio/amr" };
        let request = format!("HEAD {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        let mut connection = crate::support::http::Connection::open(address).await;
        connection.send(request).await.unwrap();
        assert!(connection.closed().await.to_lowercase().contains(&format!("content-type: {kind}")));
    }
    for origin in ["http://evil.example", "null"] {
        let answer = ask(address, "POST /sandbox/faults", &[("origin", origin)], "{}").await;
        assert_eq!(answer.status, 403, "{origin}");
    }
    let ours = format!("http://{address}");
    assert_eq!(ask(address, "POST /sandbox/faults", &[("origin", &ours)], "{}").await.status, 200);
    let mut connection = crate::support::http::Connection::open(address).await;
    let rebound = "GET /sandbox/state HTTP/1.1\r\nhost: evil.example\r\n\r\n";
    assert_eq!(connection.ask(rebound).await.status, 403);
}

#[tokio::test]
async fn beyond_this_machine_addresses_and_given_names_are_answered_and_the_api_under_any_name() {
    let allow_hosts = vec!["sandbox.internal".to_owned()];
    let options = Options { allow_remote: true, allow_hosts, ..Options::default() };
    let sandbox = Sandbox::start_with(options).await.unwrap();
    let status = async |line: &str, host: &str| {
        let mut connection = crate::support::http::Connection::open(sandbox.local_addr()).await;
        let head = format!("{line} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n");
        connection.ask(head).await.status
    };
    for line in ["GET /", "GET /chat.js", "GET /sandbox/state", "POST /sandbox/clear"] {
        for host in ["192.0.2.7:8000", "[2001:db8::7]", "localhost:1", "sandbox.internal:8000"] {
            assert_eq!(status(line, host).await, 200, "{line} {host}");
        }
        for host in ["rebound.example:8000", "127.0.0.1.rebound.example", "not.sandbox.internal"] {
            assert_eq!(status(line, host).await, 403, "{line} {host}");
        }
    }
    assert_eq!(status("POST /mc/info.json", "rebound.example").await, 401, "it only lacks a signature");
}

#[tokio::test]
async fn the_menu_of_the_account_that_is_always_there_leads_to_the_platform_s_documents() {
    let sandbox = Sandbox::start().await;
    let menu = state(&sandbox).await["accounts"][0]["menu"].clone();
    let docs = menu.as_array().unwrap().iter().find(|entry| entry["name"] == "Docs 文档").unwrap();
    assert_eq!(docs["url"], "https://docs.rongcloud.cn/");
}
