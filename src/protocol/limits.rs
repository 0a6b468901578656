//! The documented maxima of what can be sent, checked before it is.

use std::fmt;

/// Most bytes of a text (消息内容，最大长度为 2000 个字节).
pub const TEXT_BYTES: usize = 2000;

/// Most cards of a news message (最多为 10 条图文).
pub const ARTICLES: usize = 10;

/// Widest description of a card: 1000 Chinese characters, each of width 2 (1 个汉字等于 2 个字符).
pub const DESCRIPTION_WIDTH: usize = 2000;

/// Most recipients of one call (一次最多发送 100 个用户).
pub const RECIPIENTS: usize = 100;

/// Most users of one call that makes them follow an account, or no longer (一次最多 50 个用户).
pub const FOLLOWERS: usize = 50;

/// A limit of the platform that something to be sent does not keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LimitError {
    /// What was measured, with its unit, for example `text in bytes`.
    pub what: &'static str,
    /// The least that the platform takes.
    pub min: u64,
    /// The most that the platform takes; `u64::MAX` where it states none.
    pub max: u64,
    /// What it was.
    pub actual: u64,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, min, max, actual } = self;
        match *max {
            u64::MAX => write!(f, "{what} is {actual}, below {min}"),
            _ => write!(f, "{what} is {actual}, outside {min} to {max}"),
        }
    }
}

/// Checks that `actual` is from 1 to `max`.
///
/// # Errors
///
/// It is not.
pub fn at_most(what: &'static str, max: usize, actual: usize) -> Result<(), LimitError> {
    within(what, max as u64, actual as u64)
}

/// Checks that `text` is not empty.
///
/// # Errors
///
/// It is.
pub fn not_empty(what: &'static str, text: &str) -> Result<(), LimitError> {
    within(what, u64::MAX, text.len() as u64)
}

fn within(what: &'static str, max: u64, actual: u64) -> Result<(), LimitError> {
    if (1..=max).contains(&actual) { Ok(()) } else { Err(LimitError { what, min: 1, max, actual }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_is_out_of_which_bounds() {
        let error = at_most("text in bytes", TEXT_BYTES, 2001).unwrap_err();
        assert_eq!(error.to_string(), "text in bytes is 2001, outside 1 to 2000");
        let error = not_empty("title of an article in bytes", "").unwrap_err();
        assert_eq!(error.to_string(), "title of an article in bytes is 0, below 1");
        assert_eq!(at_most("articles", ARTICLES, 10), Ok(()));
    }
}
