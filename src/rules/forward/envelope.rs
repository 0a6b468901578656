//! The JSON of a forwarded message, with a version.

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use super::service_answer::Asker;
use crate::{
    clock::UnixMillis,
    ids::{AccountId, AppKey, MessageId, UserId},
    protocol::{Inbound, xml::Fields},
    rules::language::{Captures, own_fields},
};

/// The version of the form; a field that is added does not change it.
const VERSION: u32 = 1;

/// A message on its way to another service; the page `docs/rules.md` documents it.
#[derive(Debug, Serialize)]
pub(in crate::rules) struct Envelope<'a> {
    version: u32,
    pub(super) id: String,
    attempt: u32,
    accepted_at: String,
    /// The rule that forwards the message; none for the desk.
    rule: Option<&'a str>,
    app: &'a AppKey,
    account: &'a AccountId,
    user: &'a UserId,
    kind: &'static str,
    message_id: Option<&'a MessageId>,
    create_time: Option<i64>,
    fields: Map<String, Value>,
    extra: &'a Fields,
    captures: Value,
    /// The state of the service's dialogue.
    state: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// The envelope of `inbound`, which `rule` forwards. The conversation is in no dialogue of the service.
    pub(in crate::rules) fn of_rule(
        rule: &'a str,
        app: &'a AppKey,
        inbound: &'a Inbound,
        captures: &Captures,
        attempt: (u32, UnixMillis),
    ) -> Self {
        let captures = captures.iter().map(|(name, found)| (name.clone(), Value::from(found.as_str())));
        Self { rule: Some(rule), captures: captures.collect(), ..Self::of_desk(app, inbound, attempt) }
    }

    /// The envelope of `inbound`, which comes while a person has the conversation.
    pub(in crate::rules) fn of_desk(
        app: &'a AppKey,
        inbound: &'a Inbound,
        (attempt, accepted_at): (u32, UnixMillis),
    ) -> Self {
        Self {
            version: VERSION,
            id: super::webhook::id(app, inbound),
            attempt,
            accepted_at: jiff::Timestamp::from_millisecond(accepted_at.0)
                .unwrap_or_default()
                .to_string(),
            rule: None,
            app,
            account: &inbound.account,
            user: &inbound.user,
            kind: inbound.kind(),
            message_id: inbound.message_id.as_ref(),
            create_time: inbound.create_time,
            fields: own_fields(inbound),
            extra: &inbound.extra,
            captures: Value::Object(Map::new()),
            state: None,
        }
    }

    /// Sets the state of the service's dialogue.
    pub(in crate::rules) fn with_state(self, state: Option<&'a RawValue>) -> Self {
        Self { state, ..self }
    }

    /// The part of the program that the answer goes to.
    pub(super) fn asker(&self) -> Asker {
        if self.rule.is_some() { Asker::Rule } else { Asker::Desk }
    }
}
