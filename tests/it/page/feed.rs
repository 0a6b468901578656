//! A stand-in for the sandbox's stream of events, for states that no bot produces on demand.

use serde_json::{Value, json};

use super::{browser::Browser, executable::Executable};

/// A script that keeps the page's source of events for [`put`].
const REACH: &str = "window.EventSource = class extends EventSource { \
    constructor(address) { super(address); window.feed = this; } };";

/// Opens the page again, with a source of events that [`put`] can use.
pub(super) async fn open(page: &Browser, sandbox: &Executable) {
    page.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": REACH })).await;
    page.open(&format!("{}/?fed", sandbox.url)).await;
}

/// Sends the page a new or changed object.
pub(super) async fn put(page: &Browser, event: &str, object: &Value) {
    let script = "window.feed.dispatchEvent(new MessageEvent(arguments[0], { data: JSON.stringify(arguments[1]) }))";
    page.run_script(script, vec![json!(event), object.clone()]).await;
}

/// Sends a text of Ann's that the server under test has accepted, with its handling; `id` is that of message and delivery.
pub(super) async fn put_accepted(page: &Browser, id: u64, text: &str, handling: &Value) {
    let at = now(page).await;
    let message = json!({
        "id": id, "at": at, "account": "demo", "users": ["ann"], "from": "user",
        "content": { "kind": "text", "text": text }, "delivery": id, "call": null, "broadcast": false,
    });
    put(page, "message", &message).await;
    put(page, "delivery", &delivery(id, at, handling)).await;
}

/// The handling of a message, before a test changes some of its fields.
pub(super) fn handling(changes: &Value) -> Value {
    let mut handling = json!({
        "state": "done", "entry": 1, "by": "rule \"orders\"", "attempts": 1,
        "reason": null, "retry_at": null, "behind": null, "replies": [],
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        handling[name] = value.clone();
    }
    handling
}

/// The page's time, in milliseconds since 1970.
pub(super) async fn now(page: &Browser) -> u64 {
    page.run_script("return Date.now()", vec![]).await.as_u64().unwrap()
}

fn delivery(id: u64, at: u64, handling: &Value) -> Value {
    let attempt = json!({
        "number": 1, "at": at, "ms": 3, "status": 200, "answer": "", "error": null, "error_kind": null,
        "fault": null, "expected": 200, "xml": null, "method": "POST", "query": "", "headers": [], "resent": false,
    });
    json!({
        "id": id, "at": at, "message": id, "account": "demo", "user": "ann", "kind": "text",
        "url": "http://127.0.0.1:9/callback", "state": "accepted", "reason": null, "reason_kind": null,
        "xml": "<xml/>", "attempts": [attempt], "handling": handling,
    })
}
