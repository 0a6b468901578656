//! The bytes of an entry, as an answer shows them.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{api::BodyView, texts::Texts};
use crate::journal::{Queue, Record};

/// The bytes of an entry, or that they are hidden.
pub(super) fn body_view(record: &Record, texts: Texts) -> BodyView {
    let text = str::from_utf8(&record.body).ok();
    let form = match (text, record.queue) {
        (None, _) => "binary",
        (Some(text), Queue::Inbox) if text.trim_start().starts_with('<') => "xml",
        (Some(text), _) if serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok() => "json",
        (Some(_), _) => "text",
    };
    BodyView {
        text: text.filter(|_| texts.are_shown()).map(str::to_owned),
        base64: texts.show(|| BASE64_STANDARD.encode(&record.body)).filter(|_| text.is_none()),
        form: form.to_owned(),
        bytes: record.body.len() as u64,
        hidden: !texts.are_shown(),
    }
}
