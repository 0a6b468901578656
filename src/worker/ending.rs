//! The ending of an entry: who handled it, or why nobody did, as the journal keeps it with the entry.

use std::fmt;

/// How an entry that is done ended, as its worker wrote it with the entry.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::service::Ending;
///
/// let ending = Ending::parse("handled rule \"welcome\"").unwrap();
/// assert_eq!((ending.word(), ending.by()), ("handled", Some("rule \"welcome\"")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// The message was handled, or the reply was sent.
    Handled {
        /// The rule or handler, for example `rule "welcome"` or `handler 2 (Text)`; `None` for a reply.
        by: Option<String>,
    },
    /// A person had the conversation: the message was kept for them.
    Kept,
    /// The dialogue of a reminder, or of the end of its time, had moved on: nothing was sent.
    Outdated,
    /// No rule and no handler took the message.
    NotTaken,
    /// A rule kept quiet on purpose.
    Quiet {
        /// The rule.
        by: String,
    },
}

impl Ending {
    /// Reads what the worker wrote; `None` for a word of another version of this program.
    pub fn parse(written: &str) -> Option<Self> {
        let (word, by) = match written.split_once(' ') {
            Some((word, by)) => (word, Some(by.to_owned())),
            None => (written, None),
        };
        match word {
            "handled" => Some(Self::Handled { by }),
            "kept" => Some(Self::Kept),
            "outdated" => Some(Self::Outdated),
            "not_taken" => Some(Self::NotTaken),
            "quiet" => Some(Self::Quiet { by: by.unwrap_or_default() }),
            _ => None,
        }
    }

    /// The ending in one word, which is the first word of what is written: `handled`, `kept`, `outdated`, `not_taken` or
    /// `quiet`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Handled { .. } => "handled",
            Self::Kept => "kept",
            Self::Outdated => "outdated",
            Self::NotTaken => "not_taken",
            Self::Quiet { .. } => "quiet",
        }
    }

    /// The rule or handler, where there is one.
    pub fn by(&self) -> Option<&str> {
        match self {
            Self::Handled { by } => by.as_deref(),
            Self::Quiet { by } => Some(by),
            Self::Kept | Self::Outdated | Self::NotTaken => None,
        }
    }
}

/// The written form: the word, and the name after a space.
impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self.by() {
            Some(by) => write!(f, " {by}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_is_read_as_it_was_written_and_a_word_of_another_version_is_none() {
        let (name, by) = ("rule \"say hello\"".to_owned(), Some("handler 2 (Text)".to_owned()));
        for (ending, written) in [
            (Ending::Handled { by }, "handled handler 2 (Text)"),
            (Ending::Handled { by: None }, "handled"),
            (Ending::Kept, "kept"),
            (Ending::Outdated, "outdated"),
            (Ending::NotTaken, "not_taken"),
            (Ending::Quiet { by: name }, "quiet rule \"say hello\""),
        ] {
            assert_eq!(ending.to_string(), written);
            assert_eq!(Ending::parse(written), Some(ending));
        }
        for unknown in ["", "postponed by handler 1", "Handled", "handledby x"] {
            assert_eq!(Ending::parse(unknown), None, "{unknown:?}");
        }
    }
}
