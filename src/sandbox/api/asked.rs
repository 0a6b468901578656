//! One API call as it came: path, query, headers, body, and the readings of it that the calls need.

use axum::extract::{FromRequest, Multipart, Request};
use bytes::Bytes;
use http::{HeaderMap, Method, header::CONTENT_TYPE, request::Parts};
use serde_json::Value;
use tokio::time::Instant;
use url::form_urlencoded;

use super::Refusal;
use crate::{
    clock::UnixMillis,
    ids::{AccountId, UserId},
    sandbox::BodyType,
};

/// One API call as it came.
pub(super) struct Asked {
    /// When it came.
    pub(super) at: UnixMillis,
    pub(super) started: Instant,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Form,
    pub(super) headers: HeaderMap,
    body: Bytes,
    /// The part `file` of a multipart body.
    file: Option<Bytes>,
    /// The part `type` of a multipart body.
    file_type: Option<String>,
}

/// Names and values, in their order.
pub(super) struct Form(Vec<(String, String)>);

impl Asked {
    pub(super) async fn read(at: UnixMillis, started: Instant, parts: Parts, body: Bytes) -> Self {
        let (file, file_type) = match content_type(&parts.headers) {
            "multipart/form-data" => multipart(&parts, body.clone()).await,
            _ => (None, None),
        };
        Self {
            at,
            started,
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: Form::read(parts.uri.query().unwrap_or_default().as_bytes()),
            headers: parts.headers,
            body,
            file,
            file_type,
        }
    }

    /// The body as a form.
    pub(super) fn form(&self) -> Form {
        Form::read(&self.body)
    }

    /// The body as JSON, which must say that it is.
    pub(super) fn json(&self) -> Result<Value, Refusal> {
        if self.content_type() != "application/json" {
            return Err(Refusal::parameter("the Content-Type must be application/json"));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Refusal::parameter(format!("the body is not JSON: {error}")))
    }

    /// The uploaded file.
    pub(super) fn file(&self) -> Result<&Bytes, Refusal> {
        self.file.as_ref().ok_or_else(|| {
            Refusal::parameter("the body must be multipart/form-data with a part called file")
        })
    }

    /// What the uploaded file is to be: the portal's document lists it beside the file.
    pub(super) fn file_type(&self) -> Option<&str> {
        self.query.get("type").or(self.file_type.as_deref())
    }

    pub(super) fn body_type(&self) -> BodyType {
        match self.content_type().as_str() {
            "multipart/form-data" => BodyType::Multipart,
            _ if self.body.is_empty() => BodyType::None,
            "application/json" => BodyType::Json,
            _ => BodyType::Form,
        }
    }

    pub(super) fn has_file(&self) -> bool {
        self.content_type() == "multipart/form-data"
    }

    fn content_type(&self) -> String {
        content_type(&self.headers).to_ascii_lowercase()
    }

    /// The body as a person may read it.
    pub(super) fn shown(&self) -> String {
        match &self.file {
            Some(file) => {
                let kind = self.file_type().unwrap_or("file");
                format!("({kind}, {} bytes)", file.len())
            }
            None => String::from_utf8_lossy(&self.body).into_owned(),
        }
    }

    /// The account and the users that the call names, wherever it does.
    pub(super) fn names(&self) -> (Option<AccountId>, Vec<UserId>) {
        let Ok(body) = serde_json::from_slice::<Value>(&self.body) else {
            return (self.form().get("mcid").map(AccountId::from), Vec::new());
        };
        let id = |text: &str| text.rsplit_once('@').map_or(text, |(id, _)| id).to_owned();
        let account = ["fromuser", "mcId", "channelId"]
            .iter()
            .find_map(|name| body[*name].as_str())
            .map(|account| AccountId::new(id(account)));
        let list = |value: &Value| match value {
            Value::String(text) => text.split(',').map(id).collect(),
            Value::Array(users) => users.iter().filter_map(Value::as_str).map(id).collect(),
            _ => Vec::new(),
        };
        let users: Vec<String> =
            ["touser", "userId", "toUserId"].iter().flat_map(|name| list(&body[*name])).collect();
        (account, users.into_iter().map(UserId::new).collect())
    }
}

impl Form {
    fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a name, in their order.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A field that must be there; it may be empty.
    pub(super) fn present(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::parameter(format!("{name} is missing")))
    }

    /// A field that must say something.
    pub(super) fn filled(&self, name: &str) -> Result<&str, Refusal> {
        let value = self.present(name)?;
        if value.is_empty() { Err(Refusal::parameter(format!("{name} is empty"))) } else { Ok(value) }
    }

    /// A field that says yes or no.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.filled(name)? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Refusal::parameter(format!("{name} is neither true nor false"))),
        }
    }

    /// A field that is a whole number.
    pub(super) fn number(&self, name: &str) -> Result<i64, Refusal> {
        let value = self.filled(name)?;
        value.parse().map_err(|_| Refusal::parameter(format!("{name} is not a whole number")))
    }
}

/// A text in a JSON object that must say something.
pub(super) fn filled<'v>(object: &'v Value, name: &str) -> Result<&'v str, Refusal> {
    match &object[name] {
        Value::String(text) if !text.is_empty() => Ok(text),
        Value::Null => Err(Refusal::parameter(format!("{name} is missing"))),
        Value::String(_) => Err(Refusal::parameter(format!("{name} is empty"))),
        _ => Err(Refusal::parameter(format!("{name} is not a string"))),
    }
}

/// A text in a JSON object that may be missing.
pub(super) fn optional(object: &Value, name: &str) -> Result<String, Refusal> {
    match &object[name] {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        _ => Err(Refusal::parameter(format!("{name} is not a string"))),
    }
}

/// A list in a JSON object, of 1 to `most` entries.
pub(super) fn list<'v>(object: &'v Value, name: &str, most: usize) -> Result<&'v [Value], Refusal> {
    let list =
        object[name].as_array().ok_or_else(|| Refusal::parameter(format!("{name} is not a list")))?;
    if (1..=most).contains(&list.len()) {
        return Ok(list);
    }
    Err(Refusal::parameter(format!("{name} has {} entries, not 1 to {most}", list.len())))
}

fn content_type(headers: &HeaderMap) -> &str {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// The parts `file` and `type` of a multipart body.
async fn multipart(parts: &Parts, body: Bytes) -> (Option<Bytes>, Option<String>) {
    let (mut file, mut kind) = (None, None);
    let request = Request::from_parts(parts.clone(), body.into());
    let Ok(mut multipart) = Multipart::from_request(request, &()).await else { return (file, kind) };
    while let Ok(Some(field)) = multipart.next_field().await {
        match field.name() {
            Some("file") => file = field.bytes().await.ok(),
            Some("type") => kind = field.text().await.ok(),
            _ => {}
        }
    }
    (file, kind)
}
