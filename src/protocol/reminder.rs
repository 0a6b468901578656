//! Messages to a user for later, and the form in which they are stored until then.

use serde::{Deserialize, Serialize};

use super::Payload;

/// Messages to send to the user of a conversation later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// Whether the reminder belongs to the dialogue that the conversation was in, and is left out once that has moved on.
    pub is_bound: bool,
    /// The contents of the messages, in the order in which they are sent.
    pub payloads: Vec<Payload>,
}

/// The version of the stored form that this program writes, and the newest that it reads.
const VERSION: u64 = 1;

/// The reason why stored bytes are not a [`Reminder`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReminderError {
    /// Not JSON of the stored form.
    #[error("not the stored form of a reminder")]
    Malformed(#[from] serde_json::Error),
    /// Written by a newer program: run that one, or let it finish first.
    #[error("stored in version {0}, newer than the version {VERSION} that this program reads")]
    Newer(u64),
}

/// The stored form.
#[derive(Serialize, Deserialize)]
struct Stored<P> {
    v: u64,
    bound: bool,
    payloads: P,
}

#[derive(Deserialize)]
struct Version {
    v: u64,
}

impl Reminder {
    /// The stored form: versioned JSON.
    ///
    /// # Format
    ///
    /// `{"v":1,"bound":false,"payloads":[{"text":{"content":"…"}}]}`
    pub fn encode(&self) -> Vec<u8> {
        let stored = Stored { v: VERSION, bound: self.is_bound, payloads: &self.payloads };
        serde_json::json!(stored).to_string().into_bytes()
    }

    /// Reads the stored form.
    ///
    /// # Errors
    ///
    /// See [`ReminderError`].
    pub fn decode(stored: &[u8]) -> Result<Self, ReminderError> {
        let Version { v } = serde_json::from_slice(stored)?;
        if v > VERSION {
            return Err(ReminderError::Newer(v));
        }
        let Stored { bound, payloads, .. } = serde_json::from_slice(stored)?;
        Ok(Self { is_bound: bound, payloads })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back_and_a_newer_form_is_refused() {
        let reminder = Reminder { is_bound: true, payloads: vec![Payload::text("请评价")] };
        let stored = reminder.encode();
        let expected = serde_json::json!({ "v": 1, "bound": true, "payloads": [{ "text": { "content": "请评价" } }] });
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&stored).unwrap(), expected);
        assert_eq!(Reminder::decode(&stored).unwrap(), reminder);
        let newer = Reminder::decode(br#"{"v":2,"anything":true}"#).unwrap_err();
        assert!(matches!(newer, ReminderError::Newer(2)), "{newer}");
        assert!(matches!(Reminder::decode(b"<xml/>"), Err(ReminderError::Malformed(_))));
    }
}
