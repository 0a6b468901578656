//! The display of progress: on standard error, and only if that is a terminal.

use std::{borrow::Cow, pin::pin, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

/// The time after which the spinner appears.
const SPINNER_DELAY: Duration = Duration::from_millis(400);

/// Waits for `work`, with a spinner and the text `what` if it takes longer than a moment.
pub(crate) async fn while_waiting<T>(
    what: impl Into<Cow<'static, str>>,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = tokio::time::sleep(SPINNER_DELAY) => {}
    }
    // Without a terminal indicatif draws nothing.
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let done = work.await;
    spinner.finish_and_clear();
    done
}

/// A progress bar for `total` users.
pub(crate) fn bar(total: usize) -> ProgressBar {
    bar_of(total as u64, "users")
}

/// A progress bar for `total` of the things that are called `what`.
pub(crate) fn bar_of(total: u64, what: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(&format!("{{bar:40}} {{pos}}/{{len}} {what}, {{eta}} left"));
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
