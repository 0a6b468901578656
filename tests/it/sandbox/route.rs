//! A server under test that records requests and answers given statuses.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

/// A recording server.
pub(super) struct Route {
    server: MockServer,
}

/// The head of a request.
pub(super) struct Head {
    pub(super) query: String,
    /// The names and values of the headers, sorted.
    pub(super) headers: Vec<(String, String)>,
}

/// A request: the query string and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Came {
    pub(super) query: String,
    pub(super) body: String,
}

impl Route {
    /// Answers these statuses one after the other, then 200; 0 stands for no answer at all.
    pub(super) async fn start(statuses: impl IntoIterator<Item = u16>) -> Self {
        let server = MockServer::start().await;
        let answers = Arc::new(Mutex::new(statuses.into_iter().collect::<VecDeque<_>>()));
        Mock::given(any()).respond_with(Answers(answers)).mount(&server).await;
        Self { server }
    }

    pub(super) fn url(&self) -> String {
        format!("{}/callback", self.server.uri())
    }

    /// All requests so far, in their order.
    pub(super) async fn came(&self) -> Vec<Came> {
        let requests = self.server.received_requests().await.unwrap();
        let came = |request: Request| {
            assert_eq!((request.method.as_str(), request.url.path()), ("POST", "/callback"));
            Came {
                query: request.url.query().unwrap().to_owned(),
                body: String::from_utf8(request.body).unwrap(),
            }
        };
        requests.into_iter().map(came).collect()
    }

    /// The heads of all requests so far, in their order.
    pub(super) async fn heads(&self) -> Vec<Head> {
        let head = |request: Request| {
            let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                (name.to_string(), value.to_str().unwrap().to_owned())
            };
            let mut headers: Vec<_> = request.headers.iter().map(text).collect();
            headers.sort();
            Head { query: request.url.query().unwrap().to_owned(), headers }
        };
        self.server.received_requests().await.unwrap().into_iter().map(head).collect()
    }
}

struct Answers(Arc<Mutex<VecDeque<u16>>>);

impl Respond for Answers {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
            Some(0) => ResponseTemplate::new(200).set_delay(Duration::from_mins(5)),
            Some(status) => ResponseTemplate::new(status),
            None => ResponseTemplate::new(200),
        }
    }
}
