//! The stored state of a conversation that a person has.

use serde::{Deserialize, Serialize};

use super::{PERSON, options::Options};
use crate::{clock::UnixMillis, journal::NewState};

/// The version of the stored form.
const VERSION: u32 = 1;

/// The stored state of a conversation that a person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PersonState {
    /// The time at which the conversation was handed over.
    pub(crate) since: UnixMillis,
}

impl PersonState {
    /// Reads the stored form.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// The state for the journal; the time until the conversation goes back to the bot begins now.
    pub(crate) fn to_new(self, options: &Options) -> NewState {
        NewState {
            dialogue: PERSON.to_owned(),
            version: VERSION,
            body: serde_json::json!(self).to_string().into(),
            expires_in: options.give_back_after,
        }
    }
}
