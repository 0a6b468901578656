//! The state that a conversation must have after a step.

use serde::Deserialize;
use serde_json::Value;

use crate::sandbox::dialogue_log::DialogueState;

/// The name that stands for a conversation in no dialogue.
const NONE: &str = "none";

/// The state that a conversation must have.
#[derive(Debug, Clone)]
pub(super) enum ExpectedState {
    /// The conversation is in no dialogue.
    None,
    /// The conversation is in this dialogue, with any body or with this one.
    Dialogue { name: String, body: Option<Value> },
}

/// The key `state` of a step.
#[derive(Deserialize)]
#[serde(untagged, expecting = "`state` is \"none\", the name of a dialogue, or { dialogue, body }")]
pub(super) enum StateEntry {
    Name(String),
    Dialogue(DialogueEntry),
}

/// A dialogue with its body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DialogueEntry {
    dialogue: String,
    body: Value,
}

impl From<StateEntry> for ExpectedState {
    fn from(entry: StateEntry) -> Self {
        match entry {
            StateEntry::Name(name) if name == NONE => Self::None,
            StateEntry::Name(name) => Self::Dialogue { name, body: None },
            StateEntry::Dialogue(DialogueEntry { dialogue: name, body }) => {
                Self::Dialogue { name, body: Some(body) }
            }
        }
    }
}

impl ExpectedState {
    /// Whether `stored` is this state. The body is compared as a whole.
    pub(super) fn is_met_by(&self, stored: Option<&DialogueState>) -> bool {
        match (self, stored) {
            (Self::None, None) => true,
            (Self::Dialogue { name, body }, Some(stored)) => {
                *name == stored.name
                    && body.as_ref().is_none_or(|body| *body == without_nulls(stored.body.clone()))
            }
            (Self::None, Some(_)) | (Self::Dialogue { .. }, None) => false,
        }
    }
}

/// A body without the fields that are `null`, which TOML cannot write.
fn without_nulls(body: Value) -> Value {
    match body {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_met(entry: &str, name: &str, body: Value) -> bool {
        #[derive(Deserialize)]
        struct Step {
            state: StateEntry,
        }
        let Step { state } = toml::from_str(&format!("state = {entry}")).unwrap();
        let stored = DialogueState { name: name.to_owned(), version: 1, body };
        ExpectedState::from(state).is_met_by((name != NONE).then_some(&stored))
    }

    #[test]
    fn a_state_is_none_or_a_dialogue_with_any_body_or_with_exactly_this_one() {
        let size = || json!({ "Size": { "item": "鞋", "note": null, "size": 42 } });
        let same = "{ dialogue = \"order\", body = { Size = { item = \"鞋\", size = 42 } } }";
        let less = "{ dialogue = \"order\", body = { Size = { item = \"鞋\" } } }";
        for (entry, name, body, is_same) in [
            ("\"none\"", "none", json!(null), true),
            ("\"none\"", "order", size(), false),
            ("\"order\"", "order", size(), true),
            ("\"order\"", "none", json!(null), false),
            ("\"person\"", "order", size(), false),
            (same, "order", size(), true),
            (same, "rule:order", size(), false),
            (less, "order", size(), false),
            ("{ dialogue = \"order\", body = \"Start\" }", "order", json!("Start"), true),
            ("{ dialogue = \"order\", body = [1.5, true] }", "order", json!([1.5, true]), true),
        ] {
            assert_eq!(is_met(entry, name, body), is_same, "{entry} {name}");
        }
        let wrong =
            toml::from_str::<std::collections::HashMap<String, StateEntry>>("state = { body = 1 }");
        assert!(wrong.is_err_and(|error| error.to_string().contains("`state` is \"none\", the name")));
    }
}
