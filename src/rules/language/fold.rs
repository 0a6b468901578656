//! Folding: differences between texts that nobody means are removed. These are full-width forms, upper case, and characters
//! that nobody sees.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{CodePointSetData, CodePointSetDataBorrowed, props::DefaultIgnorableCodePoint};

/// Unicode's list of characters that a text is shown without.
const IGNORABLE: CodePointSetDataBorrowed<'static> =
    CodePointSetData::new::<DefaultIgnorableCodePoint>();

/// The blank cell of Braille: a space to the eye, and a sign to Unicode.
const BLANK_CELL: char = '\u{2800}';

/// Replaces compatibility forms by their ordinary ones (Unicode's NFKC) and removes invisible characters: `ＡＢ１２（）` is
/// `AB12()`, and every space an ordinary one.
///
/// Invisible characters are removed first: one between a letter and its accent would keep the two apart.
pub(crate) fn normalize(text: &str) -> Cow<'_, str> {
    let visible = remove_invisible(text);
    if visible.is_ascii() {
        return visible;
    }
    let nfkc = const { ComposingNormalizerBorrowed::new_nfkc() };
    match visible {
        Cow::Borrowed(text) => nfkc.normalize(text),
        Cow::Owned(text) => Cow::Owned(nfkc.normalize(&text).into_owned()),
    }
}

/// Normalizes a single character; `None` if that does not change it.
pub(crate) fn normalize_char(char: char) -> Option<String> {
    let mut bytes = [0; 4];
    let text = &*char.encode_utf8(&mut bytes);
    let normalized = normalize(text);
    (normalized != text).then(|| normalized.into_owned())
}

/// Removes the characters that nobody sees, and replaces the blank cell of Braille by a space.
pub(super) fn remove_invisible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|char| is_invisible(char) || char == BLANK_CELL) {
        return Cow::Borrowed(text);
    }
    let visible = text.chars().filter(|char| !is_invisible(*char));
    Cow::Owned(visible.map(|char| if char == BLANK_CELL { ' ' } else { char }).collect())
}

/// Whether nobody sees the character: joiners, marks of direction, variation selectors, the byte order mark, controls.
pub(crate) fn is_invisible(char: char) -> bool {
    match char {
        ' '..='~' => false,
        // These stand around annotations of ideographs. They have no look of their own, and are not on Unicode's list.
        '\u{fff9}'..='\u{fffb}' => true,
        _ if char.is_whitespace() => false,
        _ => char.is_control() || IGNORABLE.contains(char),
    }
}

/// Describes a character to people: visible characters are quoted, and all but those of ASCII get their number.
pub(crate) fn describe_char(char: char) -> String {
    let word = match char {
        ' ' => return "a space".to_owned(),
        '"' => return "a quotation mark".to_owned(),
        '!'..='~' => return format!("\"{char}\""),
        '\n' | '\r' => "line end",
        '\t' => "tab",
        '\u{a0}' | '\u{202f}' => "no-break space",
        '\u{ad}' => "soft hyphen",
        '\u{200b}' => "zero width space",
        '\u{200c}' => "zero width non-joiner",
        '\u{200d}' => "zero width joiner",
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "mark of direction"
        }
        '\u{2060}' => "word joiner",
        '\u{3000}' => "ideographic space",
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => "variation selector",
        '\u{feff}' => "byte order mark",
        _ if char.is_control() => "control character",
        _ if is_invisible(char) => "invisible",
        _ if char.is_whitespace() || char == BLANK_CELL => "space",
        _ => return format!("\"{char}\" (U+{:04X})", u32::from(char)),
    };
    format!("U+{:04X} ({word})", u32::from(char))
}

/// Makes a text lower case, each character by itself: a part of a text is folded to the same as within the whole.
///
/// `str::to_lowercase` would look at the neighbours of a final sigma.
pub(crate) fn lowercase(text: &str) -> Cow<'_, str> {
    if !text.chars().any(may_have_case) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().flat_map(char::to_lowercase).collect())
}

/// Normalizes a text and makes it lower case.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    match normalize(text) {
        Cow::Borrowed(text) => lowercase(text),
        Cow::Owned(text) => Cow::Owned(lowercase(&text).into_owned()),
    }
}

/// Whether lower case may change the character. Chinese, Japanese and Korean have no case, so no table is asked for them.
fn may_have_case(char: char) -> bool {
    match char {
        '\0'..='\x7f' => char.is_ascii_uppercase(),
        '\u{2e80}'..='\u{a63f}' | '\u{ac00}'..='\u{d7ff}' => false,
        _ => !char.is_lowercase() && char.is_alphabetic(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_the_same_folds_the_same() {
        for (one, other) in [
            ("ＨＥＬＰ", "help"),
            ("Ｈｅｌｐ！", "help!"),
            ("（１２）", "(12)"),
            ("ﾊﾞｽ", "バス"),
            ("e\u{301}", "É"),
            ("ΟΔΟΣ", "οδοσ"),
            ("\u{212a}", "k"),
            ("帮助", "帮助"),
            ("\u{feff}帮\u{200b}助\u{200d}", "帮助"),
            ("he\u{ad}lp\u{1d}", "\u{202b}help\u{202c}"),
            ("e\u{200b}\u{301}", "É"),
            ("❤\u{fe0f}", "❤"),
            ("a\u{a0}b\u{3000}c\u{2003}d\u{2800}e", "a b c d e"),
            ("帮助\u{3164}", "帮助"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        for (one, other) in [("帮助", "幫助"), ("a\nb", "a b"), ("ab", "a b"), ("\u{fffd}a", "a")] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn nothing_that_folds_away_is_left_by_folding() {
        for char in '\0'..=char::MAX {
            let folded = fold(char.encode_utf8(&mut [0; 4])).into_owned();
            assert_eq!(fold(&folded), folded, "{char:?}");
            assert!(!folded.chars().any(is_invisible), "{char:?}");
        }
    }

    proptest! {
        #[test]
        fn the_case_of_a_part_is_part_of_the_case_of_the_whole(before: String, part: String, after: String) {
            let whole = format!("{before}{part}{after}");
            prop_assert!(lowercase(&whole).contains(&*lowercase(&part)));
        }

        #[test]
        fn only_what_has_another_case_is_looked_up(char: char) {
            let lower: String = char.to_lowercase().collect();
            prop_assert!(may_have_case(char) || lower == char.to_string());
        }
    }
}
