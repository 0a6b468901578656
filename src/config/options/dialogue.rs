//! The options of the work on the Inbox, from `[dialogue]` and `[desk]`.

use crate::{
    config::{
        configuration::Config,
        dialogue_sections::{DeskSection, DialogueSection, Unreadable},
    },
    desk,
    worker::{DialogueOptions, DispatchOptions, OnUnreadable},
};

impl Config {
    /// The options of the work on the Inbox.
    pub(crate) fn dispatch_options(&self) -> DispatchOptions {
        DispatchOptions { dialogue: self.dialogue.options(), desk: self.desk.options() }
    }
}

impl DialogueSection {
    fn options(&self) -> DialogueOptions {
        DialogueOptions {
            exit_words: lower_case(&self.exit_words),
            exit_reply: self.exit_reply.clone(),
            unreadable: match self.unreadable {
                Unreadable::Restart => OnUnreadable::Restart,
                Unreadable::DeadLetter => OnUnreadable::DeadLetter,
            },
            restart_reply: self.restart_reply.clone(),
        }
    }
}

impl DeskSection {
    /// The options of conversations that a person has.
    pub(crate) fn options(&self) -> desk::Options {
        desk::Options {
            give_back_after: self.give_back_after,
            give_back_words: lower_case(&self.give_back_words),
            handed_over: self.handed_over.clone(),
            given_back: self.given_back.clone(),
        }
    }
}

fn lower_case(words: &[String]) -> Vec<String> {
    words.iter().map(|word| word.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::options::default_config;

    #[test]
    fn the_defaults_of_dialogues_are_those_of_the_configuration() {
        let (options, default) = (default_config().dispatch_options(), DispatchOptions::default());
        assert_eq!(format!("{options:?}"), format!("{default:?}"));
    }
}
