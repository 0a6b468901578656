//! The request of an API call: path, query, headers and body, and the forms in which calls read them.

use bytes::Bytes;
use http::{HeaderMap, Method, request};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    answer::Refusal,
    body::{self, Parts, content_type},
    fields::Form,
};
use crate::{
    clock::UnixMillis,
    ids::{AccountId, UserId},
    sandbox::history::BodyType,
};

/// The largest number of a call's users that are kept.
const MAX_USERS: usize = 100;
/// The largest length of an id that is kept, in characters.
const MAX_ID: usize = 200;

/// The request of an API call.
pub(super) struct ApiRequest {
    /// The time at which the request came.
    pub(super) at: UnixMillis,
    /// The beginning of the call, for measuring its duration.
    pub(super) started: Instant,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Form,
    pub(super) headers: HeaderMap,
    /// The body: empty until the caller is known, and only the beginning if the caller is refused.
    pub(super) body: Bytes,
    /// The parts of a multipart body, or the reason why it cannot be read.
    parts: Result<Parts, String>,
}

impl ApiRequest {
    /// A request whose body has not been read.
    pub(super) fn new(at: UnixMillis, head: request::Parts) -> Self {
        Self {
            at,
            started: Instant::now(),
            method: head.method,
            path: head.uri.path().to_owned(),
            query: Form::read(head.uri.query().unwrap_or_default().as_bytes()),
            headers: head.headers,
            body: Bytes::new(),
            parts: Ok(Parts::default()),
        }
    }

    /// Sets the whole body.
    pub(super) async fn set_body(&mut self, body: Bytes) {
        if self.has_file() {
            self.parts = body::read_multipart(&self.headers, body.clone()).await;
        }
        self.body = body;
    }

    /// The body as a form.
    pub(super) fn form(&self) -> Form {
        Form::read(&self.body)
    }

    /// The body as JSON; the Content-Type must say so.
    pub(super) fn json(&self) -> Result<Value, Refusal> {
        if content_type(&self.headers) != "application/json" {
            return Err(Refusal::parameter("the Content-Type must be application/json"));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Refusal::parameter(format!("the body is not JSON: {error}")))
    }

    /// The uploaded file.
    pub(super) fn file(&self) -> Result<&Bytes, Refusal> {
        let parts = self.parts.as_ref().map_err(|error| {
            Refusal::parameter(format!("the body cannot be read as multipart/form-data: {error}"))
        })?;
        parts.file.as_ref().ok_or_else(|| {
            Refusal::parameter("the body must be multipart/form-data with a part called file")
        })
    }

    /// The type of the uploaded file (`type`): in the query or, as the portal's document lists it, in a part of its own.
    pub(super) fn file_type(&self) -> Option<&str> {
        let part = self.parts.as_ref().ok().and_then(|parts| parts.kind.as_deref());
        self.query.get("type").or(part)
    }

    /// The type of the body, by the Content-Type.
    pub(super) fn body_type(&self) -> BodyType {
        match content_type(&self.headers).as_str() {
            "multipart/form-data" => BodyType::Multipart,
            _ if self.body.is_empty() => BodyType::None,
            "application/json" => BodyType::Json,
            _ => BodyType::Form,
        }
    }

    pub(super) fn has_file(&self) -> bool {
        self.body_type() == BodyType::Multipart
    }

    /// The body in a form that a person can read.
    pub(super) fn display_body(&self) -> String {
        let kind = self.file_type().unwrap_or("file");
        match self.parts.as_ref().ok().and_then(|parts| parts.file.as_ref()) {
            Some(file) => format!("({kind}, {} bytes)", file.len()),
            None if self.has_file() => format!("({kind}, not read)"),
            None => String::from_utf8_lossy(&self.body).into_owned(),
        }
    }

    /// The account and the users that the call names, within the bounds of the history.
    pub(super) fn named_ids(&self) -> (Option<AccountId>, Vec<UserId>) {
        let bounded = |id: &str| -> String { id.chars().take(MAX_ID).collect() };
        let id = |text: &str| bounded(text.rsplit_once('@').map_or(text, |(id, _)| id));
        let Ok(body) = serde_json::from_slice::<Value>(&self.body) else {
            let account = self.form().get("mcid").map(|account| AccountId::new(bounded(account)));
            return (account, Vec::new());
        };
        let account = ["fromuser", "mcId", "channelId"]
            .iter()
            .find_map(|name| body[*name].as_str())
            .map(|account| AccountId::new(id(account)));
        let list = |value: &Value| -> Vec<UserId> {
            let named = |texts: &mut dyn Iterator<Item = &str>| {
                texts.take(MAX_USERS).map(|text| UserId::new(id(text))).collect()
            };
            match value {
                Value::String(text) => named(&mut text.split(',')),
                Value::Array(users) => named(&mut users.iter().filter_map(Value::as_str)),
                _ => Vec::new(),
            }
        };
        let users = ["touser", "userId", "toUserId"].iter().flat_map(|name| list(&body[*name]));
        (account, users.take(MAX_USERS).collect())
    }
}
