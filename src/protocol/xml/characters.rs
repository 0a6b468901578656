//! The characters that XML allows in names, texts and references.

/// Whether XML 1.0 allows the character at all (`Char`, section 2.2).
pub(super) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Whether the character is white space of XML.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether the bytes are a name of XML. Beyond ASCII only U+FFFD is refused, which stands in place of a broken character.
pub(super) fn is_name(name: &[u8]) -> bool {
    let begins = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b':') || !b.is_ascii();
    let goes_on = |b: u8| begins(b) || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    name.first().copied().is_some_and(begins)
        && name.iter().copied().all(goes_on)
        && (name.is_ascii() || !String::from_utf8_lossy(name).contains(char::REPLACEMENT_CHARACTER))
}

/// Whether `code` is a number as a character reference has it: decimal digits, or hexadecimal ones after an `x`.
pub(super) fn is_number(code: &str) -> bool {
    let (digits, radix) = code.strip_prefix('x').map_or((code, 10), |digits| (digits, 16));
    !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix))
}
