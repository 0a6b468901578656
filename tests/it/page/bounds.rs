//! The size of the page, which stays bounded however long it is used.

use serde_json::json;

use super::on_a_page;
use crate::support::until;

/// The number of messages; with their replies and deliveries there are thousands of objects to show.
const MANY: u64 = 1000;

#[tokio::test]
async fn thousands_of_messages_do_not_make_the_document_grow() {
    on_a_page("bounds", async |page, _| {
        // The browser itself sends the messages: hundreds of requests over its few connections.
        let flood = "const [many, done] = arguments; const send = async (first) => { \
            for (let n = first; n <= many; n += 6) await fetch('/sandbox/messages', { method: 'POST', \
            body: JSON.stringify({ account: 'demo', user: 'ann', content: { kind: 'text', text: `message ${n}` } }) }); }; \
            Promise.all([1, 2, 3, 4, 5, 6].map(send)).then(() => done())";
        page.run_script_until_done(flood, vec![json!(MANY)]).await;
        page.say("the last of many").await;
        page.see("#messages .mine .bubble", "the last of many").await;
        page.see("#delivery-list .delivery-what", "the last of many").await;
        let lines = page.texts("#messages > li, #delivery-list > li").await.len();
        assert!((100..=160).contains(&lines), "{lines} lines");
        let elements = page.run_script("return document.getElementsByTagName('*').length", vec![]).await;
        assert!(elements.as_u64().unwrap() < 6000, "{elements} elements");
    })
    .await;
}

#[tokio::test]
async fn older_messages_come_back_when_they_are_scrolled_to() {
    on_a_page("window", async |page, sandbox| {
        for n in 1..=100 {
            sandbox.say("ann", &format!("line {n} of many")).await;
        }
        let first = |lines: &[String]| lines.iter().any(|line| line == "line 1 of many");
        page.see("#delivery-count", "100").await;
        page.wait("only the newest", "#messages .bubble", |lines| !first(lines)).await;
        until("the first line", async || {
            page.run_script("document.getElementById('transcript').scrollTop = 0", vec![]).await;
            first(&page.texts("#messages .bubble").await).then_some(())
        })
        .await;
        page.press("#to-newest").await;
        page.wait("only the newest again", "#messages .bubble", |lines| !first(lines)).await;
        page.wait("no way to newer ones", "#to-newest:not([hidden])", <[String]>::is_empty).await;
    })
    .await;
}
