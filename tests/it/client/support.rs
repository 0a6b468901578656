//! A stand-in for the platform's API in one test: a server with a given answer, and the requests that it received.

use std::{fmt::Debug, time::Duration};

use rongcloud_callback::{
    client::{Client, ClientError, Options},
    clock::{Clock, UnixMillis},
};
use serde_json::Value;
use sha1::{Digest as _, Sha1};
use url::form_urlencoded;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use crate::{
    fixtures::{HttpExample, fixture, names},
    support::secrecy,
};

pub(crate) const APP: &str = "uwd1c0sxdlx2";
pub(crate) const SECRET: &str = "Y1W2MeFwwwRxa0";
pub(crate) const NOW: UnixMillis = UnixMillis(1_408_706_337_123);
pub(crate) const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

/// A server that gives one answer to every request, and a client of that server.
pub(crate) struct Api {
    pub(crate) server: MockServer,
    pub(crate) client: Client,
}

impl Api {
    pub(crate) async fn answering(status: u16, body: &str) -> Self {
        Self::for_app(APP, status, body).await
    }

    async fn for_app(app: &str, status: u16, body: &str) -> Self {
        let server = answering(status, body).await;
        let client = client(app, [server.uri()]);
        Self { server, client }
    }

    /// The requests so far.
    pub(crate) async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }

    /// The only request.
    pub(crate) async fn request(&self) -> Request {
        only(self.requests().await)
    }
}

pub(crate) fn only(mut requests: Vec<Request>) -> Request {
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

pub(crate) async fn answering(status: u16, body: &str) -> MockServer {
    secrecy::watch();
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_string(body);
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

pub(crate) fn options() -> Options {
    Options { connect_timeout: Duration::from_secs(10), timeout: Duration::from_secs(30) }
}

pub(crate) fn client<const N: usize>(app: &str, bases: [String; N]) -> Client {
    let bases = bases.map(|base| base.parse().unwrap());
    Client::new(app.into(), SECRET.into(), bases, options()).unwrap().with_clock(Clock::manual(NOW))
}

/// Checks one call against the example under `heading`: the request, and the reading of both answers.
pub(crate) async fn check<T: Debug>(
    heading: &str,
    call: impl AsyncFn(&Client) -> Result<T, ClientError>,
) -> T {
    check_edited(heading, |_| {}, call).await
}

/// Checks one call against an example that contradicts its document, after `edit` has corrected the example.
pub(crate) async fn check_edited<T: Debug>(
    heading: &str,
    edit: impl FnOnce(&mut HttpExample),
    call: impl AsyncFn(&Client) -> Result<T, ClientError>,
) -> T {
    let folder = format!("rongcloud/{heading}");
    let mut example = HttpExample::read(&format!("{folder}/request.http"));
    edit(&mut example);
    let app = app(&example);
    let api = Api::for_app(&app, 200, &fixture(&format!("{folder}/response.json"))).await;
    let value = call(&api.client).await.unwrap();
    assert_same(&api.request().await, &example, &app);
    check_error(&format!("{folder}/error.json"), call).await;
    value
}

/// Checks that the example of an error, if there is one, is read as that error.
pub(crate) async fn check_error<T: Debug>(
    name: &str,
    call: impl AsyncFn(&Client) -> Result<T, ClientError>,
) {
    if !names("/error.json").contains(&name.to_owned()) {
        return;
    }
    let api = Api::answering(200, &fixture(name)).await;
    let error = call(&api.client).await.unwrap_err();
    let expected: Value = serde_json::from_str(&fixture(name)).unwrap();
    assert_eq!(error.errcode().map(|code| code.0), expected["errcode"].as_i64());
    assert_eq!(error.errmsg(), expected["errmsg"].as_str().map(str::trim));
    assert!(matches!(error, ClientError::Refused(_)), "{error:?}");
    assert!(!error.is_retryable());
}

fn assert_same(request: &Request, example: &HttpExample, app: &str) {
    assert_eq!((request.method.as_str(), request.url.path()), ("POST", example.path.as_str()));
    assert_eq!(request.url.query(), None);
    assert_signed(app, |name| request.headers.get(name)?.to_str().ok().map(str::to_owned));
    let kind = request.headers["content-type"].to_str().unwrap();
    if example.is_json() {
        assert_eq!(kind, "application/json");
        assert_eq!(json(&request.body), json(example.body.as_bytes()));
    } else {
        assert_eq!(kind, "application/x-www-form-urlencoded");
        assert_eq!(pairs(&request.body), pairs(example.body.as_bytes()));
    }
}

/// Asserts that the signature is the one that its documented parts make.
pub(crate) fn assert_signed(app: &str, part: impl Fn(&str) -> Option<String>) {
    let nonce = part("RC-Nonce").unwrap();
    assert!(!nonce.is_empty());
    assert_eq!(part("RC-App-Key").as_deref(), Some(app));
    assert_eq!(part("RC-Timestamp"), Some(NOW.0.to_string()));
    let expected = Sha1::digest(format!("{SECRET}{nonce}{}", NOW.0));
    assert_eq!(part("RC-Signature"), Some(hex::encode(expected)));
}

pub(crate) fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

/// The fields of a form by name; repeated ones stay in their order.
pub(crate) fn pairs(body: &[u8]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = form_urlencoded::parse(body).into_owned().collect();
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    pairs
}

/// The app of an example, which is in a header, in the form, or in both.
pub(crate) fn app(example: &HttpExample) -> String {
    let field = || pairs(example.body.as_bytes()).into_iter().find(|(name, _)| name == "RC-App-Key");
    example.header("RC-App-Key").map_or_else(|| field().unwrap().1, str::to_owned)
}
