//! The metrics of a process without the operators' endpoints.

use std::process::Command;

use rongcloud_callback::{
    CallbackService, Config,
    internals::{call_seconds, calls, install_recorder},
    journal::{EntryKey, NewEntry, Queue},
    service::Parts,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{
    messages::{APP, PATH, SECRET},
    until,
};

/// The variable that makes this program run one test alone, because all tests of a process share the recorder.
const ALONE: &str = "TEST_RUNS_ALONE";

async fn parts() -> Parts {
    let text = format!(
        "[journal]\nurl = \"memory:\"\n[[apps]]\npath = \"{PATH}\"\nkey = \"{APP}\"\nsecrets = [\"{SECRET}\"]\n\
         api_url = \"http://127.0.0.1:9\"\n"
    );
    let config = Config::from_toml(&text, |_| None).unwrap();
    CallbackService::new(config).into_parts().await.unwrap()
}

#[tokio::test]
async fn inside_another_program_the_metrics_can_be_rendered_with_what_is_in_the_journal() {
    let parts = parts().await;
    calls("rendered-in-parts", "ok").increment(3);
    let entry = NewEntry {
        queue: Queue::Inbox,
        key: EntryKey::of("1"),
        conversation: "c".to_owned(),
        body: "<xml/>".into(),
        dead: None,
    };
    parts.journal.append(entry, None).await.unwrap();
    let text = parts.metrics.render().await.unwrap();
    let counted = "rongcloud_callback_api_calls_total{call=\"rendered-in-parts\",outcome=\"ok\"} 3\n";
    assert!(text.contains(counted), "{text}");
    let pending = "rongcloud_callback_journal_entries{queue=\"inbox\",state=\"pending\"} 1\n";
    assert!(text.contains(pending), "{text}");
}

#[test]
fn inside_another_program_the_workers_keep_the_metrics_small_though_nobody_asks_for_them() {
    if std::env::var_os(ALONE).is_none() {
        let name = "service::metrics::inside_another_program_the_workers_keep_the_metrics_small_though_nobody_asks_for_them";
        let this = std::env::current_exe().unwrap();
        let status = Command::new(this).args(["--exact", name]).env(ALONE, "1").status().unwrap();
        assert!(status.success());
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (parts, stop) = (parts().await, CancellationToken::new());
        let workers = JoinSet::from_iter([parts.workers.run(stop.clone())]);
        call_seconds("kept-small").record(0.1);
        // Maintained samples are in a distribution. The samples themselves are gone.
        until("upkeep", async || {
            let recorder = format!("{:?}", install_recorder().unwrap());
            let (_, distributions) = recorder.split_once("distributions:").unwrap();
            let (distributions, _) = distributions.split_once("distribution_builder:").unwrap();
            distributions.contains("kept-small").then_some(())
        })
        .await;
        stop.cancel();
        for ended in workers.join_all().await {
            ended.unwrap();
        }
    });
}
