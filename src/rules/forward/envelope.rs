//! The JSON of a forwarded message, with a version.

use serde::Serialize;
use serde_json::{Map, Value};

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
    rule: &'a str,
    app: &'a AppKey,
    account: &'a AccountId,
    user: &'a UserId,
    kind: &'static str,
    message_id: Option<&'a MessageId>,
    create_time: Option<i64>,
    fields: Map<String, Value>,
    extra: &'a Fields,
    captures: Value,
}

impl<'a> Envelope<'a> {
    /// The envelope of `inbound`, which `rule` forwards.
    pub(in crate::rules) fn new(
        rule: &'a str,
        app: &'a AppKey,
        inbound: &'a Inbound,
        captures: &Captures,
        (attempt, accepted_at): (u32, UnixMillis),
    ) -> Self {
        Self {
            version: VERSION,
            id: super::webhook::id(app, inbound),
            attempt,
            accepted_at: jiff::Timestamp::from_millisecond(accepted_at.0)
                .unwrap_or_default()
                .to_string(),
            rule,
            app,
            account: &inbound.account,
            user: &inbound.user,
            kind: inbound.kind(),
            message_id: inbound.message_id.as_ref(),
            create_time: inbound.create_time,
            fields: own_fields(inbound),
            extra: &inbound.extra,
            captures: captures
                .iter()
                .map(|(name, found)| (name.clone(), Value::from(found.as_str())))
                .collect(),
        }
    }
}
