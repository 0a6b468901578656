//! The browser of this machine, in which a page is opened.

use std::{
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use tokio::task::spawn_blocking;

use crate::log;

/// Opens `url`; where that fails, asks the user to open it.
pub(super) async fn open(url: String) {
    let page = url.clone();
    // The launcher may become the browser itself, and then runs as long as the browser.
    let opened = spawn_blocking(move || launch(open::commands(&page))).await;
    if let Ok(Err(reason)) = opened {
        log::print(&format!("cannot open a browser ({reason}): open {url} yourself\n"));
    }
}

/// Runs the launchers in their order until one succeeds; the error is the reason why the first one failed.
fn launch(launchers: Vec<Command>) -> Result<(), String> {
    let mut first = None;
    for mut launcher in launchers {
        let name = launcher.get_program().to_string_lossy().into_owned();
        // The launcher gets a process group of its own, so that Ctrl-C ends the sandbox and not the browser.
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
