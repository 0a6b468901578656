//! The failure of a command: the error with its causes, a hint, and the exit code.

use std::{fmt, process::ExitCode};

use rongcloud_callback::{
    client::ClientError, config::ConfigError, journal::JournalError, protocol::ErrCode,
    service::ServiceError, telemetry::LogError,
};

use crate::terminal;

/// The failure of a command, printed as `error:`, `caused by:` and `hint:` lines.
#[derive(Debug)]
pub(crate) struct Failure {
    error: anyhow::Error,
    hint: Option<String>,
    /// Whether the user can put it right: exit code 1 instead of 2.
    is_yours: bool,
}

impl Failure {
    /// A failure that the user can put right: exit code 1.
    pub(crate) fn yours(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), hint: None, is_yours: true }
    }

    /// A failure of the program, the machine or the platform: exit code 2.
    pub(crate) fn ours(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), hint: None, is_yours: false }
    }

    /// Sets the hint, which says what to do.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Adds an outer error, which names the place; the present one becomes its cause.
    pub(crate) fn at(self, what: impl fmt::Display + Send + Sync + 'static) -> Self {
        Self { error: self.error.context(what), ..self }
    }

    /// Marks a failure after which a part of the work is done, so that the command cannot simply be repeated: exit code 2.
    pub(crate) fn half_way(self) -> Self {
        Self { is_yours: false, ..self }
    }

    /// Adds a second hint.
    pub(crate) fn then(self, hint: &str) -> Self {
        let hint = match &self.hint {
            Some(first) => format!("{first}\nhint: {hint}"),
            None => hint.to_owned(),
        };
        self.hint(hint)
    }

    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(if self.is_yours { 1 } else { 2 })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, cause) in self.error.chain().enumerate() {
            let label = if number == 0 { "error" } else { "caused by" };
            writeln!(f, "{label}: {}", display_cause(cause))?;
        }
        match &self.hint {
            Some(hint) => writeln!(f, "hint: {}", terminal::block(hint)),
            None => Ok(()),
        }
    }
}

/// The text of an error, escaped because it may come from the platform or another server. Only the error of a configuration
/// has lines of its own.
fn display_cause(cause: &(dyn std::error::Error + 'static)) -> String {
    let text = cause.to_string();
    if cause.is::<ConfigError>() { terminal::block(&text) } else { terminal::line(&text) }.into_owned()
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let hint = match &error {
            ConfigError::Invalid { .. } => None,
            ConfigError::Encoding { .. } => Some(
                "save it as UTF-8: editors have a choice for it, PowerShell has `Set-Content -Encoding utf8`",
            ),
            _ => Some("`--config FILE` names the configuration file"),
        };
        let failure = Self::yours(error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
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
        let hint = error.hint();
        let failure = match &error {
            ServiceError::Log(_)
            | ServiceError::Listen { .. }
            | ServiceError::Journal { source: JournalError::Open(_), .. }
            | ServiceError::Client { .. } => Self::yours(error),
            _ => Self::ours(error),
        };
        Self { hint, ..failure }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let hint = error.hint();
        Self::yours(error).hint(hint)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let hint = client_hint(&error);
        let failure = match &error {
            ClientError::RateLimited(_)
            | ClientError::Unavailable(_)
            | ClientError::Transport(_)
            | ClientError::Token(_) => Self::ours(error),
            _ => Self::yours(error),
        };
        failure.hint(hint)
    }
}

/// The hint for a failed API call.
fn client_hint(error: &ClientError) -> &'static str {
    match error {
        ClientError::Setup(_) => "look at `api_url`, `key` and `[apps.portal]` in the configuration",
        ClientError::Limit(_) => "nothing was sent: keep to the limit and run it again",
        ClientError::Media(_) => "nothing was sent: convert the file, or upload it as another kind",
        ClientError::NotOffered(_) => "nothing was sent: docs/api.md says what goes to whom",
        ClientError::Unauthorized(_) => {
            "compare `key` and the first of `secrets` with the platform's console, and this machine's clock"
        }
        ClientError::Token(_) => "look at `token` or `token_file` of [apps.portal]",
        ClientError::RateLimited(_) => "wait a good while, then run it again",
        ClientError::Unavailable(_) => "run it again later",
        ClientError::Refused(_) => match error.errcode() {
            Some(ErrCode::BAD_MEDIA_TYPE) => {
                "the platform takes files of this kind in another format only"
            }
            Some(ErrCode::NOT_ALLOWED) if is_broadcast(error) => {
                "the platform takes one message to all followers a day: if there was one today, send the next one tomorrow \
                 (Beijing time)"
            }
            Some(ErrCode::NOT_ALLOWED) => "ask the platform's operator to allow this call for the app",
            _ => "look at the values: does what they name exist, and is each what the platform takes?",
        },
        ClientError::Unreadable(_) => {
            "something else answers there: compare `api_url` with the platform's address"
        }
        ClientError::Incomplete(_) => {
            "do not run it again: look at the platform's console for what came of it"
        }
        ClientError::Transport(_) => {
            "does `api_url` lead to the platform? whether the call was carried out is not known: look before repeating it"
        }
        _ => "run it again with --dry-run to see the request",
    }
}

/// Whether the call was a message to all followers.
fn is_broadcast(error: &ClientError) -> bool {
    error.call().is_some_and(|call| call.path().ends_with("/sendall.json"))
}

#[cfg(test)]
mod tests {
    use rongcloud_callback::client::{Answer, Call};

    use super::*;

    #[test]
    fn what_the_platform_explains_is_one_line_without_control_sequences() {
        let answer = Answer {
            call: Call::default(),
            status: 200,
            errcode: Some(ErrCode(1002)),
            errmsg: "no \x1b[2J\u{202e}\nhint: rm".to_owned(),
            retry_after: None,
        };
        let printed = Failure::from(ClientError::Refused(answer)).to_string();
        assert_eq!(printed.lines().count(), 2, "{printed}");
        assert!(printed.contains("no \\u{1b}[2J\\u{202e}\\u{a}hint: rm"), "{printed}");
    }

    #[test]
    fn a_server_that_ends_by_itself_is_our_failure() {
        let failure = Failure::from(ServiceError::Ended { part: "the listener of server.listen" });
        assert_eq!(format!("{:?}", failure.code()), format!("{:?}", ExitCode::from(2)));
        assert!(
            failure.to_string().starts_with("error: the listener of server.listen ended by itself\n")
        );
    }
}
