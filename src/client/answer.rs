//! Answers of the platform's API: JSON with a code (`errcode`), an explanation (`errmsg`) and a result.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::Value;

use crate::{
    http::{
        error::{Answer, ClientError},
        exchange::RawAnswer,
        lenient,
        redaction::excerpt,
    },
    protocol::ErrCode,
};

/// The answer of a call that returns an account or a menu.
#[derive(Debug, Deserialize)]
pub(super) struct InfoAnswer<T> {
    /// The account or the menu, as it is after the call.
    pub(super) info: T,
}

/// The answer of a call that returns nothing else than its code.
#[derive(Debug, Deserialize)]
pub(super) struct CodeAnswer {
    #[expect(dead_code, reason = "its presence tells an answer of this API from any other JSON")]
    #[serde(deserialize_with = "deserialize_code")]
    errcode: i64,
    /// The platform's id of a message to all followers.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub(super) msg_id: Option<String>,
}

fn deserialize_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let code = lenient::to_integer(&Value::deserialize(deserializer)?);
    code.ok_or_else(|| D::Error::custom("it is no number"))
}

/// Reads an answer.
///
/// The code 0 is decisive, whatever else is odd: what was carried out is never reported as failed.
///
/// # Errors
///
/// The error that the answer stands for; [`ClientError::Incomplete`] for the code 0 without the result.
pub(super) fn decode<T: DeserializeOwned>(answer: RawAnswer) -> Result<T, ClientError> {
    let text = answer.text();
    let value = lenient::parse_first(&text);
    let errcode = lenient::to_integer(&value["errcode"]).map(ErrCode);
    let is_done = errcode == Some(ErrCode::OK);
    let errmsg = lenient::to_text(value["errmsg"].clone());
    if (is_done || errcode.is_none() && (200..300).contains(&answer.status))
        && value.is_object()
        && let Ok(result) = T::deserialize(value)
    {
        return Ok(result);
    }
    let errmsg = excerpt(errmsg.as_deref().unwrap_or(&text));
    drop(text);
    let answer = answer.into_answer(errcode, errmsg);
    Err(if is_done { ClientError::Incomplete(answer) } else { answer_error(answer) })
}

/// The error that an answer stands for.
///
/// A known code decides, whatever the HTTP status; an unknown one is permanent unless the status is
/// 408, 425 or 5xx: what the documents do not name will not get better by asking again.
fn answer_error(answer: Answer) -> ClientError {
    match (answer.errcode, answer.status) {
        (Some(ErrCode::BAD_SIGNATURE), _) | (_, 401) => ClientError::Unauthorized(answer),
        (Some(ErrCode::INTERNAL), _) => ClientError::Unavailable(answer),
        (Some(ErrCode::BAD_PARAMETER | ErrCode::BAD_MEDIA_TYPE | ErrCode::NOT_ALLOWED), _) => {
            ClientError::Refused(answer)
        }
        (Some(ErrCode::RATE_EXCEEDED), _) | (_, 429) => ClientError::RateLimited(answer),
        (_, 408 | 425 | 500..) => ClientError::Unavailable(answer),
        (Some(_), _) => ClientError::Refused(answer),
        (None, _) => ClientError::Unreadable(answer),
    }
}
