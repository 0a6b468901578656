//! The filter of the log: a level, or levels of parts. An argument wins over the environment, which wins over the options.

use std::{ffi::OsStr, str::FromStr};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use super::options::Options;

/// The name of this crate's lines; a filter may name it without a level.
const OWN_TARGET: &str = "rongcloud_callback";
const LEVELS: &str = "error, warn, info, debug, trace or off";

/// A filter of the log: a level such as `info`, or a `tracing` filter such as `rongcloud_callback=debug,warn`.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::telemetry::LogFilter;
///
/// assert!("debug".parse::<LogFilter>().is_ok());
/// assert!("rongcloud_callback=debug,warn".parse::<LogFilter>().is_ok());
/// // To `tracing` this is the name of a part, whose lines alone are logged.
/// assert!("verbose".parse::<LogFilter>().is_err());
/// ```
#[derive(Debug, Clone)]
pub struct LogFilter(String);

/// The error of a text that is not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LogFilterError(String);

/// The error of a wrong filter, with the place where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {reason}")]
pub struct LogError {
    origin: &'static str,
    reason: LogFilterError,
}

impl LogError {
    /// The hint what to do.
    pub fn hint(&self) -> &'static str {
        "write a level such as \"info\", or \"rongcloud_callback=debug,warn\""
    }
}

impl FromStr for LogFilter {
    type Err = LogFilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(LogFilterError(format!("is empty: it is {LEVELS}")));
        }
        if let Err(error) = text.parse::<EnvFilter>() {
            return Err(LogFilterError(format!("`{text}` is not a filter: {error}")));
        }
        match text.split(',').find(|part| is_misspelt_level(part)) {
            Some(word) => {
                let word = word.trim();
                Err(LogFilterError(format!(
                    "`{word}` is not a level: it is {LEVELS}; all lines of a part named {word} are {word}=trace"
                )))
            }
            None => Ok(Self(text.to_owned())),
        }
    }
}

/// Whether a part of a filter is a single word that is no level: most often a misspelt level, which would leave everything
/// out of the log.
fn is_misspelt_level(part: &str) -> bool {
    let part = part.trim();
    let is_word = !part.is_empty() && !part.contains(['=', '[']);
    is_word && !part.starts_with(OWN_TARGET) && part.parse::<LevelFilter>().is_err()
}

/// Chooses the filter in force. The filter of the options is checked even where another one holds.
pub(super) fn choose(options: &Options, level: Option<&LogFilter>) -> Result<EnvFilter, LogError> {
    let configured = parse(&options.level, "log.level")?;
    let chosen = match (level, &options.environment) {
        (Some(level), _) => level.clone(),
        (None, Some(variable)) => parse_environment(variable)?,
        (None, None) => configured,
    };
    Ok(EnvFilter::new(chosen.0))
}

fn parse_environment(variable: &OsStr) -> Result<LogFilter, LogError> {
    let origin = "the environment variable RUST_LOG";
    match variable.to_str() {
        Some(text) => parse(text, origin),
        None => Err(LogError { origin, reason: LogFilterError("its bytes are not UTF-8".to_owned()) }),
    }
}

fn parse(text: &str, origin: &'static str) -> Result<LogFilter, LogError> {
    text.parse().map_err(|reason| LogError { origin, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_what_tracing_takes_and_a_misspelt_level_is_told_of() {
        for text in [
            "info",
            "WARN",
            " debug ",
            "off",
            "rongcloud_callback",
            "hyper=debug,warn",
            "[attempt{user=1}]=debug",
        ] {
            assert!(text.parse::<LogFilter>().is_ok(), "{text}");
        }
        for (text, words) in [
            ("", "is empty"),
            (" ", "is empty"),
            ("loud=wat", "`loud=wat` is not a filter"),
            ("verbose", "`verbose` is not a level"),
            ("warning", "`warning` is not a level"),
            ("info,verbos", "`verbos` is not a level"),
        ] {
            let error = text.parse::<LogFilter>().unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
