//! Every route of the API, tried with each right alone: nothing is done without the right that the document names.

use rongcloud_callback::{
    journal::{AuditFilter, EntryKey, Filter, NewEntry, Queue, StateFilter},
    protocol::Conversation,
};
use serde_json::{Value, json};

use super::setup::{Server, json};
use crate::support::messages::text;

const RIGHTS: [&str; 6] = ["metrics", "read", "bodies", "answer", "send", "operate"];
/// The dead letters of the conversation, of which one is discarded and one is revived.
const DEAD: i64 = 5;

/// A route as the API's document describes it.
struct Route {
    method: String,
    path: String,
    /// The right that it needs; none if it is for everybody.
    right: Option<String>,
}

/// A server with a conversation that waits for a person, and the token of somebody with all rights.
struct Bench {
    server: Server,
    conversation: String,
}

fn token(right: &str) -> String {
    format!("authorization: Bearer 0123456789abcdef-{right}")
}

impl Bench {
    async fn start() -> Self {
        let one = |right| {
            format!("{{ name = '{right}', token = '0123456789abcdef-{right}', may = '{right}' }}")
        };
        let tokens = RIGHTS.map(one).join(", ");
        let all = "{ name = 'all', token = '0123456789abcdef-all', may = ['bodies', 'answer', 'send', 'operate'] }";
        // A sentence to the user would be a reply that cannot be sent here, and that is tried meanwhile.
        let sections = format!("admin.tokens = [{tokens}, {all}]\ndesk.handed_over = ''");
        let server = Server::start(&sections).await;
        let conversation = Conversation { app: "app".into(), account: "demo".into(), user: "u1".into() };
        for key in 1..=DEAD {
            let entry = NewEntry {
                queue: Queue::Inbox,
                key: EntryKey::of(&key.to_string()),
                conversation: conversation.encode(),
                body: text("u1", &key.to_string(), "a secret").into(),
                dead: Some("no handler could".to_owned()),
            };
            server.journal.append(entry, None).await.unwrap();
        }
        let listed = json(&server.get("/api/v1/conversations", &[&token("all")]).await);
        let conversation = listed["conversations"][0]["id"].as_str().unwrap().to_owned();
        let bench = Self { server, conversation };
        let path = format!("/api/v1/conversations/{}/hand-over", bench.conversation);
        let answer = bench.server.post(&path, &[&token("all")], &json!({})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        bench
    }

    /// The routes of the document.
    async fn routes(&self) -> Vec<Route> {
        let document = json(&self.server.get("/api/v1/openapi.json", &[&token("read")]).await);
        let paths = document["paths"].as_object().unwrap().iter();
        let routes = paths.flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(|(method, operation)| Route {
                method: method.to_uppercase(),
                path: path.clone(),
                right: operation["x-right"].as_str().map(str::to_owned),
            })
        });
        routes.collect()
    }

    /// Makes the request of a route, which whoever has the right would carry out.
    async fn ask(&self, Route { method, path, .. }: &Route, token: &str, total: i64) -> (u16, Value) {
        let route = path.strip_prefix("/api/v1").unwrap();
        let id = match route {
            "/entries/{id}/discard" => "1",
            "/entries/{id}/revive" => "2",
            _ if route.starts_with("/conversations") => &self.conversation,
            _ => "1",
        };
        let path = path.replace("{id}", id);
        let filter = json!({ "state": "dead" });
        let body = (method == "POST").then(|| match route {
            "/conversations/{id}/answer" => json!({ "text": "hello" }),
            "/conversations/{id}/take" => json!({ "from": null }),
            "/jobs" => {
                json!({ "action": "revive", "filter": filter, "total": total, "until": DEAD, "rate": 1 })
            }
            "/jobs/count" => json!({ "action": "revive", "filter": filter }),
            "/pauses" | "/pauses/resume" => json!({ "app": "app", "account": "demo" }),
            "/conversations/{id}/hand-over"
            | "/conversations/{id}/hand-back"
            | "/entries/{id}/revive"
            | "/entries/{id}/discard"
            | "/jobs/{id}/cancel" => json!({}),
            _ => panic!("say here what to post to {route}"),
        });
        let body = body.map(|body| body.to_string());
        let headers = [token, "idempotency-key: a-form"];
        let answer = self.server.ask(method, &path, &headers, body.as_deref()).await;
        (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
    }

    /// Everything that a request could change.
    async fn contents(&self) -> String {
        let journal = &self.server.journal;
        format!(
            "{:#?}",
            (
                journal.list(Filter::default()).await.unwrap(),
                journal.states(StateFilter { limit: 100, ..StateFilter::default() }).await.unwrap(),
                journal.jobs(100).await.unwrap(),
                journal.pauses().await.unwrap(),
            )
        )
    }

    /// The length of the audit list.
    async fn audited(&self) -> usize {
        let all = AuditFilter { limit: 1_000, ..AuditFilter::default() };
        self.server.journal.audit(all).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_token_that_may_only_read_changes_nothing_on_any_route() {
    let bench = Bench::start().await;
    let before = (bench.contents().await, bench.audited().await);
    let mut routes = bench.routes().await;
    routes.retain(|route| !route.path.ends_with("/session"));
    assert!(routes.len() > 20, "{}", routes.len());
    for right in RIGHTS {
        for route in &routes {
            let needed = route.right.as_deref().unwrap_or("read");
            if needed == right || (needed == "read" && right != "metrics") {
                continue;
            }
            let (status, answer) = bench.ask(route, &token(right), DEAD).await;
            let place = format!("{right}: {} {}: {answer}", route.method, route.path);
            assert_eq!(status, 403, "{place}");
            let missing = if right == "metrics" { "read" } else { needed };
            assert_eq!(answer["missing"], missing, "{place}");
        }
    }
    for route in routes.iter().filter(|route| route.right.as_deref().unwrap_or("read") == "read") {
        let (status, answer) = bench.ask(route, &token("read"), DEAD).await;
        assert_eq!(status, 200, "{} {}: {answer}", route.method, route.path);
        assert!(!answer.to_string().contains("a secret"), "{}: {answer}", route.path);
    }
    assert_eq!((bench.contents().await, bench.audited().await), before);

    // The same requests do change something for somebody who may do everything.
    for route in routes.iter().filter(|route| route.method == "POST" && !route.path.ends_with("/count"))
    {
        let before = (bench.contents().await, bench.audited().await);
        let (status, answer) = bench.ask(route, &token("all"), DEAD - 2).await;
        assert!(status < 300, "{}: {status} {answer}", route.path);
        let after = (bench.contents().await, bench.audited().await);
        assert!(before.0 != after.0 && before.1 < after.1, "{}", route.path);
    }
}
