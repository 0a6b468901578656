//! The stored state of a dialogue: read, migrated and written.

use std::cmp::Ordering;

use super::Dialogue;
use crate::handler::{ActiveDialogue, HandlerError, NewDialogueState, bounds::MAX_STATE};

impl ActiveDialogue {
    /// The state, if the conversation is in the dialogue `D` and the state can be read; an older one is
    /// [migrated](Dialogue::migrate).
    pub fn get<D: Dialogue>(&self) -> Option<D> {
        if self.name() == D::NAME { read(self).ok() } else { None }
    }
}

/// Reads the state of `D`, or says why that cannot be done.
pub(super) fn read<D: Dialogue>(stored: &ActiveDialogue) -> Result<D, String> {
    let (from, version) = (stored.version(), D::VERSION);
    let place = || format!("the stored state of the dialogue `{}`, version {from}", D::NAME);
    let state = match from.cmp(&version) {
        Ordering::Equal => serde_json::from_slice(stored.body()).map_err(HandlerError::from),
        Ordering::Less => serde_json::from_slice(stored.body())
            .map_err(HandlerError::from)
            .and_then(|json| D::migrate(from, json)),
        Ordering::Greater => {
            Err(HandlerError::permanent(format!("this program knows version {version} and older ones")))
        }
    };
    state.map_err(|error| error.at(place()).to_string())
}

/// Writes the state as it is to be stored.
pub(super) fn write<D: Dialogue>(state: &D) -> Result<NewDialogueState, HandlerError> {
    let place = || format!("the state of the dialogue `{}`", D::NAME);
    let body = serde_json::to_vec(state).map_err(|error| HandlerError::permanent(error).at(place()))?;
    if body.len() > MAX_STATE {
        let size = format!("{} bytes as JSON, more than the {MAX_STATE} that are stored", body.len());
        return Err(HandlerError::permanent(size).at(place()));
    }
    let dialogue = ActiveDialogue::new(D::NAME, D::VERSION, body);
    Ok(NewDialogueState { dialogue, expires_in: D::EXPIRES })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize, Default)]
    struct Form {
        name: String,
    }

    impl Dialogue for Form {
        const NAME: &'static str = "form";
        const VERSION: u32 = 3;

        fn migrate(from: u32, stored: serde_json::Value) -> Result<Self, HandlerError> {
            let name = stored["full_name"].as_str().ok_or_else(|| format!("{from} has no name"))?;
            Ok(Self { name: name.to_owned() })
        }
    }

    /// A dialogue whose keys cannot be those of a JSON object.
    #[derive(Serialize, Deserialize, Default)]
    struct Keys(BTreeMap<(u8, u8), u8>);

    impl Dialogue for Keys {
        const NAME: &'static str = "keys";
    }

    fn stored(version: u32, body: &'static str) -> ActiveDialogue {
        ActiveDialogue::new("form", version, body)
    }

    #[test]
    fn an_older_state_is_migrated_and_only_an_older_one() {
        let ann = || Form { name: "ann".to_owned() };
        assert_eq!(read(&stored(3, "{\"name\":\"ann\"}")), Ok(ann()));
        assert_eq!(read(&stored(2, "{\"full_name\":\"ann\"}")), Ok(ann()));
        let unread = [
            (2, "{\"name\":\"ann\"}", "2 has no name"),
            (3, "{\"full_name\":\"ann\"}", "missing field"),
            (4, "{\"name\":\"ann\"}", "this program knows version 3"),
        ];
        for (version, body, why) in unread {
            let reason = read::<Form>(&stored(version, body)).unwrap_err();
            assert!(reason.contains(why), "{reason}");
        }
    }

    #[test]
    fn a_state_comes_back_as_it_was_written_up_to_the_largest_size() {
        let largest = MAX_STATE - "{\"name\":\"\"}".len();
        let form = Form { name: "x".repeat(largest) };
        let NewDialogueState { dialogue, expires_in } = write(&form).unwrap();
        assert_eq!((dialogue.body().len(), expires_in), (MAX_STATE, Form::EXPIRES));
        assert_eq!(dialogue.get::<Form>(), Some(form));
        assert!(dialogue.get::<Keys>().is_none());

        let error = write(&Form { name: "x".repeat(largest + 1) }).unwrap_err();
        assert!(error.is_permanent());
        assert_eq!(
            error.to_string(),
            "the state of the dialogue `form`: 65537 bytes as JSON, more than the 65536 that are stored"
        );
    }

    #[test]
    fn a_state_that_is_no_json_is_an_error_that_no_other_attempt_repeats() {
        let error = write(&Keys([((1, 2), 3)].into())).unwrap_err();
        assert!(error.is_permanent());
        assert_eq!(error.to_string(), "the state of the dialogue `keys`: key must be a string");
    }
}
