//! The authentication of a caller: a signature for the platform's API, a token for the portal's.

use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::{answer::Refusal, context::ApiContext, request::ApiRequest};
use crate::{clock::UnixMillis, signature};

/// The largest difference between a caller's clock and the sandbox's. The document checks the time but names no bound;
/// callbacks use this one.
const TOLERANCE_MS: i64 = 300_000;

/// Checks the four parts of the signature (API 调用签名规则): in headers or, for uploads, in the query.
pub(super) fn check_signature(api: &ApiContext, request: &ApiRequest) -> Result<(), Refusal> {
    let part = |name: &str| -> Result<&str, Refusal> {
        let value = if request.path.starts_with("/media/") {
            request.query.get(name)
        } else {
            request.headers.get(name).and_then(|value| value.to_str().ok())
        };
        value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Refusal::signature(format!("{name} is missing")))
    };
    let (key, nonce) = (part("RC-App-Key")?, part("RC-Nonce")?);
    let (timestamp, signature) = (part("RC-Timestamp")?, part("RC-Signature")?);
    if key != api.app_key.as_str() {
        return Err(Refusal::signature("there is no such App Key"));
    }
    let expected = signature::sign(&api.secret, nonce, timestamp);
    if !bool::from(expected.as_bytes().ct_eq(signature.to_ascii_lowercase().as_bytes())) {
        return Err(Refusal::signature("验证签名错误: not SHA1(App Secret + RC-Nonce + RC-Timestamp)"));
    }
    check_time(timestamp, api.clock.now())
}

fn check_time(timestamp: &str, now: UnixMillis) -> Result<(), Refusal> {
    let millis: i64 = timestamp
        .parse()
        .map_err(|_| Refusal::signature("RC-Timestamp is not a number of milliseconds"))?;
    if millis.abs_diff(now.0) <= TOLERANCE_MS.unsigned_abs() {
        return Ok(());
    }
    if timestamp.len() == 10 {
        return Err(Refusal::signature("RC-Timestamp looks like seconds: it must be milliseconds"));
    }
    Err(Refusal::signature("RC-Timestamp is more than five minutes away from the platform's clock"))
}

/// Checks the portal's `access_token`.
pub(super) fn check_token(api: &ApiContext, request: &ApiRequest) -> Result<(), Refusal> {
    let token = request.query.get("access_token").unwrap_or_default();
    let expected = api.portal_token.expose_secret();
    if bool::from(expected.as_bytes().ct_eq(token.as_bytes())) {
        return Ok(());
    }
    Err(Refusal::signature("the access_token is missing, wrong or expired"))
}
