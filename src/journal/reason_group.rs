//! Groups of reasons: reasons that differ in numbers and names only belong to one group.

use sha2::{Digest, Sha256};

use super::queue::Queue;

/// The longest pattern, in characters.
const LONGEST: usize = 200;

/// The number of a group: a hash of its queue and the pattern of its reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReasonGroup(pub i64);

impl ReasonGroup {
    /// The group of a dead letter of `queue` that was buried for `reason`.
    pub fn new(queue: Queue, reason: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(queue.as_str());
        hash.update([0x1f]);
        hash.update(pattern(reason));
        let hash: [u8; 32] = hash.finalize().into();
        let first = hash.first_chunk().copied().unwrap_or_default();
        Self(i64::from_be_bytes(first))
    }
}

/// A reason without what differs from one dead letter to the next: digits, long hexadecimal numbers and quoted parts are `…`.
pub fn pattern(reason: &str) -> String {
    let mut pattern = String::new();
    let mut rest = reason.trim();
    while let Some(first) = rest.chars().next() {
        let length = variable_length(rest);
        if length > 0 {
            if !pattern.ends_with('…') {
                pattern.push('…');
            }
            rest = &rest[length..];
        } else {
            // A word is kept or replaced as a whole.
            let word = word_length(rest).max(first.len_utf8());
            pattern.push_str(&rest[..word]);
            rest = &rest[word..];
        }
    }
    pattern.chars().take(LONGEST).collect()
}

/// The length of a number, hexadecimal number or quoted part at the beginning of `text`; 0 if there is none.
fn variable_length(text: &str) -> usize {
    let first = text.chars().next().unwrap_or_default();
    let closing = match first {
        '"' => '"',
        '`' => '`',
        '“' => '”',
        '「' => '」',
        _ => {
            let word = &text[..word_length(text)];
            let is_number = word.starts_with(|c: char| c.is_ascii_digit());
            let is_hex = word.len() >= 8
                && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
                && word.chars().any(|c| c.is_ascii_digit());
            return if is_number || is_hex { word.len() } else { 0 };
        }
    };
    let inside = &text[first.len_utf8()..];
    inside.find(closing).map_or(0, |end| first.len_utf8() + end + closing.len_utf8())
}

/// The length of the word at the beginning of `text`.
fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_numbers_and_names_have_one_pattern() {
        for (reason, expected) in [
            ("the platform answered 1004 after 312 ms", "the platform answered … after … ms"),
            ("panicked: no entry for \"u-17\"", "panicked: no entry for …"),
            ("panicked: no entry for “张三”", "panicked: no entry for …"),
            ("request 9f3a0c1d-77 failed", "request … failed"),
            ("the beaded facade failed", "the beaded facade failed"),
            ("10.0.0.7:8080 refused", "….….….…:… refused"),
            ("an unclosed \" quote", "an unclosed \" quote"),
            ("签名错误 17", "签名错误 …"),
            ("", ""),
        ] {
            assert_eq!(pattern(reason), expected, "{reason}");
        }
        assert_eq!(pattern(&"长".repeat(1000)).chars().count(), LONGEST);
    }

    #[test]
    fn a_group_belongs_to_one_queue() {
        let group = |queue, reason| ReasonGroup::new(queue, reason);
        assert_eq!(group(Queue::Inbox, "code 1"), group(Queue::Inbox, "code 2"));
        assert_ne!(group(Queue::Inbox, "code 1"), group(Queue::Outbox, "code 1"));
        assert_ne!(group(Queue::Inbox, "code 1"), group(Queue::Inbox, "status 1"));
    }
}
