//! A message on its way to the platform, and the form in which it is stored until it is sent.

use serde::{Deserialize, Serialize};

use super::{Conversation, Payload};
use crate::ids::{AccountId, UserId};

/// A message to send: sender, recipients and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The public account that sends the message.
    pub sender: AccountId,
    /// The users who receive the message.
    pub recipients: Recipients,
    /// The content of the message.
    pub payload: Payload,
}

/// The users who receive a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipients {
    /// One user.
    User(UserId),
    /// Several users, at most 100 a call.
    Users(Vec<UserId>),
    /// All followers of the account; the platform allows one such message a day.
    Followers,
}

/// The version of the stored form that this program writes, and the newest that it reads.
const VERSION: u64 = 1;

/// The reason why stored bytes are not an [`Outgoing`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutgoingError {
    /// Not JSON of the stored form.
    #[error("not the stored form of an outgoing message")]
    Malformed(#[from] serde_json::Error),
    /// Written by a newer program: run that one, or let it finish first.
    #[error("stored in version {0}, newer than the version {VERSION} that this program reads")]
    Newer(u64),
}

impl Outgoing {
    /// The message with this content to the user of a conversation, from its account.
    pub fn to_user(conversation: &Conversation, payload: Payload) -> Self {
        let Conversation { account, user, .. } = conversation;
        Self { sender: account.clone(), recipients: Recipients::User(user.clone()), payload }
    }

    /// The stored form: versioned JSON.
    ///
    /// # Format
    ///
    /// `{"v":1,"sender":"…","recipients":{"user":"…"},"payload":{"text":{"content":"…"}}}`
    pub fn encode(&self) -> Vec<u8> {
        let Self { sender, recipients, payload } = self;
        let stored = serde_json::json!({
            "v": VERSION,
            "sender": sender,
            "recipients": recipients,
            "payload": payload,
        });
        stored.to_string().into_bytes()
    }

    /// Reads the stored form. Fields that this program does not know are ignored.
    ///
    /// # Errors
    ///
    /// Not JSON, not this form, or a version newer than this program.
    pub fn decode(stored: &[u8]) -> Result<Self, OutgoingError> {
        #[derive(Deserialize)]
        struct Version {
            v: u64,
        }
        let Version { v } = serde_json::from_slice(stored)?;
        if v > VERSION {
            return Err(OutgoingError::Newer(v));
        }
        Ok(serde_json::from_slice(stored)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(recipients: Recipients) -> Outgoing {
        Outgoing { sender: "mc".into(), recipients, payload: Payload::text("hi") }
    }

    #[test]
    fn the_stored_form_is_read_back_and_stays_as_it_is() {
        let to_one = outgoing(Recipients::User("u".into()));
        let stored = serde_json::json!({
            "v": 1, "sender": "mc", "recipients": {"user": "u"}, "payload": {"text": {"content": "hi"}},
        });
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&to_one.encode()).unwrap(), stored);
        for recipients in [Recipients::Users(vec!["u".into(), "w".into()]), Recipients::Followers] {
            let outgoing = outgoing(recipients);
            assert_eq!(Outgoing::decode(&outgoing.encode()).unwrap(), outgoing);
        }
    }

    #[test]
    fn fields_of_a_later_program_of_the_same_version_are_ignored() {
        let stored =
            br#"{"v":1,"new":[],"sender":"mc","recipients":"followers","payload":{"text":{"content":"hi","x":1}}}"#;
        assert_eq!(Outgoing::decode(stored).unwrap(), outgoing(Recipients::Followers));
    }

    #[test]
    fn a_newer_version_is_refused_by_its_number_whatever_else_it_says() {
        let error = Outgoing::decode(br#"{"v":2,"to":{}}"#).unwrap_err();
        assert!(matches!(error, OutgoingError::Newer(2)));
        assert_eq!(
            error.to_string(),
            "stored in version 2, newer than the version 1 that this program reads"
        );
        for stored in [&b""[..], b"{}", br#"{"v":1}"#, br#"{"v":"1"}"#, b"[1]"] {
            assert!(matches!(Outgoing::decode(stored), Err(OutgoingError::Malformed(_))));
        }
    }
}
