//! Answers of the portal: JSON with a code (`code`), an explanation (`msg`) and a result (`data`).

use serde::de::DeserializeOwned;

use crate::{
    http::{
        error::{Answer, ClientError},
        exchange::RawAnswer,
        lenient,
        redaction::excerpt,
    },
    protocol::ErrCode,
};

const OK: i64 = 200;

/// Reads an answer.
///
/// The code 200 in it is decisive, whatever else is odd: what was carried out is never reported as failed.
///
/// # Errors
///
/// The error that the answer stands for; [`ClientError::Incomplete`] for the code 200 without the result.
pub(super) fn decode<T: DeserializeOwned>(answer: RawAnswer) -> Result<T, ClientError> {
    let text = answer.text();
    let value = lenient::parse_first(&text);
    let code = lenient::to_integer(&value["code"]);
    let is_done = code == Some(OK);
    if is_done && let Ok(result) = T::deserialize(&value["data"]) {
        return Ok(result);
    }
    let msg = lenient::to_text(value["msg"].clone());
    let errmsg = match (code, &msg) {
        (Some(_), msg) => msg.as_deref().unwrap_or_default(),
        (None, _) => &text,
    };
    let errmsg = excerpt(errmsg);
    drop(text);
    let answer = answer.into_answer(code.map(ErrCode), errmsg);
    Err(if is_done { ClientError::Incomplete(answer) } else { answer_error(answer) })
}

/// The error that an answer stands for.
///
/// The document names no codes but 200, which is HTTP's: the others are read as HTTP's, too.
fn answer_error(answer: Answer) -> ClientError {
    let code = answer.errcode.map_or(i64::from(answer.status), |errcode| errcode.0);
    match (code, answer.status) {
        (401, _) | (_, 401) => {
            ClientError::Token(format!("the portal refused it ({answer}) at {}", answer.call))
        }
        (429, _) | (_, 429) => ClientError::RateLimited(answer),
        (408 | 425 | 500..600, _) | (_, 408 | 425 | 500..) => ClientError::Unavailable(answer),
        _ if answer.errcode.is_some() => ClientError::Refused(answer),
        _ => ClientError::Unreadable(answer),
    }
}
