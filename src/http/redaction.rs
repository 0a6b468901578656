//! Texts of other servers, made fit to be shown: without secrets, short, on one line.

use std::error::Error as _;

/// The longest excerpt, in characters.
const MAX_EXCERPT: usize = 200;

/// Replaces each of the `sensitive` texts in `text` by `…`.
pub(crate) fn mask(text: &str, sensitive: &[String]) -> String {
    sensitive.iter().fold(text.to_owned(), |text, sensitive| text.replace(sensitive, "…"))
}

/// Cuts the beginning out of `text`, on one line.
pub(crate) fn excerpt(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_EXCERPT).collect()
}

/// The innermost cause of an error in words; the outer ones repeat the address, which may carry a signature.
pub(crate) fn innermost_cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let mut innermost = error.source();
    while let Some(inner) = innermost.and_then(std::error::Error::source) {
        innermost = Some(inner);
    }
    innermost.map_or_else(|| "the request could not be made".to_owned(), ToString::to_string)
}
