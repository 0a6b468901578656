//! What is sent later, as it is kept until then.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::protocol::Payload;

/// The version of the stored form that this program writes, and the newest that it reads.
const VERSION: u32 = 1;

/// What is sent later, as it is kept until then.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StoredLater {
    /// Whether it belongs to the state that was put with it, and is left out once that has changed.
    pub(super) is_bound: bool,
    pub(super) payloads: Vec<Payload>,
}

/// The stored form: `{"v":1,"bound":false,"payloads":[{"text":{"content":"…"}}]}`.
#[derive(Serialize, Deserialize)]
struct Stored<P> {
    v: u32,
    bound: bool,
    payloads: P,
}

impl StoredLater {
    /// The stored form: versioned JSON.
    pub(super) fn encode(&self) -> Bytes {
        let stored = Stored { v: VERSION, bound: self.is_bound, payloads: &self.payloads };
        serde_json::json!(stored).to_string().into()
    }

    /// Reads the stored form.
    pub(super) fn decode(body: &[u8]) -> Result<Self, String> {
        let stored: Stored<Vec<Payload>> =
            serde_json::from_slice(body).map_err(|error| format!("no stored reminder: {error}"))?;
        if stored.v > VERSION {
            return Err(format!("a reminder of version {}, which a newer program has stored", stored.v));
        }
        Ok(Self { is_bound: stored.bound, payloads: stored.payloads })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back_and_a_newer_form_is_refused() {
        let later = StoredLater { is_bound: true, payloads: vec![Payload::text("请评价")] };
        let body = later.encode();
        assert_eq!(
            &body[..],
            r#"{"v":1,"bound":true,"payloads":[{"text":{"content":"请评价"}}]}"#.as_bytes()
        );
        assert_eq!(StoredLater::decode(&body).unwrap(), later);
        let newer = StoredLater::decode(br#"{"v":2,"bound":true,"payloads":[]}"#).unwrap_err();
        assert!(newer.contains("of version 2"), "{newer}");
        assert!(StoredLater::decode(b"<xml/>").unwrap_err().contains("no stored reminder"));
    }
}
