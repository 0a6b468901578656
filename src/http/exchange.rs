//! One exchange with a server: a request is sent, and a bounded answer is read.

use std::{borrow::Cow, time::Duration};

use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::{
    call::Call,
    error::{Answer, ClientError, NoAnswer},
    redaction::{innermost_cause, mask},
    retry_after,
};
use crate::{clock::Clock, protocol::ErrCode};

/// The largest answer that is read, in bytes. No answer of either API comes near this size.
const MAX_ANSWER: usize = 1 << 20;

/// A server's answer before it is decoded.
pub(crate) struct RawAnswer {
    /// The call that was answered.
    pub(crate) call: Call,
    /// HTTP status.
    pub(crate) status: u16,
    /// How long the server asks to wait before the next call (`Retry-After`).
    pub(crate) retry_after: Option<Duration>,
    /// All headers.
    pub(crate) headers: HeaderMap,
    /// The body, without the texts that must not be shown.
    pub(crate) body: AnswerBody,
}

/// The body of an answer.
pub(crate) enum AnswerBody {
    /// A text in UTF-8.
    Text(String),
    /// A body that is not UTF-8; each part that is wrong is replaced by U+FFFD.
    NotUtf8(String),
    /// A body of more than [`MAX_ANSWER`] bytes, which is not kept.
    TooLarge,
}

impl RawAnswer {
    /// The body as text; for one that is too large, a text that says so.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match &self.body {
            AnswerBody::Text(text) | AnswerBody::NotUtf8(text) => text.into(),
            AnswerBody::TooLarge => format!("larger than {MAX_ANSWER} bytes").into(),
        }
    }

    /// The value of a header, its UTF-8 errors replaced.
    pub(crate) fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
    }

    /// The part of the answer that an error shows.
    pub(crate) fn into_answer(self, errcode: Option<ErrCode>, errmsg: String) -> Answer {
        let Self { call, status, retry_after, .. } = self;
        Answer { call, status, errcode, errmsg, retry_after }
    }
}

/// Sends `request`, which is `call` in errors, and reads the answer without the `sensitive` texts.
///
/// The second value is the error of a connection that broke in the middle of the body.
///
/// # Errors
///
/// [`ClientError::Transport`]: no answer came.
pub(super) async fn exchange(
    http: &reqwest::Client,
    request: reqwest::Request,
    call: Call,
    sensitive: &[String],
    clock: &Clock,
) -> Result<(RawAnswer, Option<ClientError>), ClientError> {
    let no_answer = |error: reqwest::Error| {
        ClientError::Transport(NoAnswer { call: call.clone(), cause: innermost_cause(&error) })
    };
    let mut response = http.execute(request).await.map_err(no_answer)?;
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|value| retry_after::parse(value, clock.now()));
    let (body, interruption) = read_body(&mut response, MAX_ANSWER).await;
    let body = match body {
        None => AnswerBody::TooLarge,
        Some(body) => match String::from_utf8_lossy(&body) {
            Cow::Borrowed(text) => AnswerBody::Text(mask(text, sensitive)),
            Cow::Owned(text) => AnswerBody::NotUtf8(mask(&text, sensitive)),
        },
    };
    let interruption = interruption.map(no_answer);
    Ok((RawAnswer { call, status, retry_after, headers, body }, interruption))
}

/// Reads a body up to its end or to where the connection broke; none if it has more than `max` bytes.
pub(super) async fn read_body(
    response: &mut reqwest::Response,
    max: usize,
) -> (Option<Vec<u8>>, Option<reqwest::Error>) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return (Some(body), None),
            Ok(Some(chunk)) if body.len() + chunk.len() > max => return (None, None),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) => return (Some(body), Some(error)),
        }
    }
}
