//! Which characters XML allows where.

/// A `Char` of XML 1.0, section 2.2.
pub(super) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// White space of XML.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// A name of XML; beyond ASCII it is not looked at closely, but for what stands where a broken character stood.
pub(super) fn is_name(name: &[u8]) -> bool {
    let begins = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b':') || !b.is_ascii();
    let goes_on = |b: u8| begins(b) || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    name.first().copied().is_some_and(begins)
        && name.iter().copied().all(goes_on)
        && (name.is_ascii() || !String::from_utf8_lossy(name).contains(char::REPLACEMENT_CHARACTER))
}

/// Whether `code` is what a character reference may hold: decimal digits, or hexadecimal ones after an `x`.
pub(super) fn is_number(code: &str) -> bool {
    let (digits, radix) = code.strip_prefix('x').map_or((code, 10), |digits| (digits, 16));
    !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix))
}
