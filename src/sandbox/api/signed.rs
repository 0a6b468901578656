//! Who calls: the four parts of the signature (API 调用签名规则), in headers or, for uploads, in the query.

use subtle::ConstantTimeEq;

use super::{Refusal, asked::Asked};
use crate::{clock::UnixMillis, sandbox::platform::Platform, signature};

/// How far a caller's clock may be from ours. The document checks the time but names no bound; callbacks use this one.
const TOLERANCE_MS: i64 = 300_000;

pub(super) fn check(platform: &Platform, asked: &Asked) -> Result<(), Refusal> {
    let part = |name: &str| -> Result<&str, Refusal> {
        let value = if asked.path.starts_with("/media/") {
            asked.query.get(name)
        } else {
            asked.headers.get(name).and_then(|value| value.to_str().ok())
        };
        value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Refusal::signature(format!("{name} is missing")))
    };
    let (key, nonce) = (part("RC-App-Key")?, part("RC-Nonce")?);
    let (timestamp, signature) = (part("RC-Timestamp")?, part("RC-Signature")?);
    if key != platform.app_key.as_str() {
        return Err(Refusal::signature("there is no such App Key"));
    }
    let expected = signature::sign(&platform.secret, nonce, timestamp);
    if !bool::from(expected.as_bytes().ct_eq(signature.to_ascii_lowercase().as_bytes())) {
        return Err(Refusal::signature("验证签名错误: not SHA1(App Secret + RC-Nonce + RC-Timestamp)"));
    }
    check_time(timestamp, platform.clock.now())
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
