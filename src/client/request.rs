//! One signed call of the platform's API: sign, send, decode.

use reqwest::{RequestBuilder, header::HeaderMap};
use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _},
};
use serde_json::Value;
use url::Url;

use super::{
    Answer, Client, ClientError, loose,
    transport::{Prepared, Received, Transport, address, excerpt},
};
use crate::{clock::Clock, ids::AppKey, protocol::ErrCode, signature};

/// Who calls, and over what.
pub(super) struct Caller {
    /// The app that calls are made for.
    pub(super) app: AppKey,
    /// What they are signed with.
    pub(super) secret: SecretString,
    /// How they get there.
    pub(super) transport: Transport,
}

/// Where the four parts of the signature go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Placement {
    /// Into headers, as with most calls.
    Headers,
    /// Into the address, as with uploads.
    Query,
}

/// The answer of a call that returns an account or a menu.
#[derive(Debug, Deserialize)]
pub(super) struct Answered<T> {
    /// What the call was about, as it is now.
    pub(super) info: T,
}

/// The answer of a call that returns nothing else.
#[derive(Debug, Deserialize)]
pub(super) struct Done {
    #[expect(dead_code, reason = "its presence tells an answer of this API from any other JSON")]
    #[serde(deserialize_with = "code")]
    errcode: i64,
    /// The platform's id of a message to all followers.
    #[serde(default, deserialize_with = "loose::optional")]
    pub(super) msg_id: Option<String>,
}

/// The code of an answer, which must be one.
fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let code = loose::whole(&Value::deserialize(deserializer)?);
    code.ok_or_else(|| D::Error::custom("it is no number"))
}

impl Client {
    /// Makes a call that takes a form.
    pub(super) async fn post_form<T: DeserializeOwned>(
        &self,
        path: &'static str,
        fields: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        self.post(path, Placement::Headers, |request| request.form(fields)).await
    }

    /// Makes a call that takes JSON.
    pub(super) async fn post_json<T: DeserializeOwned>(
        &self,
        path: &'static str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.post(path, Placement::Headers, |request| request.json(body)).await
    }

    /// Makes one call; `fill` adds the body.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &'static str,
        placement: Placement,
        fill: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<T, ClientError> {
        let prepare = |http: &reqwest::Client, base: &Url| {
            let (signed, signature) = self.caller.sign(&self.clock);
            let request = http.post(address(base, path));
            let request = match placement {
                Placement::Headers => request.headers(headers(&signed)?),
                Placement::Query => request.query(&signed),
            };
            Ok(Prepared { request: fill(request), sensitive: vec![signature] })
        };
        if self.dry_run {
            return Err(self.caller.transport.unsent(&self.clock, prepare));
        }
        self.caller.transport.call(path, &self.clock, prepare, decode).await
    }
}

impl Caller {
    /// The four parts that every call carries, and the signature among them.
    fn sign(&self, clock: &Clock) -> ([(&'static str, String); 4], String) {
        let nonce = format!("{:016x}", rand::random::<u64>());
        let timestamp = clock.now().0.to_string();
        let signature = signature::sign(&self.secret, &nonce, &timestamp);
        let signed = [
            ("RC-App-Key", self.app.as_str().to_owned()),
            ("RC-Nonce", nonce),
            ("RC-Timestamp", timestamp),
            ("RC-Signature", signature.clone()),
        ];
        (signed, signature)
    }
}

fn headers(signed: &[(&'static str, String)]) -> Result<HeaderMap, ClientError> {
    let mut headers = HeaderMap::new();
    for (name, value) in signed {
        let value = value.parse().map_err(|_| {
            ClientError::Setup(format!("{name} has characters that no HTTP header can carry"))
        })?;
        headers.insert(*name, value);
    }
    Ok(headers)
}

/// Reads an answer.
///
/// The code 0 is decisive, whatever else is odd: what was carried out is never reported as failed.
fn decode<T: DeserializeOwned>(received: Received) -> Result<T, ClientError> {
    let Received { status, retry_after, text, call, .. } = received;
    let value = loose::json(&text);
    let errcode = loose::whole(&value["errcode"]).map(ErrCode);
    let done = errcode == Some(ErrCode::OK);
    let errmsg = loose::written(value["errmsg"].clone());
    if (done || errcode.is_none() && (200..300).contains(&status))
        && value.is_object()
        && let Ok(answer) = T::deserialize(value)
    {
        return Ok(answer);
    }
    let errmsg = excerpt(errmsg.as_ref().unwrap_or(&text));
    let answer = Answer { call, status, errcode, errmsg, retry_after };
    Err(if done { ClientError::Incomplete(answer) } else { answer.into_error() })
}
