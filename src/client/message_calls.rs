//! The documents' table of calls that send messages: which payload goes to which recipients through which call.

use crate::{
    http::error::{ClientError, not_offered_error},
    protocol::{Payload, Recipients, Source},
};

/// The call that a message is sent by.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageCall {
    /// The path of the call.
    pub(super) path: &'static str,
    /// Whether the body has a `filter`.
    pub(super) has_filter: bool,
}

const STORED_TO_USER: MessageCall = MessageCall { path: "/message/send.json", has_filter: false };
const STORED_TO_FOLLOWERS: MessageCall = MessageCall { path: "/message/sendall.json", has_filter: true };

/// Chooses the call by the documents' table of payloads and recipients.
///
/// # Errors
///
/// [`ClientError::NotOffered`]: the table has no such row.
pub(super) fn choose_call(
    recipients: &Recipients,
    payload: &Payload,
) -> Result<MessageCall, ClientError> {
    let path = match (recipients, payload) {
        (
            _,
            Payload::MpNews(_) | Payload::Image(Source::MediaId(_)) | Payload::Voice(Source::MediaId(_)),
        ) => {
            return choose_stored_call(recipients, payload);
        }
        (Recipients::User(_), _) => "/message/operation/send.json",
        (Recipients::Users(_), Payload::Text(_) | Payload::News(_)) => "/message/batchsend.json",
        (Recipients::Users(_), _) => "/message/operation/batchsend.json",
        (Recipients::Followers, _) => "/message/operation/sendall.json",
    };
    Ok(MessageCall { path, has_filter: false })
}

/// Chooses among the calls for uploads (使用已上传素材发送).
///
/// # Errors
///
/// [`ClientError::NotOffered`]: the table has no such row.
pub(super) fn choose_stored_call(
    recipients: &Recipients,
    payload: &Payload,
) -> Result<MessageCall, ClientError> {
    let is_stored =
        matches!(payload, Payload::Image(Source::MediaId(_)) | Payload::Voice(Source::MediaId(_)));
    match (recipients, payload) {
        (Recipients::User(_), Payload::Text(_) | Payload::News(_)) => Ok(STORED_TO_USER),
        (Recipients::User(_), _) if is_stored => Ok(STORED_TO_USER),
        (Recipients::Followers, Payload::Text(_) | Payload::MpNews(_)) => Ok(STORED_TO_FOLLOWERS),
        (Recipients::Followers, _) if is_stored => Ok(STORED_TO_FOLLOWERS),
        (_, Payload::MpNews(_)) => {
            Err(not_offered_error("an uploaded article (mpnews) goes to all followers only"))
        }
        (Recipients::Users(_), _) if is_stored => Err(not_offered_error(
            "an uploaded picture or recording goes to one user or to all followers; several users need its url",
        )),
        _ => Err(not_offered_error("the calls for uploads do not take this for these recipients")),
    }
}
