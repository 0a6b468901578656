//! Jobs by the real executable: a kill in the middle of one, and the restart that goes on with it.

use std::sync::Arc;

use rongcloud_callback::journal::{
    Administration, EntryId, EntryKey, Filter, Job, JobAction, JobState, NewJob, State,
};

use crate::support::{process::Home, until};

const LETTERS: u32 = 200;
const RATE: u32 = 40;

/// The one job of a journal.
async fn job(journal: &Arc<dyn Administration>) -> Job {
    journal.jobs(2).await.unwrap().pop().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revive_job_that_is_killed_half_way_goes_on_after_the_restart_and_revives_none_twice() {
    let home = Home::new();
    let server = home.start().await;
    for number in 0..LETTERS {
        let answer = server.deliver(&format!("<xml><Number>{number}</Number></xml>")).await;
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    let journal = home.journal().await;
    let dead = Filter { state: Some(State::Dead), limit: 1_000, ..Filter::default() };
    let letters = journal.list(dead.clone()).await.unwrap();
    assert_eq!(letters.len(), LETTERS as usize);
    let new = NewJob {
        key: EntryKey::of("job"),
        action: JobAction::Revive,
        filter: "{\"state\":\"dead\"}".to_owned(),
        total: LETTERS.into(),
        rate: RATE,
        until: EntryId(LETTERS.into()),
        by: "alice".to_owned(),
    };
    journal.add_job(new.clone()).await.unwrap();
    // A request that is sent again adds no second job.
    assert_eq!(journal.add_job(new).await.unwrap().id, job(&journal).await.id);

    let half = async || (job(&journal).await.done >= u64::from(RATE)).then_some(());
    until("a job that is half done", half).await;
    server.kill();
    let killed = job(&journal).await;
    assert_eq!(killed.state, JobState::Running);
    assert!(killed.done < u64::from(LETTERS), "it was killed too late: {killed:?}");

    let server = home.start().await;
    let ended = async || Some(job(&journal).await).filter(|job| job.state == JobState::Done);
    let ended = until("the end of the job", ended).await;
    assert_eq!((ended.done, ended.skipped), (u64::from(LETTERS), 0));
    let tried_again = async || {
        let letters = journal.list(dead.clone()).await.unwrap();
        let tried = letters.iter().filter(|letter| letter.attempts > 0).count();
        (tried == LETTERS as usize).then_some(letters)
    };
    let tried_again = until("dead letters that were all tried again", tried_again).await;
    for letter in tried_again {
        let attempts = journal.attempts(letter.id).await.unwrap();
        // The kill may have come in the middle of an attempt, which is counted and not kept.
        assert!(attempts.len() <= 1 && letter.attempts <= 2, "revived twice: {letter:?} {attempts:?}");
    }
    server.terminate();
    assert!(server.ended().0.success());
}
