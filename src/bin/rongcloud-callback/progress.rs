//! Progress for people: on standard error, and only if that is a terminal.

use std::{borrow::Cow, pin::pin, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

/// What is over sooner needs no progress.
const MOMENT: Duration = Duration::from_millis(400);

/// Does `work`, under a spinner that says `what` if it takes more than a moment.
pub(crate) async fn while_waiting<T>(
    what: impl Into<Cow<'static, str>>,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = tokio::time::sleep(MOMENT) => {}
    }
    // Without a terminal indicatif draws nothing.
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let done = work.await;
    spinner.finish_and_clear();
    done
}

/// A bar for `total` users.
pub(crate) fn bar(total: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} users, {eta} left");
    ProgressBar::new(total as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
