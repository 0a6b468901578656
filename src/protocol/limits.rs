//! The documented limits of messages, checked before anything is sent.

use std::fmt;

/// Most bytes of a text (消息内容，最大长度为 2000 个字节).
pub const TEXT_BYTES: usize = 2000;

/// Most cards of a news message (最多为 10 条图文), most articles of an upload.
pub const ARTICLES: usize = 10;

/// Widest description of a card: 1000 Chinese characters, each of width 2 (1 个汉字等于 2 个字符).
pub const DESCRIPTION_WIDTH: usize = 2000;

/// Most recipients of one call (一次最多发送 100 个用户).
pub const RECIPIENTS: usize = 100;

/// Most users of one call that makes them follow an account, or no longer (一次最多 50 个用户).
pub const FOLLOWERS: usize = 50;

/// A limit of the platform on something to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// A noun for the thing that is measured, for example `text`.
    pub what: &'static str,
    /// The unit of `min` and `max`.
    pub measure: Measure,
    /// The least that the platform takes.
    pub min: usize,
    /// The most that the platform takes; `usize::MAX` where it states none.
    pub max: usize,
    /// Advice for somebody who is over the maximum, in the imperative.
    pub advice: &'static str,
}

/// A way to measure something that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Measure {
    /// The length of a text in bytes of UTF-8.
    Bytes,
    /// The size of a file in bytes.
    Size,
    /// The length of a text in characters.
    Characters,
    /// The width of a text: a Chinese character counts as two.
    Width,
    /// A number of things.
    Count,
    /// The length of a recording in milliseconds.
    Millis,
}

/// A limit of the platform that something to be sent does not keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LimitError {
    /// The limit.
    pub limit: Limit,
    /// The measure that was found.
    pub actual: usize,
    /// Whether the limit was broken by a reply, and not by something that somebody sends by hand.
    pub is_in_reply: bool,
}

impl Limit {
    /// The text of a message.
    pub const TEXT: Self = Self {
        what: "text",
        measure: Measure::Bytes,
        min: 1,
        max: TEXT_BYTES,
        advice: "shorten it or send it in parts",
    };

    /// The cards of a message, or the articles of an upload.
    pub const ARTICLES: Self =
        Self::count("number of articles", ARTICLES, "spread them over several messages");

    /// The description of a card, which may be empty.
    pub const DESCRIPTION: Self = Self {
        what: "article description",
        measure: Measure::Width,
        min: 0,
        max: DESCRIPTION_WIDTH,
        advice: "shorten it",
    };

    /// The recipients of one call.
    pub const RECIPIENTS: Self =
        Self::count("number of users in one call", RECIPIENTS, "spread them over several calls");

    /// The users who one call makes follow an account, or no longer.
    pub const FOLLOWERS: Self =
        Self::count("number of users in one call", FOLLOWERS, "spread them over several calls");

    /// A number of things, at least one.
    pub const fn count(what: &'static str, max: usize, advice: &'static str) -> Self {
        Self { what, measure: Measure::Count, min: 1, max, advice }
    }

    /// Something that must not be empty, without a stated maximum.
    pub const fn not_empty(what: &'static str) -> Self {
        Self { what, measure: Measure::Bytes, min: 1, max: usize::MAX, advice: "" }
    }

    /// Checks that `actual` is within the limit.
    ///
    /// # Errors
    ///
    /// `actual` is less than the minimum or more than the maximum.
    pub fn check(self, actual: usize) -> Result<(), LimitError> {
        if (self.min..=self.max).contains(&actual) {
            return Ok(());
        }
        Err(LimitError { limit: self, actual, is_in_reply: false })
    }
}

impl LimitError {
    /// Marks the error as found in a reply.
    #[must_use]
    pub fn in_reply(self) -> Self {
        Self { is_in_reply: true, ..self }
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit: Limit { what, measure, min, max, advice }, actual, .. } = self;
        let owner = if self.is_in_reply { "the reply's" } else { "the" };
        write!(f, "{owner} {what} is ")?;
        if *actual == 0 && *measure != Measure::Count {
            return f.write_str("empty, which the platform does not take");
        }
        match measure {
            Measure::Bytes => write!(f, "{actual} bytes long"),
            Measure::Size => write!(f, "{actual} bytes large"),
            Measure::Characters => write!(f, "{actual} characters long"),
            Measure::Width => write!(f, "{actual} wide, a Chinese character counting as 2"),
            Measure::Count => write!(f, "{actual}"),
            Measure::Millis => write!(f, "{} s long", Seconds(*actual)),
        }?;
        match (actual < min, measure) {
            (true, Measure::Millis) => write!(f, "; the platform takes at least {} s", Seconds(*min)),
            (true, _) => write!(f, "; the platform takes at least {min}"),
            (false, Measure::Millis) => {
                write!(f, "; the platform takes at most {} s: {advice}", Seconds(*max))
            }
            (false, _) => write!(f, "; the platform takes at most {max}: {advice}"),
        }
    }
}

/// Milliseconds in seconds, without zeros at the end.
struct Seconds(usize);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousandths = format!("{:03}", self.0 % 1000);
        match thousandths.trim_end_matches('0') {
            "" => write!(f, "{}", self.0 / 1000),
            some => write!(f, "{}.{some}", self.0 / 1000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_it_is_what_the_platform_takes_and_what_to_do() {
        let recording = Limit {
            what: "voice recording",
            measure: Measure::Millis,
            min: 20,
            max: 60_000,
            advice: "shorten it",
        };
        for (limit, actual, words) in [
            (
                Limit::TEXT,
                2001,
                "the text is 2001 bytes long; the platform takes at most 2000: shorten it or send it in parts",
            ),
            (Limit::TEXT, 0, "the text is empty, which the platform does not take"),
            (
                Limit::ARTICLES,
                11,
                "the number of articles is 11; the platform takes at most 10: spread them over several messages",
            ),
            (Limit::ARTICLES, 0, "the number of articles is 0; the platform takes at least 1"),
            (
                Limit::DESCRIPTION,
                2002,
                "the article description is 2002 wide, a Chinese character counting as 2; the platform takes at most 2000: \
                 shorten it",
            ),
            (
                recording.clone(),
                60_020,
                "the voice recording is 60.02 s long; the platform takes at most 60 s: shorten it",
            ),
            (recording, 10, "the voice recording is 0.01 s long; the platform takes at least 0.02 s"),
        ] {
            assert_eq!(limit.check(actual).unwrap_err().to_string(), words);
        }
        assert_eq!(Limit::ARTICLES.check(10), Ok(()));
        let error = Limit::not_empty("article title").check(0).unwrap_err().in_reply();
        assert_eq!(
            error.to_string(),
            "the reply's article title is empty, which the platform does not take"
        );
    }
}
