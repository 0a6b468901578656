//! One API call as it came: path, query, headers, body, and the readings of it that the calls need.

use bytes::Bytes;
use http::{HeaderMap, Method, request};
use serde_json::Value;
use tokio::time::Instant;
use url::form_urlencoded;

use super::{
    Refusal,
    body::{self, Parts, content_type},
};
use crate::{
    clock::UnixMillis,
    ids::{AccountId, UserId},
    sandbox::BodyType,
};

/// Most bytes of a field; the documents name no bound.
const MOST_FIELD: usize = 4096;
/// Most users that are remembered of a call, and most characters of an id.
const MOST_NAMES: usize = 100;
const MOST_NAME: usize = 200;

/// One API call as it came.
pub(super) struct Asked {
    /// When it came.
    pub(super) at: UnixMillis,
    pub(super) started: Instant,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Form,
    pub(super) headers: HeaderMap,
    /// The body; before it is known who calls, nothing, and of a call that is refused then, its beginning.
    pub(super) body: Bytes,
    /// The parts of a multipart body, or what is wrong with it.
    parts: Result<Parts, String>,
}

/// Names and values, in their order.
pub(super) struct Form(Vec<(String, String)>);

impl Asked {
    /// A call whose body has not been read.
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

    /// Takes the whole body in.
    pub(super) async fn take(&mut self, body: Bytes) {
        if self.has_file() {
            self.parts = body::multipart(&self.headers, body.clone()).await;
        }
        self.body = body;
    }

    /// The body as a form.
    pub(super) fn form(&self) -> Form {
        Form::read(&self.body)
    }

    /// The body as JSON, which must say that it is.
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

    /// What the uploaded file is to be: the portal's document lists it beside the file.
    pub(super) fn file_type(&self) -> Option<&str> {
        let part = self.parts.as_ref().ok().and_then(|parts| parts.kind.as_deref());
        self.query.get("type").or(part)
    }

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

    /// The body as a person may read it.
    pub(super) fn shown(&self) -> String {
        let kind = self.file_type().unwrap_or("file");
        match self.parts.as_ref().ok().and_then(|parts| parts.file.as_ref()) {
            Some(file) => format!("({kind}, {} bytes)", file.len()),
            None if self.has_file() => format!("({kind}, not read)"),
            None => String::from_utf8_lossy(&self.body).into_owned(),
        }
    }

    /// The account and the users that the call names, wherever it does; no more of them than are remembered.
    pub(super) fn names(&self) -> (Option<AccountId>, Vec<UserId>) {
        let bounded = |id: &str| -> String { id.chars().take(MOST_NAME).collect() };
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
                texts.take(MOST_NAMES).map(|text| UserId::new(id(text))).collect()
            };
            match value {
                Value::String(text) => named(&mut text.split(',')),
                Value::Array(users) => named(&mut users.iter().filter_map(Value::as_str)),
                _ => Vec::new(),
            }
        };
        let users = ["touser", "userId", "toUserId"].iter().flat_map(|name| list(&body[*name]));
        (account, users.take(MOST_NAMES).collect())
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
        let value = self.get(name).ok_or_else(|| Refusal::parameter(format!("{name} is missing")))?;
        short(name, value)
    }

    /// A field that may be missing.
    pub(super) fn optional(&self, name: &str) -> Result<&str, Refusal> {
        short(name, self.get(name).unwrap_or_default())
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

/// A text that is no longer than what the sandbox keeps.
pub(super) fn short<'t>(name: &str, text: &'t str) -> Result<&'t str, Refusal> {
    if text.len() <= MOST_FIELD {
        return Ok(text);
    }
    let length = text.len();
    Err(Refusal::parameter(format!("{name} has {length} bytes; this sandbox keeps {MOST_FIELD}")))
}

/// The id of a user.
pub(super) fn user_id(name: &str, id: &str) -> Result<UserId, Refusal> {
    if (1..=MOST_NAME).contains(&id.chars().count()) {
        return Ok(id.into());
    }
    Err(Refusal::parameter(format!("{name} holds an id that has not 1 to {MOST_NAME} characters")))
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
