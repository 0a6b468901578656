//! Standard Webhooks: the three headers by which a service recognizes our requests.
//!
//! The [specification](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md) has
//! `webhook-signature` over `webhook-id`, `webhook-timestamp` and the body, joined with dots: HMAC-SHA256, in base64
//! behind `v1,`, and one for each secret with a space between them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};

use crate::{clock::UnixMillis, ids::AppKey, protocol::Inbound};

/// The id of a message for services (`webhook-id`): equal at each attempt, and different for each message.
pub(super) fn id(app: &AppKey, inbound: &Inbound) -> String {
    let digest = Sha256::digest(inbound.dedup_key(app));
    format!("msg_{}", hex::encode(&digest[..16]))
}

/// The time of an attempt (`webhook-timestamp`), in seconds since 1970.
pub(super) fn timestamp(now: UnixMillis) -> String {
    now.0.div_euclid(1000).to_string()
}

/// The signatures of a request (`webhook-signature`), one for each secret.
pub(super) fn signatures(secrets: &[SecretSlice<u8>], id: &str, timestamp: &str, body: &[u8]) -> String {
    let sign = |secret: &SecretSlice<u8>| {
        // HMAC-SHA256 takes keys of any size, so this never fails.
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret()).ok()?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    secrets.iter().filter_map(sign).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> SecretSlice<u8> {
        STANDARD.decode(secret).unwrap().into()
    }

    #[test]
    fn the_signature_is_that_of_the_specification_s_own_example() {
        let secret = key("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let signed = signatures(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_has_a_signature_of_its_own() {
        let secrets = [key("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), key("C2FVsBQIhrscChlQIMV+b5sSYspob7oD")];
        let both = signatures(&secrets, "id", "1", b"{}");
        let each = secrets.map(|secret| signatures(&[secret], "id", "1", b"{}"));
        assert_eq!(both, each.join(" "));
        assert_ne!(each[0], each[1]);
    }
}
