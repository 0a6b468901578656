//! The signals that end the process.

use std::{future::Future, io};

use tokio::signal::unix::{SignalKind, signal};

/// Listens for SIGTERM and SIGINT. The future completes at the first one, and none is missed from this call on.
///
/// # Errors
///
/// The error of the operating system, if it has no handlers to give.
pub fn termination() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
