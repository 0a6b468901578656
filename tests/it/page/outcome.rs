//! The outcome of each message, shown below it.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    browser::{self, Browser},
    executable::Executable,
    feed::{self, handling, put_accepted},
    on_a_page,
};
use crate::support::until;

const OUTCOME: &str = "#messages .outcome";

#[tokio::test]
async fn under_each_message_stands_who_took_it_and_what_came_of_it() {
    on_a_page("outcome", async |page, sandbox| {
        feed::open(page, sandbox).await;
        let reply = |state: &str, reason: Value| {
            json!({ "entry": 2, "state": state, "attempts": 1, "reason": reason, "retry_at": null })
        };
        let cases = [
            (json!({ "state": "working", "attempts": 2 }), "", "rule “orders”: at work, attempt 2", ""),
            (json!({ "replies": [reply("sent", json!(null))] }), "good", "rule “orders” · answered", ""),
            (json!({ "by": "handler 2 (Text)" }), "", "handler 2 (Text): handled, no reply", ""),
            (json!({ "by": "rules[0]" }), "", "rule 1: handled, no reply", ""),
            (json!({ "by": "handler 3" }), "", "handler 3: handled, no reply", ""),
            (json!({ "state": "not_taken", "by": null }), "warn", "no handler takes it", ""),
            (json!({ "state": "quiet" }), "", "rule “orders”: quiet for now", ""),
            (
                json!({ "state": "dead", "attempts": 5, "reason": "it panicked" }),
                "bad",
                "dead letter after 5 attempts",
                "it panicked",
            ),
            (
                json!({ "replies": [reply("dead", json!("the text is too long"))] }),
                "bad",
                "reply: dead letter",
                "the text is too long",
            ),
        ];
        for (id, (changes, tone, words, reason)) in (9001..).zip(cases) {
            put_accepted(page, id, "what becomes of me", &handling(&changes)).await;
            let outcome = format!("{OUTCOME}[data-delivery='{id}'][class='meta outcome {tone}']");
            page.see(&format!("{outcome} .receipt"), words).await;
            page.see(&format!("{outcome} .outcome-reason"), reason).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_retry_is_counted_down_and_who_waits_behind_it_says_so() {
    on_a_page("outcome-retry", async |page, sandbox| {
        feed::open(page, sandbox).await;
        let retry_at = feed::now(page).await + 50_000;
        let failing = json!({ "state": "retrying", "attempts": 2, "reason": "the shop is shut", "retry_at": retry_at });
        put_accepted(page, 9001, "order 17", &handling(&failing)).await;
        let behind = |id: u64| handling(&json!({ "state": "waiting", "by": null, "behind": id }));
        put_accepted(page, 9002, "thanks", &behind(9001)).await;
        put_accepted(page, 9003, "and bye", &behind(9002)).await;
        page.see(".outcome.warn[data-delivery='9001']", "failed 2 times, retry in ").await;
        page.see(".outcome.warn[data-delivery='9001'] .outcome-reason", "the shop is shut").await;
        let first = seconds(&page.texts(".outcome .receipt").await);
        page.wait("fewer seconds", ".outcome .receipt", |texts| seconds(texts) < first).await;
        for id in [9002, 9003] {
            page.see(&format!(".outcome.warn[data-delivery='{id}']"), "waits behind “order 17”").await;
        }
        put_accepted(page, 9001, "order 17", &handling(&json!({ "state": "working", "attempts": 3 }))).await;
        page.wait("nobody stuck", ".outcome.warn", <[String]>::is_empty).await;
    })
    .await;
}

/// The seconds until the retry that the page shows.
fn seconds(texts: &[String]) -> u64 {
    let words: Vec<_> = texts.iter().flat_map(|text| text.split(' ')).collect();
    words.windows(2).find(|pair| pair[0] == "in").and_then(|pair| pair[1].parse().ok()).unwrap()
}

#[tokio::test]
async fn a_receipt_keeps_the_focus_while_its_words_change() {
    on_a_page("outcome-focus", async |page, sandbox| {
        feed::open(page, sandbox).await;
        put_accepted(page, 9001, "order 17", &handling(&json!({ "state": "working" }))).await;
        page.see(OUTCOME, "at work").await;
        page.focus(".outcome .receipt").await;
        put_accepted(page, 9001, "order 17", &handling(&json!({ "state": "quiet" }))).await;
        page.see(OUTCOME, "quiet for now").await;
        let focus = "return document.activeElement.innerText.includes('quiet for now')";
        assert_eq!(page.run_script(focus, vec![]).await, true);
    })
    .await;
}

#[tokio::test]
async fn a_service_that_is_down_is_told_under_the_message_and_under_those_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bot.toml");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let rules = format!(
        "[[apps]]\nkey = \"k\"\nsecrets = [\"s\"]\napi_url = \"http://127.0.0.1:9\"\n\
         [[rules]]\nname = \"orders\"\non = \"text\"\nkeyword = {{ contains = [\"order\"] }}\n\
         forward = {{ url = \"http://{nobody}/\", secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\" }}\n\
         [[rules]]\nname = \"default\"\non = \"text\"\nevery = \"1h\"\nreply = {{ text = \"Back soon.\" }}\n"
    );
    std::fs::write(&file, rules).unwrap();
    on_the_page_with(&["--config", file.to_str().unwrap()], "outcome-rules", async |page| {
        page.say("hello").await;
        page.see(".outcome.good", "rule “default” · answered in ").await;
        page.say("anybody?").await;
        page.see(".outcome:not(.good, .warn, .bad)", "rule “default”: quiet for now").await;
        page.say("order 17").await;
        page.say("thanks").await;
        page.see(".outcome.warn", "retry in ").await;
        page.see(".outcome.warn .outcome-reason", &nobody.to_string()).await;
        page.see(".outcome.warn", "waits behind “order 17”").await;
        // Twenty attempts with their pauses take a minute and a half.
        let pass = "return fetch('/sandbox/advance', { method: 'POST', body: JSON.stringify({ by: '1s' }) }).then(() => true)";
        until("the dead letter", async || {
            page.run_script(pass, vec![]).await;
            (!page.texts(".outcome.bad").await.is_empty()).then_some(())
        })
        .await;
        page.see(".outcome.bad", "dead letter after ").await;
        page.see(".outcome.bad .outcome-reason", &nobody.to_string()).await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_makes_no_api_call_is_said_to_be_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/callback", listener.local_addr().unwrap());
    let silent = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .await;
        }
    };
    let arguments = ["--route-url", &url];
    let looked = on_the_page_with(&arguments, "outcome-silent", async |page| {
        page.say("anybody there?").await;
        page.see("#messages .outcome:not(.warn)", "no API call since").await;
        page.see("#messages .outcome.warn", "no API call since").await;
    });
    tokio::select! {
        () = silent => {}
        () = looked => {}
    }
}

#[tokio::test]
async fn a_server_that_does_not_listen_is_named() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}/callback");
    on_the_page_with(&["--route-url", &url], "outcome-refused", async |page| {
        page.say("anybody there?").await;
        let why = format!("{address} refuses connections: is the server running?");
        page.see("#messages .outcome.warn", &why).await;
        page.see("#messages .outcome.bad", "failed").await;
        page.see("#messages .outcome.bad", &why).await;
    })
    .await;
}

/// Runs `test` on the page of a sandbox with these arguments.
async fn on_the_page_with(arguments: &[&str], name: &str, test: impl AsyncFnOnce(&Browser)) {
    if !browser::is_available() {
        return;
    }
    let sandbox = Executable::start_with(arguments);
    Browser::run(name, async |page| {
        page.open(&format!("{}/", sandbox.url)).await;
        test(page).await;
    })
    .await;
}
