//! The one way in which anything foreign reaches a person's eyes: escaped, and as wide as it looks.
//!
//! A message, a name, an answer of the API or of a server may hold anything: escape sequences that clear the screen or
//! write to the clipboard, line breaks that forge a row of a table, characters that turn the text around or that nobody
//! sees. [`line`] and [`block`] write those as `\u{…}`; Chinese, emoji and every other visible text stay as they are.

use std::borrow::Cow;

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, ExtendedPictographic, GeneralCategory},
};

/// The joiner between the parts of an emoji.
const JOINER: char = '\u{200d}';
/// The emoji whose tags say which flag it is.
const FLAG: char = '\u{1f3f4}';

/// A foreign text for a place of one line: a cell, a field, an error message.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// A foreign text that has lines of its own: its line breaks and tabs stay.
pub(crate) fn block(text: &str) -> Cow<'_, str> {
    escaped(text, |char| matches!(char, '\n' | '\t'))
}

fn escaped(text: &str, stays: fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(|char| stays(char) || is_visible(char)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    // The character before, if it was left as it is.
    let mut before = None;
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        if stays(char) || is_visible(char) || belongs(before, char, rest.clone().next()) {
            shown.push(char);
            before = Some(char);
        } else {
            shown.extend(char.escape_unicode());
            before = None;
        }
    }
    Cow::Owned(shown)
}

/// Whether a character is seen, and leaves its neighbours and the terminal alone.
fn is_visible(char: char) -> bool {
    // Most characters are of these two kinds.
    if matches!(char, ' '..='~' | '\u{4e00}'..='\u{9fff}') {
        return true;
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(char);
    let is_control = matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    );
    !is_control && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(char)
}

/// Whether an invisible character is a part of what is seen: of an emoji, or a variant of a Chinese character.
fn belongs(before: Option<char>, char: char, after: Option<char>) -> bool {
    let is_variation = |char| matches!(char, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
    let is_skin = |char| matches!(char, '\u{1f3fb}'..='\u{1f3ff}');
    let is_tag = |char| matches!(char, '\u{e0020}'..='\u{e007f}');
    let is_picture = |char| CodePointSetData::new::<ExtendedPictographic>().contains(char);
    let Some(before) = before else { return false };
    match char {
        JOINER => {
            (is_picture(before) || is_skin(before) || is_variation(before))
                && after.is_some_and(is_picture)
        }
        char if is_variation(char) => is_visible(before) && !before.is_whitespace(),
        char if is_tag(char) => before == FLAG || is_tag(before),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_sees_stays_as_it_is() {
        let texts = [
            "",
            "user-1 \\u{1b} {}",
            "你好，世界　！",
            "😀 👍🏽 ❤️ 👨‍👩‍👧 👩🏽‍🚀 🏳️‍🌈 🇨🇳 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣",
            "葛\u{e0100}城市",
            "é e\u{301} नमस्ते مرحبا שלום 한국어",
        ];
        for text in texts {
            assert_eq!(line(text), text);
            assert_eq!(block(text), text);
        }
    }

    #[test]
    fn what_acts_on_a_terminal_or_hides_is_written_out() {
        for (text, shown) in [
            ("\x1b]0;title\x07", "\\u{1b}]0;title\\u{7}"),
            ("\u{9b}2J\x7f\0\r\x08", "\\u{9b}2J\\u{7f}\\u{0}\\u{d}\\u{8}"),
            ("a\u{202e}b\u{2066}c\u{200f}d\u{61c}", "a\\u{202e}b\\u{2066}c\\u{200f}d\\u{61c}"),
            ("a\u{200b}b\u{feff}c\u{ad}d\u{2060}", "a\\u{200b}b\\u{feff}c\\u{ad}d\\u{2060}"),
            ("a\u{2028}b\u{2029}c\u{85}d", "a\\u{2028}b\\u{2029}c\\u{85}d"),
            // Invisible characters count as parts of an emoji only where there is one.
            ("a\u{200d}b", "a\\u{200d}b"),
            ("😀\u{200d}", "😀\\u{200d}"),
            ("\u{fe0f}", "\\u{fe0f}"),
            ("a\u{fe0f}\u{fe0f}", "a\u{fe0f}\\u{fe0f}"),
            ("a\u{e0041}\u{e0042}", "a\\u{e0041}\\u{e0042}"),
            ("\u{3164}\u{115f}\u{fff9}", "\\u{3164}\\u{115f}\\u{fff9}"),
        ] {
            assert_eq!(line(text), shown);
        }
    }

    #[test]
    fn only_a_block_has_lines_of_its_own() {
        assert_eq!(line("a\n\tb"), "a\\u{a}\\u{9}b");
        assert_eq!(block("a\n\tb\r\u{b}c"), "a\n\tb\\u{d}\\u{b}c");
    }
}
