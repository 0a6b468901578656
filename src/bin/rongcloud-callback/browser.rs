//! Opens a page in the browser of whoever sits at this machine.

use std::{
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use tokio::task::spawn_blocking;

use crate::log;

/// Opens `url`; where that fails, says so and that it is to be opened by hand.
pub(crate) async fn open(url: String) {
    let page = url.clone();
    // The launcher may itself become the browser, and run for as long as that.
    let opened = spawn_blocking(move || launch(open::commands(&page))).await;
    if let Ok(Err(reason)) = opened {
        log::print(&format!("cannot open a browser ({reason}): open {url} yourself\n"));
    }
}

/// Runs the launchers in their order until one succeeds; else why the first one has not.
fn launch(launchers: Vec<Command>) -> Result<(), String> {
    let mut first = None;
    for mut launcher in launchers {
        let name = launcher.get_program().to_string_lossy().into_owned();
        // In a process group of its own, so that Ctrl-C ends the sandbox and not the browser.
        launcher.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let reason = match launcher.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => format!("{name}: {status}"),
            Err(error) => format!("{name}: {error}"),
        };
        first.get_or_insert(reason);
    }
    Err(first.unwrap_or_else(|| "no program for that is known".to_owned()))
}
