//! Sending for an account, paused and resumed.

use super::{
    super::{
        api::{Empty, PauseRow, Pauses, SendingAccount},
        error::ApiError,
    },
    call::Call,
};
use crate::{console::live::Change, journal::Pause, worker::PausedAccount};

/// Lists the accounts to which nothing is sent.
pub(super) async fn list(call: Call, _: Empty) -> Result<Pauses, ApiError> {
    Ok(Pauses { pauses: rows(call.journal.pauses().await?) })
}

/// Pauses sending for an account.
pub(super) async fn pause(call: Call, account: SendingAccount) -> Result<Pauses, ApiError> {
    let key = key(&account)?;
    note(&call, "pause", &account).await?;
    call.journal.pause(key, call.who.name().to_owned()).await?;
    call.events.note_change(Change::Pauses);
    list(call, Empty {}).await
}

/// Resumes sending for an account.
pub(super) async fn resume(call: Call, account: SendingAccount) -> Result<Pauses, ApiError> {
    let key = key(&account)?;
    note(&call, "resume", &account).await?;
    call.journal.resume(key).await?;
    call.events.note_change(Change::Pauses);
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
    Ok(PausedAccount { app: app.as_str().into(), account: account.as_str().into() }.key())
}

/// The pauses; one whose name cannot be read is shown as the account of no app.
pub(super) fn rows(pauses: Vec<Pause>) -> Vec<PauseRow> {
    let row = |Pause { account, by, since }| {
        let (app, account) = match PausedAccount::from_key(&account) {
            Some(PausedAccount { app, account }) => (app.to_string(), account.to_string()),
            None => (String::new(), account),
        };
        PauseRow { app, account, by, since }
    };
    pauses.into_iter().map(row).collect()
}
