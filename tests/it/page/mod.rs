//! The sandbox's page and the console's in a real Chromium, served by the real executable.

mod bounds;
mod browser;
mod chinese;
mod composer;
mod console;
mod conversation;
mod deliveries;
mod dialogues;
mod executable;
mod faults;
mod feed;
mod hostile;
mod keyboard;
mod live;
mod looks;
mod outcome;
mod recording;
mod scrolling;

use self::{browser::Browser, executable::Executable};

/// Runs `test` on a page of its own, and then asserts that the browser's console has no error.
///
/// A screenshot of the page's last moment stays in Cargo's `target/tmp`, also where the test failed.
async fn on_a_page(name: &str, test: impl AsyncFnOnce(&Browser, &Executable)) {
    if !browser::is_available() {
        return;
    }
    let sandbox = Executable::start();
    Browser::run(name, async |browser| {
        browser.open(&format!("{}/", sandbox.url)).await;
        test(browser, &sandbox).await;
    })
    .await;
}
