//! The checks of `[dialogue]` and `[desk]`.

use std::time::Duration;

use super::{
    bounds::Max,
    checker::Checker,
    dialogue_sections::{DeskSection, DialogueSection},
};
use crate::protocol::Payload;

const MONTH: Duration = Duration::from_hours(30 * 24);
/// Most words in a list, each of which is compared with every message.
const MAX_WORDS: usize = 100;
/// Most sentences that a person at the desk can choose from.
const MAX_PHRASES: usize = 100;

pub(super) fn dialogue(dialogue: &DialogueSection, check: &mut Checker<'_>) {
    words(&dialogue.exit_words, "exit_words", check);
    sentence(&dialogue.exit_reply, "exit_reply", check);
    sentence(&dialogue.restart_reply, "restart_reply", check);
}

pub(super) fn desk(desk: &DeskSection, check: &mut Checker<'_>) {
    let max = Max(MONTH, "a user whom nobody answers would wait for so long");
    let zero = "no person could have a conversation";
    check.time(desk.give_back_after, "give_back_after", zero, &max);
    words(&desk.give_back_words, "give_back_words", check);
    sentence(&desk.handed_over, "handed_over", check);
    sentence(&desk.given_back, "given_back", check);
    check.require(
        desk.phrases.len() <= MAX_PHRASES,
        "phrases",
        &format!(
            "has {} sentences, more than {MAX_PHRASES}: nobody would find one among them",
            desk.phrases.len()
        ),
        "keep those that are sent often",
    );
    for (index, phrase) in desk.phrases.iter().enumerate() {
        let key = format!("phrases[{index}]");
        let hint = "write a sentence that can be sent, or take it off the list";
        check.require(!phrase.trim().is_empty(), &key, "is empty", hint);
        sendable(phrase, &key, hint, check);
    }
}

fn words(words: &[String], key: &str, check: &mut Checker<'_>) {
    check.require(
        words.len() <= MAX_WORDS,
        key,
        &format!("has {} words, more than {MAX_WORDS}", words.len()),
        "keep those that users write",
    );
    for (index, word) in words.iter().enumerate() {
        check.require(
            !word.trim().is_empty() && word.trim() == word,
            &format!("{key}[{index}]"),
            "is empty, or begins or ends with white space, so that no message is this word",
            "write the word alone, such as \"退出\", or take it off the list",
        );
    }
}

/// Requires a text that can be sent, or none.
fn sentence(text: &str, key: &str, check: &mut Checker<'_>) {
    if !text.is_empty() {
        sendable(text, key, "write a shorter sentence, or \"\" for none", check);
    }
}

fn sendable(text: &str, key: &str, hint: &str, check: &mut Checker<'_>) {
    if let Err(limit) = Payload::text(text).check() {
        check.require(false, key, &format!("cannot be sent: {limit}"), hint);
    }
}
