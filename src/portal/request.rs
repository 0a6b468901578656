//! One call of the portal push API: add the token, send, decode.

use reqwest::RequestBuilder;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, de::DeserializeOwned};
use url::{Url, form_urlencoded};

use super::{Portal, TokenSource};
use crate::{
    client::{
        Answer, ClientError,
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

/// The shape of every answer; calls that return nothing may leave `data` out.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    msg: Option<String>,
    code: i64,
    #[serde(default)]
    data: serde_json::Value,
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
        self.caller.transport.call(path, &self.clock, prepare, |received| decode(&received)).await
    }
}

fn decode<T: DeserializeOwned>(received: &Received) -> Result<T, ClientError> {
    let status = received.status;
    let Ok(envelope) = serde_json::from_str::<Envelope>(&received.text) else {
        let errmsg = excerpt(&received.text);
        return Err(into_error(Answer { status, errcode: None, errmsg }));
    };
    if !(200..300).contains(&status) || envelope.code != OK {
        let errmsg = excerpt(&envelope.msg.unwrap_or_default());
        return Err(into_error(Answer { status, errcode: Some(ErrCode(envelope.code)), errmsg }));
    }
    T::deserialize(envelope.data).map_err(|_| {
        ClientError::Unreadable(Answer { status, errcode: None, errmsg: excerpt(&received.text) })
    })
}

/// The error that an answer of the portal is.
///
/// The document names no codes but 200, which is HTTP's: the others are read as HTTP's, too.
fn into_error(answer: Answer) -> ClientError {
    let code = answer.errcode.map_or(i64::from(answer.status), |errcode| errcode.0);
    match (code, answer.status) {
        (401, _) | (_, 401) => ClientError::Token(format!("the portal refused it ({answer})")),
        (429, _) | (_, 429) => ClientError::RateLimited(answer),
        (500..600, _) | (_, 500..) => ClientError::Unavailable(answer),
        _ if answer.errcode.is_some() => ClientError::Refused(answer),
        _ => ClientError::Unreadable(answer),
    }
}
