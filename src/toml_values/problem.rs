//! One problem of a configuration: where it is, what is wrong, and what to write instead.

/// A value that is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the key, such as `server.listen` or `apps[0].key`.
    pub key: String,
    /// Line of the user's file, where the key stands in it; from 1.
    pub line: Option<usize>,
    /// The mistake, and its consequence.
    pub what: String,
    /// Advice: what to write, or what to do.
    pub hint: String,
}

impl Problem {
    /// A problem whose line is not known yet.
    pub(crate) fn new(key: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { key: key.into(), line: None, what: what.into(), hint: hint.into() }
    }
}
