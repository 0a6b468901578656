//! The options of the log.

use std::ffi::OsString;

/// The options of the log.
#[derive(Debug, Clone)]
pub struct Options {
    /// The form of the lines. Default: text.
    pub format: Format,
    /// The filter that holds where nothing else says which lines are logged. Default: `info`.
    pub level: String,
    /// The filter of the environment variable `RUST_LOG`, which wins over `level`. Default: none.
    pub environment: Option<OsString>,
}

/// The form of the log's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Options {
    fn default() -> Self {
        Self { format: Format::Text, level: "info".to_owned(), environment: None }
    }
}
