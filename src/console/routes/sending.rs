//! Sending for an account, paused and resumed.

use super::{
    super::{
        api::{Empty, PauseRow, Pauses, SendingAccount},
        error::ApiError,
    },
    call::Call,
};
use crate::journal::Pause;

/// The character between app and account in the name of an account that the senders use.
const SEPARATOR: char = '\u{1f}';

/// Lists the accounts to which nothing is sent.
pub(super) async fn list(call: Call, _: Empty) -> Result<Pauses, ApiError> {
    Ok(Pauses { pauses: rows(call.journal.pauses().await?) })
}

/// Pauses sending for an account.
pub(super) async fn pause(call: Call, account: SendingAccount) -> Result<Pauses, ApiError> {
    let key = key(&account)?;
    note(&call, "pause", &account).await?;
    call.journal.pause(key, call.who.name().to_owned()).await?;
    list(call, Empty {}).await
}

/// Resumes sending for an account.
pub(super) async fn resume(call: Call, account: SendingAccount) -> Result<Pauses, ApiError> {
    let key = key(&account)?;
    note(&call, "resume", &account).await?;
    call.journal.resume(key).await?;
    list(call, Empty {}).await
}

async fn note(call: &Call, action: &str, account: &SendingAccount) -> Result<(), ApiError> {
    let SendingAccount { app, account } = account;
    call.act(action, &format!("sending for {account} of {app}"), 0).await
}

fn key(SendingAccount { app, account }: &SendingAccount) -> Result<String, ApiError> {
    for (name, id) in [("app", app), ("account", account)] {
        if id.is_empty() || id.contains(char::is_control) {
            return Err(ApiError::bad_request(format!(
                "{name}: write the id, without control characters"
            )));
        }
    }
    Ok(format!("{app}{SEPARATOR}{account}"))
}

/// The pauses; one whose name cannot be read is shown as the account of no app.
pub(super) fn rows(pauses: Vec<Pause>) -> Vec<PauseRow> {
    let row = |Pause { account, by, since }| {
        let (app, account) = account.split_once(SEPARATOR).unwrap_or(("", &account));
        PauseRow { app: app.to_owned(), account: account.to_owned(), by, since }
    };
    pauses.into_iter().map(row).collect()
}
