//! A part of the server that ends by itself: the other parts end, too, and the error names the part.

use std::{future::pending, time::Duration};

use rongcloud_callback::{CallbackService, Config, ServiceError};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::{
    PATIENCE,
    messages::{APP, PATH, SECRET},
    secrecy,
};

/// A valid configuration, changed by `spoil` to values that a loaded configuration never has.
pub(super) fn spoilt_config(folder: &TempDir, spoil: impl FnOnce(&mut Config)) -> Config {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[journal]\nurl = \"sqlite:{}\"\n\
         [[apps]]\npath = \"{PATH}\"\nkey = \"{APP}\"\nsecrets = [\"{SECRET}\"]\napi_url = \"http://127.0.0.1:9\"\n",
        folder.path().join("journal.db").display()
    );
    let mut config = Config::from_toml(&text, |_| None).unwrap();
    spoil(&mut config);
    config
}

/// Runs a service that nobody stops. Returns the part that ended by itself.
async fn run_until_a_part_ends(config: Config) -> &'static str {
    // Without this subscriber the service would set one, for all tests.
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
        // The end of a lease would be too late to be expressed.
        assert_eq!(run_until_a_part_ends(spoilt_config(&folder, spoil)).await, part);
        // The journal was closed, and its lock released.
        drop(CallbackService::new(spoilt_config(&folder, |_| {})).bind().await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_ends_in_order_while_it_waits_for_a_journal_that_another_process_holds() {
    secrecy::watch();
    let folder = tempfile::tempdir().unwrap();
    let holder = rusqlite::Connection::open(folder.path().join("journal.db")).unwrap();
    holder.execute_batch("create table t (a); begin exclusive").unwrap();
    let ended = CallbackService::new(spoilt_config(&folder, |_| {})).run_until(tokio::task::yield_now());
    ended.await.unwrap();
}
