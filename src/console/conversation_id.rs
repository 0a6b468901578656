//! The ids of conversations in addresses: their keys in base64url.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// The longest id that is read.
const LONGEST: usize = 16 * 1024;

/// The id of the conversation with this key.
pub(super) fn of(key: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(key)
}

/// The key of a conversation; none if the id is none that [`of`] has made.
pub(super) fn read(id: &str) -> Option<String> {
    let bytes = (id.len() <= LONGEST).then(|| BASE64_URL_SAFE_NO_PAD.decode(id).ok())??;
    String::from_utf8(bytes).ok().filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_and_what_is_none_is_nothing() {
        for key in ["app\u{1f}mc\u{1f}<img onerror=alert(1)>", "no key at all", "用户"] {
            assert_eq!(read(&of(key)).as_deref(), Some(key));
        }
        for wrong in ["", "a", "a=b", "../x", "_w", "é"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
