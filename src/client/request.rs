//! One signed call of the platform's API: sign, send, decode.

use reqwest::{RequestBuilder, header::HeaderMap};
use secrecy::SecretString;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::{
    Answer, Client, ClientError,
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
    errcode: ErrCode,
    /// The platform's id of a message to all followers.
    pub(super) msg_id: Option<String>,
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
        self.caller.transport.call(path, &self.clock, prepare, |received| decode(&received)).await
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

fn decode<T: DeserializeOwned>(received: &Received) -> Result<T, ClientError> {
    let status = received.status;
    let value: Value = serde_json::from_str(&received.text).unwrap_or_default();
    let errcode = value.get("errcode").and_then(Value::as_i64).map(ErrCode);
    if (200..300).contains(&status)
        && errcode.is_none_or(|errcode| errcode == ErrCode::OK)
        && let Ok(answer) = T::deserialize(&value)
    {
        return Ok(answer);
    }
    let errmsg = value.get("errmsg").and_then(Value::as_str).unwrap_or(&received.text);
    // A zero code in an answer that is none says nothing about what went wrong.
    let errcode = errcode.filter(|errcode| *errcode != ErrCode::OK);
    Err(Answer { status, errcode, errmsg: excerpt(errmsg) }.into_error())
}
