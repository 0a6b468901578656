//! The platform's message API as far as replies need it: remembers what was sent to whom.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{method, path},
};

/// A stand-in for the platform's API that answers every message with success.
pub(crate) struct Platform {
    server: MockServer,
    sent: Sent,
}

/// What was sent: user and text, in order.
type Sent = Arc<Mutex<Vec<(String, String)>>>;

impl Platform {
    pub(crate) async fn start() -> Self {
        let server = MockServer::start().await;
        let sent = Sent::default();
        Mock::given(method("POST"))
            .and(path("/message/operation/send.json"))
            .respond_with(Remember(Arc::clone(&sent)))
            .mount(&server)
            .await;
        Self { server, sent }
    }

    pub(crate) fn url(&self) -> String {
        self.server.uri()
    }

    /// Users and texts, in the order in which they were sent.
    pub(crate) fn sent(&self) -> Vec<(String, String)> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Remember(Sent);

impl Respond for Remember {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let message: Value = request.body_json().unwrap();
        let user = message["touser"].as_str().unwrap().split('@').next().unwrap().to_owned();
        let text = message["text"]["content"].as_str().unwrap_or_default().to_owned();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((user, text));
        ResponseTemplate::new(200).set_body_json(json!({ "errcode": 0, "errmsg": "ok" }))
    }
}
