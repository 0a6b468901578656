//! Pauses: accounts to which nothing is sent for a while.

use std::time::Duration;

use rongcloud_callback::journal::{self, Administration, JournalError, Pause};

use super::support::{Bench, START, options};

async fn pause(journal: &dyn Administration, account: &str, by: &str) {
    journal.pause(account.to_owned(), by.to_owned()).await.unwrap();
}

/// The accounts that are paused, in order, and by whom.
async fn paused(journal: &dyn Administration) -> Vec<(String, String)> {
    let pauses = journal.pauses().await.unwrap();
    pauses.into_iter().map(|pause| (pause.account, pause.by)).collect()
}

pub(super) async fn an_account_is_paused_until_it_is_resumed(bench: &Bench) {
    assert_eq!(paused(&*bench.journal).await, []);
    pause(&*bench.journal, "app\u{1f}mc1", "alice").await;
    bench.clock.advance(Duration::from_secs(1));
    pause(&*bench.journal, "app\u{1f}mc1", "bob").await;
    let (account, by) = ("app\u{1f}mc1".to_owned(), "alice".to_owned());
    let first = Pause { account: account.clone(), by, since: START };
    assert_eq!(bench.journal.pauses().await.unwrap(), [first], "it stays as it is");

    bench.journal.resume(account.clone()).await.unwrap();
    assert_eq!(paused(&*bench.journal).await, []);
    let refused = bench.journal.resume(account).await;
    assert!(matches!(refused, Err(JournalError::NotFound(_))), "{refused:?}");
}

pub(super) async fn whatever_an_account_is_called_it_alone_is_paused(bench: &Bench) {
    let long = "long".repeat(5000);
    let accounts = ["it's", "nul\0nul", "nul", "%", "张三", "A", "a", "", &long];
    for account in accounts {
        pause(&*bench.journal, account, account).await;
    }
    let mut expected: Vec<_> = accounts.map(|it| (it.to_owned(), it.to_owned())).into();
    expected.sort();
    assert_eq!(paused(&*bench.journal).await, expected);
    bench.journal.resume("nul".to_owned()).await.unwrap();
    expected.retain(|(account, _)| account != "nul");
    assert_eq!(paused(&*bench.journal).await, expected);
}

pub(super) async fn an_operator_beside_the_server_pauses_for_it(bench: &Bench) {
    let Some(url) = bench.url() else { return };
    let operator = journal::open_operator(&url, options(&bench.clock)).await.unwrap();
    pause(&*operator, "a", "command line").await;
    pause(&*bench.journal, "b", "alice").await;
    for journal in [&*bench.journal as &dyn Administration, &*operator] {
        let expected = [("a", "command line"), ("b", "alice")];
        assert_eq!(paused(journal).await, expected.map(|(it, by)| (it.to_owned(), by.to_owned())));
    }
    operator.resume("b".to_owned()).await.unwrap();
    bench.journal.resume("a".to_owned()).await.unwrap();
    assert_eq!(paused(&*operator).await, []);
    operator.close().await.unwrap();
}
