//! The console's page.

mod audit;
mod chinese;
mod conversations;
mod dead_letters;
mod desk;
mod hostile;
mod live;
mod log_in;
mod looks;
mod messages;
mod overview;
mod reasons;
mod sandbox;
mod server;

use std::future::Future;

use self::server::{Console, Journal};
use super::browser::{self, Browser};

/// Runs `test` in a browser and on a server of its own, with a journal in a file.
async fn on_a_console(name: &str, test: impl AsyncFnOnce(&Browser, &Console)) {
    if browser::is_available() {
        let console = Console::start(Journal::File).await;
        Browser::run(&format!("console-{name}"), async |page| test(page, &console).await).await;
    }
}

/// Runs `test` like [`on_a_console`], with a journal in a file and then with one in PostgreSQL.
async fn on_each_journal(name: &str, test: impl AsyncFn(&Browser, &Console)) {
    if !browser::is_available() {
        return;
    }
    for journal in Journal::all().await {
        let name = format!("console-{name}-{}", journal.name());
        let console = Console::start(journal).await;
        Browser::run(&name, async |page| test(page, &console).await).await;
    }
}

/// Asserts that the browser has complained about refused requests only, each with one of these numbers of a status.
async fn expect_refusals(page: &Browser, statuses: &[&str]) {
    let complaints = page.console_errors().await;
    let is_expected = |complaint: &String| {
        statuses.iter().any(|status| complaint.contains(&format!("status of {status}")))
    };
    assert!(complaints.iter().all(is_expected), "{complaints:#?}");
}

/// Waits until the address of the page contains `part`.
fn see_address<'a>(page: &'a Browser, part: &str) -> impl Future<Output = ()> + 'a {
    let script = format!("return decodeURIComponent(location.hash).includes({part:?})");
    let what = format!("{part} in the address");
    async move { page.wait_for(&what, &script).await }
}
