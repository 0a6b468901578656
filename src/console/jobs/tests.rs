//! Tests of the runner, on a journal in memory and in time that passes at once.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::JobRunner;
use crate::{
    clock::UnixMillis,
    console::live::Events,
    journal::{
        self, EntryId, EntryKey, Filter, Job, JobAction, JobState, NewEntry, NewJob, Queue, Queues,
        State,
    },
};

/// The filter of the dead letters whose bodies contain `odd`.
const ODD: &str = r#"{"text":"odd"}"#;

/// A journal with so many dead letters, half of them odd.
async fn journal_with(dead: usize) -> Arc<dyn Queues> {
    let journal = journal::open_server("memory:", journal::Options::default()).await.unwrap();
    for number in 1..=dead {
        let entry = NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of(&number.to_string()),
            conversation: number.to_string(),
            body: if number % 2 == 1 { "odd".into() } else { "even".into() },
            dead: Some("unreadable".to_owned()),
        };
        journal.append(entry, None).await.unwrap();
    }
    journal
}

async fn add_job(journal: &dyn Queues, action: JobAction, filter: &str, until: i64) -> Job {
    let job = NewJob {
        key: EntryKey::of("job"),
        action,
        filter: filter.to_owned(),
        total: 100,
        rate: 10,
        until: EntryId(until),
        by: "alice".to_owned(),
    };
    journal.add_job(job).await.unwrap()
}

async fn newest_job(journal: &dyn Queues) -> Job {
    journal.jobs(1).await.unwrap().remove(0)
}

/// How many entries are in a state.
async fn count(journal: &dyn Queues, state: State) -> u64 {
    journal.count(Filter { state: Some(state), ..Filter::default() }).await.unwrap()
}

/// Runs so many runners on a journal until its job has ended. Returns the job, and how long it took.
async fn run(journal: &Arc<dyn Queues>, runners: usize) -> (Job, Duration) {
    let (stop, begins_at) = (CancellationToken::new(), Instant::now());
    let running = (0..runners).map(|_| {
        let (journal, stop) = (Arc::clone(journal), stop.clone());
        async move { JobRunner::new(journal as _, Events::new()).run(&stop).await }
    });
    let ending = async {
        while newest_job(&**journal).await.state == JobState::Running {
            sleep(Duration::from_millis(100)).await;
        }
        stop.cancel();
    };
    tokio::join!(futures_util::future::join_all(running), ending);
    (newest_job(&**journal).await, begins_at.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_job_changes_the_entries_that_are_meant_up_to_its_last_at_its_rate() {
    let journal = journal_with(100).await;
    // The entries after the 80th came after they were counted.
    add_job(&*journal, JobAction::Revive, ODD, 80).await;
    let (job, took) = run(&journal, 1).await;
    assert_eq!((job.state, job.done, job.skipped), (JobState::Done, 40, 0));
    assert_eq!(job.after, EntryId(80));
    let states = (count(&*journal, State::Pending).await, count(&*journal, State::Dead).await);
    assert_eq!(states, (40, 60));
    assert!(took >= Duration::from_secs(3), "40 entries at 10 a second take {took:?}");
}

#[tokio::test(start_paused = true)]
async fn several_servers_do_a_job_once_and_together_keep_to_its_rate() {
    let journal = journal_with(100).await;
    add_job(&*journal, JobAction::Discard, ODD, 100).await;
    let (job, took) = run(&journal, 3).await;
    assert_eq!((job.state, job.done, job.skipped), (JobState::Done, 50, 0));
    assert_eq!(count(&*journal, State::Done).await, 50);
    assert!(took >= Duration::from_secs(4), "50 entries at 10 a second take {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_cancelled_or_that_nobody_can_read_changes_nothing_more() {
    let journal = journal_with(100).await;
    let job = add_job(&*journal, JobAction::Revive, ODD, 100).await;
    let cancelling = async {
        while newest_job(&*journal).await.done == 0 {
            sleep(Duration::from_millis(100)).await;
        }
        journal.cancel_job(job.id).await.unwrap();
    };
    let ((job, _), ()) = tokio::join!(run(&journal, 2), cancelling);
    assert_eq!(job.state, JobState::Cancelled);
    assert_eq!(count(&*journal, State::Pending).await, job.done);
    assert!((1..50).contains(&job.done), "{job:?}");

    let journal = journal_with(3).await;
    let job = add_job(&*journal, JobAction::Revive, "of a newer version", 3).await;
    let cancelling = async {
        sleep(Duration::from_secs(10)).await;
        journal.cancel_job(job.id).await.unwrap();
    };
    let ((job, _), ()) = tokio::join!(run(&journal, 1), cancelling);
    assert_eq!((job.state, job.done, job.after), (JobState::Cancelled, 0, EntryId(0)));
    assert!(job.created_at > UnixMillis(0));
}
