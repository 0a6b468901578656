//! The stored state of a conversation that a person has.

use serde::{Deserialize, Serialize};

use super::{PERSON, options::Options};
use crate::{clock::UnixMillis, journal::NewState};

/// The version of the stored form.
const VERSION: u32 = 1;

/// The stored state of a conversation that a person has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PersonState {
    /// The time at which the conversation was handed over.
    pub(crate) since: UnixMillis,
    /// The name of the person who has taken the conversation; none while it waits for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
}

impl PersonState {
    /// A conversation that waits for a person since this moment.
    pub(crate) fn waiting(since: UnixMillis) -> Self {
        Self { since, by: None }
    }

    /// The conversation, which the person `who` has from now on.
    pub(super) fn taken_by(self, who: &str) -> Self {
        Self { by: Some(who.to_owned()), ..self }
    }

    /// Reads the stored form.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// The state for the journal; the time until the conversation goes back to the bot begins now.
    pub(crate) fn to_new(&self, options: &Options) -> NewState {
        NewState {
            dialogue: PERSON.to_owned(),
            version: VERSION,
            body: serde_json::json!(self).to_string().into(),
            expires_in: options.give_back_after,
        }
    }
}
