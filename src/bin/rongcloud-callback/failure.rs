//! How a command fails: what was wrong, why, what to do, and whose fault it was.

use std::{fmt, process::ExitCode};

use rongcloud_callback::{config::ConfigError, journal::JournalError, service::ServiceError};

/// Printed as `error:`, `caused by:` and `hint:` lines.
#[derive(Debug)]
pub(crate) struct Failure {
    error: anyhow::Error,
    hint: Option<String>,
    yours: bool,
}

impl Failure {
    /// Something in the user's hands: exit code 1.
    pub(crate) fn yours(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), hint: None, yours: true }
    }

    /// Something that is not: exit code 2.
    pub(crate) fn ours(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), hint: None, yours: false }
    }

    /// Adds what to do.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(if self.yours { 1 } else { 2 })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.error)?;
        for cause in self.error.chain().skip(1) {
            writeln!(f, "caused by: {cause}")?;
        }
        match &self.hint {
            Some(hint) => writeln!(f, "hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let named = error.problems().is_empty();
        let failure = Self::yours(error);
        if named { failure.hint("`--config FILE` names the configuration file") } else { failure }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Open(_) | JournalError::NotFound(_) => Self::yours(error),
            _ => Self::ours(error),
        }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        match &error {
            ServiceError::Listen { key, .. } => {
                let hint =
                    format!("is another program listening there? change `{key}` in the configuration");
                Self::yours(error).hint(hint)
            }
            ServiceError::Journal { source: JournalError::Open(_), .. }
            | ServiceError::Client { .. } => Self::yours(error),
            _ => Self::ours(error),
        }
    }
}
