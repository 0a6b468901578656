//! Stray characters: quotes, spaces and invisible characters that come along when a secret is copied out of a file, a
//! mail or a shell, and that make it a different secret.

/// Characters that people and programs put around a value.
const QUOTES: &[char] = &['"', '\'', '`', '“', '”', '„', '‘', '’', '«', '»', '「', '」', '＂', '＇'];

/// The advice for a value with stray characters.
pub(crate) const HINT: &str = "write the value alone: `docker --env-file` keeps quotes and spaces, a shell or an editor may add a \
                               line end, and those of Windows a carriage return and a byte order mark";

/// The stray characters in `text`, in words, if there are any; the text is a secret, a key or an address.
pub(crate) fn found_in(text: &str) -> Option<&'static str> {
    if text.starts_with('\u{feff}') {
        Some("begins with a byte order mark, which would be a part of it")
    } else if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        Some("begins or ends with a space, a tab or a line end, which would be a part of it")
    } else if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
        Some("has a quotation mark around it, which would be a part of it")
    } else if text.contains(is_invisible) {
        Some(
            "has a character in it that nobody sees, such as a line end, a control character or a space without width",
        )
    } else {
        None
    }
}

/// Whether a character is invisible: controls, spaces other than the usual one, format characters, and the replacement
/// of bytes that could not be decoded.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || (char.is_whitespace() && char != ' ')
        || matches!(
            char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_along_with_a_copied_value_is_found() {
        for text in [
            "\"s3cret\"",
            "'s3cret'",
            "“s3cret”",
            "s3cret\"",
            "s3cret\r",
            "s3cret\n",
            " s3cret",
            "s3cret\t",
            "s3\ncret",
            "s3cret\0",
            "s3\u{1b}cret",
            "\u{feff}s3cret",
            "s3cret\u{feff}",
            "s3\u{200b}cret",
            "\u{a0}s3cret",
            "s3\u{a0}cret",
            "s3cret\u{202c}",
            "s3\u{fffd}cret",
            "s3cret\u{3000}",
        ] {
            assert!(found_in(text).is_some(), "{text:?}");
        }
    }

    #[test]
    fn an_ordinary_value_is_left_alone() {
        for text in ["s3cret", "S3cr+t/==", "two words", "don't", "密钥", "a\"b", "-._~!$&()*,;=:@", ""]
        {
            assert_eq!(found_in(text), None, "{text:?}");
        }
    }
}
