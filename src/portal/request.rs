//! One call of the portal push API: add the token, send, decode.

use reqwest::RequestBuilder;
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use url::{Url, form_urlencoded};

use super::{Portal, TokenSource};
use crate::{
    client::{
        Answer, ClientError, loose,
        transport::{Prepared, Received, Transport, address, excerpt},
    },
    protocol::ErrCode,
};

/// Whose token calls carry, and what they go over.
pub(super) struct Caller {
    /// The token.
    pub(super) token: TokenSource,
    /// The way.
    pub(super) transport: Transport,
}

const OK: i64 = 200;

impl Portal {
    /// Makes one call; `fill` adds the body.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &'static str,
        fill: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<T, ClientError> {
        let token = self.caller.token.token().await?;
        let token = token.expose_secret();
        let prepare = |http: &reqwest::Client, base: &Url| {
            let request = fill(http.post(address(base, path))).query(&[("access_token", token)]);
            let encoded = form_urlencoded::byte_serialize(token.as_bytes()).collect();
            Ok(Prepared { request, sensitive: vec![token.to_owned(), encoded] })
        };
        if self.dry_run {
            return Err(self.caller.transport.unsent(&self.clock, prepare));
        }
        self.caller.transport.call(path, &self.clock, prepare, decode).await
    }
}

/// Reads an answer.
///
/// The code 200 in it is decisive, whatever else is odd: what was carried out is never reported as failed.
fn decode<T: DeserializeOwned>(received: Received) -> Result<T, ClientError> {
    let Received { status, retry_after, text, call, .. } = received;
    let value = loose::json(&text);
    let code = loose::whole(&value["code"]);
    let msg = loose::written(value["msg"].clone());
    let done = code == Some(OK);
    if done && let Ok(answer) = T::deserialize(&value["data"]) {
        return Ok(answer);
    }
    let errmsg = match (code, &msg) {
        (Some(_), msg) => msg.as_deref().unwrap_or_default(),
        (None, _) => &text,
    };
    let errcode = code.map(ErrCode);
    let answer = Answer { call, status, errcode, errmsg: excerpt(errmsg), retry_after };
    Err(if done { ClientError::Incomplete(answer) } else { into_error(answer) })
}

/// The error that an answer of the portal is.
///
/// The document names no codes but 200, which is HTTP's: the others are read as HTTP's, too.
fn into_error(answer: Answer) -> ClientError {
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
