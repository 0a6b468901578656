//! A document: a file with a message to send, and the failures that name the file.

use std::path::Path;

use rongcloud_callback::ids::AppKey;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{address, api::Api, failure::Failure, input, log};

/// The hint that says how to write a message for the platform's API.
const PLATFORM_HINT: &str = r#"write the document's {"fromuser":"…","touser":"…","msgtype":"text","text":{"content":"…"}}, of any msgtype, or its last part only"#;
/// The hint that says how to write a message for the portal.
const PORTAL_HINT: &str = r#"write the document's {"channelId":"…","toUserId":"…","msgtype":"text","text":{"content":"…"},"userinfo":{"id":"…","name":"…","headimgurl":"…"}}, of any msgtype, or the part that is named after its msgtype only"#;

/// The words that stand for addresses in the document's examples, which can be sent as they are.
const PLACEHOLDERS: [&str; 2] = ["URL", "PIC_URL"];

/// A file with a message, and the use that is made of it.
pub(crate) struct Document<'a> {
    pub(crate) path: &'a Path,
    pub(crate) api: Api,
    /// The app that the message is sent for.
    pub(crate) app: &'a AppKey,
    /// The hint that says how to write the file.
    pub(crate) hint: &'static str,
}

impl<'a> Document<'a> {
    /// The document in the file at `path`, to be sent through `api` for `app`.
    pub(crate) fn new(path: &'a Path, api: Api, app: &'a AppKey) -> Self {
        let hint = match api {
            Api::Platform => PLATFORM_HINT,
            Api::Portal => PORTAL_HINT,
        };
        Self { path, api, app, hint }
    }

    /// Checks that an object has no unknown fields, as they would not be sent.
    pub(crate) fn check_fields(&self, what: &str, value: &Value, known: &[&str]) -> Result<(), Failure> {
        let fields = value
            .as_object()
            .ok_or_else(|| self.content_error(format!("its {what} is no JSON object")))?;
        let Some(field) = fields.keys().find(|field| !known.contains(&field.as_str())) else {
            return Ok(());
        };
        if self.api == Api::Platform && ["pcUrl", "appUrl", "picUrl"].contains(&field.as_str()) {
            return Err(self.other_api_error(field));
        }
        Err(self.content_error(format!(
            "its {what} has a field {field}, which is none of {}",
            known.join(", ")
        )))
    }

    /// Checks an address in the file.
    pub(crate) fn check_url(&self, field: &str, url: &str) -> Result<(), Failure> {
        check_url(field, url).map_err(|error| self.content_error(error))
    }

    /// Reads a part of the document.
    pub(crate) fn parse<T: DeserializeOwned>(&self, value: Value) -> Result<T, Failure> {
        serde_json::from_value(value)
            .map_err(|error| input::wrong_content_error(error, self.path, self.hint))
    }

    /// The failure where a field belongs to the other API.
    pub(crate) fn other_api_error(&self, field: &str) -> Failure {
        let (owner, hint) = match self.api {
            Api::Platform => ("portal's", "send it through the portal with --portal"),
            Api::Portal => ("platform's own", "send it without --portal"),
        };
        self.content_error(format!("its field {field} is of the {owner} messages")).hint(hint)
    }

    /// The failure where the document cannot be sent as it is.
    pub(crate) fn content_error(&self, why: impl Into<String>) -> Failure {
        input::wrong_content_error(anyhow::Error::msg(why.into()), self.path, self.hint)
    }
}

/// Checks an address in a file. An empty one passes here; the limits of the message decide about it.
fn check_url(field: &str, url: &str) -> Result<(), String> {
    if PLACEHOLDERS.contains(&url) {
        log::warn(&format!("the {field} {url} of the document's example leads nowhere"));
        return Ok(());
    }
    if url.is_empty() {
        return Ok(());
    }
    address::check(url).map(|_| ()).map_err(|why| format!("its {field} {url} is no address: {why}"))
}
