//! The duplicate keys of entries.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// The character that divides the parts of a text that identifies something.
pub(super) const SEPARATOR: u8 = 0x1f;
/// How many bytes of a key are the beginning of what it stands for.
const BEGINNING: usize = 12;

/// The duplicate key of an entry: a queue takes no second entry with the same key.
///
/// The key stands for a text of any length in 22 bytes, since a store keeps each key twice, in the entry and in an index.
/// Its first 12 bytes are the beginning of the text, so that the keys of texts that come one after another are neighbours
/// in the index: the platform's message ids begin with the time, and an index that grows in one place has few pages to
/// write. Its other 10 bytes are the beginning of the whole text's SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EntryKey([u8; EntryKey::LENGTH]);

impl EntryKey {
    pub(super) const LENGTH: usize = 22;

    /// The key of what `text` identifies. Where U+001F divides the text, its beginning is that of the second part: the
    /// first one says what kind of text it is.
    pub fn of(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    /// The key of what a text identifies that need not be UTF-8.
    pub(super) fn of_bytes(text: &[u8]) -> Self {
        let start = text.iter().position(|byte| *byte == SEPARATOR).map_or(0, |at| at + 1);
        let mut key = Self::default();
        let (beginning, digest) = key.0.split_at_mut(BEGINNING);
        for (byte, of_text) in beginning.iter_mut().zip(&text[start..]) {
            *byte = *of_text;
        }
        let length = digest.len();
        digest.copy_from_slice(&Sha256::digest(text)[..length]);
        key
    }

    /// Whether the text that the key stands for begins with `start`, behind its kind; only the first 12 bytes are compared.
    pub fn begins_with(&self, start: &str) -> bool {
        let start = start.as_bytes();
        self.0.starts_with(&start[..start.len().min(BEGINNING)])
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<[u8; EntryKey::LENGTH]> for EntryKey {
    fn from(bytes: [u8; EntryKey::LENGTH]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (beginning, digest) = self.0.split_at(BEGINNING);
        write!(f, "{}.{}", beginning.escape_ascii(), hex::encode(digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_begins_like_what_follows_the_kind_and_all_of_the_text_counts() {
        let key = EntryKey::of("id\u{1f}5FGT-7VA9-G4DD-4V5P\u{1f}app\u{1f}a\u{1f}u");
        assert_eq!(&key.0[..BEGINNING], b"5FGT-7VA9-G4");
        assert!(key.begins_with("5FGT") && key.begins_with("5FGT-7VA9-G4 and more"));
        assert!(!key.begins_with("id"));
        for other in [
            "id\u{1f}5FGT-7VA9-G4DD-4V5P\u{1f}app\u{1f}a\u{1f}v",
            "sha256\u{1f}5FGT-7VA9-G4DD-4V5P\u{1f}app",
        ] {
            let other = EntryKey::of(other);
            assert!(other.0[..BEGINNING] == key.0[..BEGINNING] && other != key);
        }
        assert_eq!(&EntryKey::of("12.0").0[..BEGINNING], b"12.0\0\0\0\0\0\0\0\0");
        assert_ne!(EntryKey::of("12.0"), EntryKey::of("12.0\0"));
    }

    #[test]
    fn a_key_is_the_same_in_every_version_since_stores_keep_it() {
        // It ends with what `printf 'id\x1fM\x1fa\x1fb\x1fc' | sha256sum` begins with.
        let key = EntryKey::of("id\u{1f}M\u{1f}a\u{1f}b\u{1f}c");
        assert_eq!(hex::encode(key.0), "4d1f611f621f63000000000082b58d55ba5a0fc62ca2");
    }
}
