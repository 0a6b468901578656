//! A part of the server that ends by itself: the rest ends, too, and says so, instead of living on deaf.

use std::{future::pending, time::Duration};

use rongcloud_callback::{CallbackService, Config, ServiceError};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::{
    PATIENCE,
    messages::{APP, PATH, SECRET},
    secrecy,
};

/// A configuration that is right until `spoil` has changed it: to what a loaded one never says.
pub(super) fn spoilt(folder: &TempDir, spoil: impl FnOnce(&mut Config)) -> Config {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[journal]\nurl = \"sqlite:{}\"\n\
         [[apps]]\npath = \"{PATH}\"\nkey = \"{APP}\"\nsecrets = [\"{SECRET}\"]\napi_url = \"http://127.0.0.1:9\"\n",
        folder.path().join("journal.db").display()
    );
    let mut config = Config::from_toml(&text, |_| None).unwrap();
    spoil(&mut config);
    config
}

/// Runs a service that nobody stops; the part that ended by itself.
async fn ended(config: Config) -> &'static str {
    // Without a subscriber it would set one, for all tests.
    secrecy::watch();
    let ended = CallbackService::new(config).run_until(pending());
    match timeout(PATIENCE, ended).await.expect("it ends by itself") {
        Err(ServiceError::Ended { part }) => part,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_s_loop_that_panics_ends_the_service_and_frees_the_journal() {
    for (spoil, part) in [
        (
            (|config: &mut Config| config.dispatch.timeout = Duration::MAX) as fn(&mut Config),
            "the handling of messages",
        ),
        (|config| config.deliver.timeout = Duration::MAX, "the sending of replies"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        // A lease would end after the end of time.
        assert_eq!(ended(spoilt(&folder, spoil)).await, part);
        // The journal was closed, and its lock let go.
        drop(CallbackService::new(spoilt(&folder, |_| {})).bind().await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_ends_in_order_while_it_waits_for_a_journal_that_another_process_holds() {
    secrecy::watch();
    let folder = tempfile::tempdir().unwrap();
    let holder = rusqlite::Connection::open(folder.path().join("journal.db")).unwrap();
    holder.execute_batch("create table t (a); begin exclusive").unwrap();
    let ended = CallbackService::new(spoilt(&folder, |_| {})).run_until(tokio::task::yield_now());
    ended.await.unwrap();
}
