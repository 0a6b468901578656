//! Foreign texts for a terminal: escaped, and cut to a width.
//!
//! A message, a name, an answer of the API or of a server may hold anything: escape sequences that clear the screen or
//! write to the clipboard, line breaks that forge a row of a table, characters that are invisible or that reverse the text.
//! [`line`] and [`block`] write these as `\u{…}`; Chinese, emoji and all other visible text stay as they are.

use std::{
    borrow::Cow,
    env,
    io::{self, IsTerminal},
};

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, ExtendedPictographic, GeneralCategory},
};
use rustix::termios::tcgetwinsize;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The joiner between the parts of an emoji.
const JOINER: char = '\u{200d}';
/// The emoji whose tags name a flag.
const FLAG: char = '\u{1f3f4}';

/// The width of a terminal whose own width is not known.
const DEFAULT_WIDTH: usize = 80;

/// A foreign text for a place of one line: a cell, a field, an error message.
///
/// All but the first of several spaces in a row are escaped too: they could push a forged field to the beginning of a line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |before, char| !(char.is_whitespace() && before.is_some_and(char::is_whitespace)))
}

/// A foreign text that has lines of its own: its line breaks, tabs and spaces stay.
pub(crate) fn block(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    for piece in text.split_inclusive(['\n', '\t']) {
        let (written, end) = piece.split_at(piece.trim_end_matches(['\n', '\t']).len());
        shown += &escaped(written, |_, _| true);
        shown += end;
    }
    Cow::Owned(shown)
}

/// Escapes invisible characters, and those that `may_stay` refuses behind the character before them.
fn escaped(text: &str, may_stay: fn(Option<char>, char) -> bool) -> Cow<'_, str> {
    let mut shown = String::with_capacity(text.len());
    let mut before = None;
    // Whether the character before was left as it is.
    let mut is_shown = false;
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        let shown_before = before.filter(|_| is_shown);
        is_shown = is_visible(char) && may_stay(before, char)
            || is_part_of_visible(shown_before, char, rest.clone().next());
        if is_shown {
            shown.push(char);
        } else {
            shown.extend(char.escape_unicode());
        }
        before = Some(char);
    }
    if shown == text { Cow::Borrowed(text) } else { Cow::Owned(shown) }
}

/// Whether a character is visible, and changes neither its neighbours nor the terminal.
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

/// Whether an invisible character is a part of a visible one: of an emoji, or of a variant of a Chinese character.
fn is_part_of_visible(before: Option<char>, char: char, after: Option<char>) -> bool {
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

/// The number of columns of standard output, if it is a terminal.
pub(crate) fn width() -> Option<usize> {
    let output = io::stdout();
    if !output.is_terminal() {
        return None;
    }
    // An exported COLUMNS counts more than the terminal's own size, as with other commands.
    let exported = env::var_os("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
    let seen = || tcgetwinsize(&output).ok().map(|size| usize::from(size.ws_col));
    exported.or_else(seen).filter(|width| *width > 0).or(Some(DEFAULT_WIDTH))
}

/// The number of columns that a text takes.
pub(crate) fn width_of(text: &str) -> usize {
    text.width()
}

/// The beginning of a text, in at most `width` columns.
pub(crate) fn beginning(text: &str, width: usize) -> Cow<'_, str> {
    if width_of(text) <= width {
        return Cow::Borrowed(text);
    }
    let kept = fitting(text.graphemes(true), width.saturating_sub(1));
    Cow::Owned(format!("{}…", &text[..kept]))
}

/// An id in at most `width` columns, without its middle: ids of one kind begin alike, and often end alike.
pub(crate) fn shortened(id: &str, width: usize) -> Cow<'_, str> {
    if width_of(id) <= width {
        return Cow::Borrowed(id);
    }
    let kept = width.saturating_sub(1);
    let end = id.len() - fitting(id.graphemes(true).rev(), kept / 2);
    let begin = fitting(id.graphemes(true), kept - kept / 2);
    Cow::Owned(format!("{}…{}", &id[..begin], &id[end..]))
}

/// The number of bytes of the first graphemes that fit into `width` columns.
fn fitting<'a>(graphemes: impl Iterator<Item = &'a str>, width: usize) -> usize {
    let mut taken = 0;
    let fits = |grapheme: &&str| {
        taken += width_of(grapheme);
        taken <= width
    };
    graphemes.take_while(fits).map(str::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visible_text_stays_as_it_is() {
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
    fn characters_that_control_a_terminal_or_are_invisible_are_escaped() {
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
        assert_eq!(line("a   b 　c"), "a \\u{20}\\u{20}b \\u{3000}c");
        assert_eq!(block("a\n\n \tb\r\u{b}c   d\n"), "a\n\n \tb\\u{d}\\u{b}c   d\n");
    }

    #[test]
    fn a_text_is_cut_by_its_width_on_the_screen() {
        for (text, width, cut, short) in [
            ("abcdef", 6, "abcdef", "abcdef"),
            ("abcdefg", 6, "abcde…", "abc…fg"),
            ("张三李四王五", 6, "张三…", "张…五"),
            ("张三李四王五", 8, "张三李…", "张三…五"),
            ("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 4, "👨‍👩‍👧…", "👨‍👩‍👧…"),
            ("abc", 1, "…", "…"),
        ] {
            assert_eq!((&*beginning(text, width), &*shortened(text, width)), (cut, short));
        }
    }
}
