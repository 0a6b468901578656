//! The fields of a call, in a form or in a JSON object, read within bounds.

use serde_json::Value;
use url::form_urlencoded;

use super::answer::Refusal;
use crate::ids::UserId;

/// The largest size of a field in bytes; the documents name no bound.
const MAX_FIELD: usize = 4096;

/// The names and values of a form or a query string, in their order.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first value of the field `name`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of the field `name`, in their order.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field that must be there; it may be empty.
    pub(super) fn present(&self, name: &str) -> Result<&str, Refusal> {
        let value = self.get(name).ok_or_else(|| Refusal::parameter(format!("{name} is missing")))?;
        bounded(name, value)
    }

    /// The value of a field that may be missing.
    pub(super) fn optional(&self, name: &str) -> Result<&str, Refusal> {
        bounded(name, self.get(name).unwrap_or_default())
    }

    /// The value of a field that must be there and not be empty.
    pub(super) fn filled(&self, name: &str) -> Result<&str, Refusal> {
        let value = self.present(name)?;
        if value.is_empty() { Err(Refusal::parameter(format!("{name} is empty"))) } else { Ok(value) }
    }

    /// The value of a field that is `true` or `false`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.filled(name)? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Refusal::parameter(format!("{name} is neither true nor false"))),
        }
    }

    /// The value of a field that is a whole number.
    pub(super) fn number(&self, name: &str) -> Result<i64, Refusal> {
        let value = self.filled(name)?;
        value.parse().map_err(|_| Refusal::parameter(format!("{name} is not a whole number")))
    }
}

/// The text of a field of a JSON object that must be there and not be empty.
pub(super) fn filled<'v>(object: &'v Value, name: &str) -> Result<&'v str, Refusal> {
    match &object[name] {
        Value::String(text) if !text.is_empty() => Ok(text),
        Value::Null => Err(Refusal::parameter(format!("{name} is missing"))),
        Value::String(_) => Err(Refusal::parameter(format!("{name} is empty"))),
        _ => Err(Refusal::parameter(format!("{name} is not a string"))),
    }
}

/// The text of a field of a JSON object that may be missing.
pub(super) fn optional(object: &Value, name: &str) -> Result<String, Refusal> {
    match &object[name] {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        _ => Err(Refusal::parameter(format!("{name} is not a string"))),
    }
}

/// The text of a field, if it is no longer than the sandbox keeps.
pub(super) fn bounded<'t>(name: &str, text: &'t str) -> Result<&'t str, Refusal> {
    if text.len() <= MAX_FIELD {
        return Ok(text);
    }
    let length = text.len();
    Err(Refusal::parameter(format!("{name} has {length} bytes; this sandbox keeps {MAX_FIELD}")))
}

/// The id of a user, which must not be empty.
pub(super) fn user_id(name: &str, id: &str) -> Result<UserId, Refusal> {
    if id.is_empty() {
        return Err(Refusal::parameter(format!("{name} holds something that is no user's id")));
    }
    Ok(bounded(name, id)?.into())
}

/// The list in a field of a JSON object, of 1 to `max` entries.
pub(super) fn list<'v>(object: &'v Value, name: &str, max: usize) -> Result<&'v [Value], Refusal> {
    let list =
        object[name].as_array().ok_or_else(|| Refusal::parameter(format!("{name} is not a list")))?;
    if (1..=max).contains(&list.len()) {
        return Ok(list);
    }
    Err(Refusal::parameter(format!("{name} has {} entries, not 1 to {max}", list.len())))
}
