//! What people write without meaning a difference: full-width forms, upper case, white space around.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// Compatibility forms as their ordinary ones (Unicode's NFKC): `ＡＢ１２（）` is `AB12()`.
pub(crate) fn width(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    const { ComposingNormalizerBorrowed::new_nfkc() }.normalize(text)
}

/// Lower case, each character by itself: a part of a text folds to the same as within it.
///
/// (`str::to_lowercase` looks at the neighbours of a final sigma.)
pub(crate) fn case(text: &str) -> Cow<'_, str> {
    if !text.chars().any(has_case) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().flat_map(char::to_lowercase).collect())
}

/// Both of them.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    match width(text) {
        Cow::Borrowed(text) => case(text),
        Cow::Owned(text) => Cow::Owned(case(&text).into_owned()),
    }
}

/// Whether lower case may be something else. The tables are not asked for Chinese, Japanese and Korean.
fn has_case(char: char) -> bool {
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
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("帮助"), fold("幫助"));
    }

    proptest! {
        #[test]
        fn the_case_of_a_part_is_part_of_the_case_of_the_whole(before: String, part: String, after: String) {
            let whole = format!("{before}{part}{after}");
            prop_assert!(case(&whole).contains(&*case(&part)));
        }

        #[test]
        fn only_what_has_another_case_is_looked_up(char: char) {
            let lower: String = char.to_lowercase().collect();
            prop_assert!(has_case(char) || lower == char.to_string());
        }
    }
}
