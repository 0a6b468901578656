//! Jobs: many entries revived or discarded, step by step.

use std::time::Duration;

use rongcloud_callback::{
    clock::Clock,
    journal::{
        EntryId, EntryKey, Filter, Job, JobAction, JobEntry, JobState, JobStep, JournalError, KEPT_JOBS,
        NewJob, Order, Queue, Queues, State,
    },
};

use super::{
    shared::{open, replicas},
    support::{Bench, Ending, LEASE, START, dead, keys, message},
};
use crate::support::until;

const SECOND: Duration = Duration::from_secs(1);

fn new_job(key: &str, action: JobAction) -> NewJob {
    NewJob {
        key: EntryKey::of(key),
        action,
        filter: "{\"text\":\"it's 查订单 \\u0000\"}".to_owned(),
        total: 7,
        rate: 50,
        until: EntryId(99),
        by: "al\0ice".to_owned(),
    }
}

async fn add(bench: &Bench, key: &str, action: JobAction) -> Job {
    bench.journal.add_job(new_job(key, action)).await.unwrap()
}

/// The next step of a job on the dead letters, of so many entries.
async fn next_step(journal: &dyn Queues, job: &Job, limit: usize) -> JobStep {
    let (state, after, before) = (Some(State::Dead), Some(job.after), Some(EntryId(job.until.0 + 1)));
    let order = Order::OldestFirst;
    let filter = Filter { state, after, before, order, limit, ..Filter::default() };
    let entries: Vec<_> =
        journal.search(filter).await.unwrap().records.iter().map(JobEntry::from).collect();
    let is_last = entries.len() < limit;
    let to = entries.last().filter(|_| !is_last).map_or(job.until, |last| last.id);
    JobStep { job: job.id, from: job.after, to, entries, is_last }
}

async fn states(bench: &Bench) -> Vec<State> {
    let filter = Filter { order: Order::OldestFirst, ..Filter::default() };
    bench.journal.list(filter).await.unwrap().iter().map(|record| record.state).collect()
}

pub(super) async fn a_job_revives_its_entries_step_by_step(bench: &Bench) {
    let entries = (1..=5).map(|number| dead(if number < 4 { "a" } else { "b" }, &number.to_string()));
    bench.append_all(entries).await;
    bench.clock.advance(SECOND);
    let added = add(bench, "job", JobAction::Revive).await;
    let NewJob { filter, by, until, total, rate, .. } = new_job("job", JobAction::Revive);
    let (done, skipped, after, state) = (0, 0, EntryId(0), JobState::Running);
    let (id, action) = (added.id, JobAction::Revive);
    let (created_at, ended_at) = (bench.clock.now(), None);
    let expected = Job {
        id,
        key: EntryKey::of("job"),
        action,
        filter,
        total,
        rate,
        until,
        by,
        done,
        skipped,
        after,
        state,
        created_at,
        ended_at,
    };
    assert_eq!(added, expected);

    let mut changes = bench.journal.changes(Queue::Inbox);
    changes.mark_unchanged();
    let (mut job, mut seen) = (added, Vec::new());
    while job.state == JobState::Running {
        bench.clock.advance(SECOND);
        let step = next_step(&*bench.journal, &job, 2).await;
        job = bench.journal.advance_job(step).await.unwrap();
        assert_eq!(bench.journal.jobs(9).await.unwrap(), [job.clone()]);
        seen.push((job.done, job.after));
    }
    assert_eq!(seen, [(2, EntryId(2)), (4, EntryId(4)), (5, until)]);
    assert_eq!((job.state, job.ended_at), (JobState::Done, Some(bench.clock.now())));
    assert!(changes.has_changed().unwrap(), "a worker is woken");
    let inbox = bench.stats().await.inbox;
    assert_eq!((inbox.pending, inbox.dead, inbox.done), (5, 0, 0));
    for expected in [vec!["1", "4"], vec!["2", "5"], vec!["3"]] {
        let leased = bench.lease(9).await;
        let mut leased_keys = keys(&leased);
        leased_keys.sort_unstable();
        assert_eq!(leased_keys, expected, "of each conversation one after the other");
        for entry in leased {
            assert_eq!(entry.attempt, 1, "counted anew");
            bench.finish(entry).await;
        }
    }
}

pub(super) async fn a_step_that_is_repeated_changes_nothing(bench: &Bench) {
    bench.append_all((1..=4).map(|number| dead("a", &number.to_string()))).await;
    let job = add(bench, "job", JobAction::Revive).await;
    let step = next_step(&*bench.journal, &job, 2).await;
    bench.journal.advance_job(step.clone()).await.unwrap();
    // What the step has revived fails again before the step is repeated.
    let entry = bench.lease_one().await;
    bench.journal.bury(entry.lease, "again".into()).await.unwrap();
    let before = states(bench).await;
    let refused = bench.journal.advance_job(step).await;
    assert!(matches!(refused, Err(JournalError::Conflict)), "{refused:?}");
    assert_eq!(states(bench).await, before);
    let job = bench.journal.jobs(1).await.unwrap().remove(0);
    assert_eq!((job.done, job.skipped, job.after), (2, 0, EntryId(2)));
    let none = JobStep { job: 404, from: EntryId(0), to: EntryId(9), entries: vec![], is_last: true };
    let refused = bench.journal.advance_job(none).await;
    assert!(matches!(refused, Err(JournalError::Conflict)), "{refused:?}");
}

pub(super) async fn of_several_that_do_a_step_at_once_one_does_it(bench: &Bench) {
    bench.append_all((1..=20).map(|number| dead(&(number % 3).to_string(), &number.to_string()))).await;
    let mut job = add(bench, "job", JobAction::Revive).await;
    let others = match bench.url().filter(|_| bench.is_shared()) {
        Some(url) => vec![open(&url, &bench.clock).await, open(&url, &bench.clock).await],
        None => Vec::new(),
    };
    let mut revived = 0;
    while job.state == JobState::Running {
        let step = next_step(&*bench.journal, &job, 7).await;
        let servers = others.iter().chain([&bench.journal, &bench.journal]);
        let steps = servers.map(|server| server.advance_job(step.clone()));
        let (mut done, mut refused) = (Vec::new(), 0);
        for result in futures_util::future::join_all(steps).await {
            match result {
                Ok(job) => done.push(job),
                Err(JournalError::Conflict) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((done.len(), refused), (1, 1 + others.len()));
        job = done.remove(0);
        revived += step.entries.len() as u64;
        assert_eq!((job.done, job.skipped), (revived, 0));
    }
    assert_eq!((revived, bench.stats().await.inbox.pending), (20, 20));
    for other in others {
        other.close().await.unwrap();
    }
}

pub(super) async fn what_has_changed_since_it_was_seen_is_skipped(bench: &Bench) {
    bench.append_all((1..=5).map(|number| dead(&number.to_string(), &number.to_string()))).await;
    let job = add(bench, "job", JobAction::Revive).await;
    let mut step = next_step(&*bench.journal, &job, 9).await;
    step.entries.push(JobEntry { id: EntryId(404), settled_at: Some(START) });
    bench.clock.advance(SECOND);
    // The first is pending, the second is done, and the third is dead once more.
    for id in [1, 3] {
        bench.journal.revive(EntryId(id)).await.unwrap();
    }
    bench.journal.discard(EntryId(2)).await.unwrap();
    let leased = bench.lease(9).await;
    for entry in leased {
        if entry.id == EntryId(3) {
            bench.journal.bury(entry.lease, "again".into()).await.unwrap();
        }
    }
    let job = bench.journal.advance_job(step).await.unwrap();
    assert_eq!((job.done, job.skipped, job.state), (2, 4, JobState::Done));
    let expected = [State::Pending, State::Done, State::Dead, State::Pending, State::Pending];
    assert_eq!(states(bench).await, expected);
    let inbox = bench.stats().await.inbox;
    assert_eq!((inbox.pending, inbox.done, inbox.dead), (3, 1, 1));
}

pub(super) async fn one_job_runs_at_a_time_and_a_repeated_request_adds_no_second(bench: &Bench) {
    let job = add(bench, "1", JobAction::Discard).await;
    assert_eq!(add(bench, "1", JobAction::Discard).await, job);
    let refused = bench.journal.add_job(new_job("2", JobAction::Discard)).await;
    assert!(matches!(refused, Err(JournalError::JobRunning(id)) if id == job.id), "{refused:?}");
    let last = JobStep { job: job.id, from: job.after, to: job.until, entries: vec![], is_last: true };
    let ended = bench.journal.advance_job(last).await.unwrap();
    assert_eq!((ended.state, ended.done), (JobState::Done, 0));
    let next = add(bench, "2", JobAction::Discard).await;
    assert!(next.id > job.id);
    assert_eq!(add(bench, "1", JobAction::Discard).await, ended, "it is known after its end");
    assert_eq!(bench.journal.jobs(9).await.unwrap(), [next.clone(), ended]);
    assert_eq!(bench.journal.jobs(1).await.unwrap(), [next]);
}

pub(super) async fn a_cancelled_job_goes_no_further(bench: &Bench) {
    bench.append_all((1..=4).map(|number| dead("a", &number.to_string()))).await;
    let job = add(bench, "job", JobAction::Revive).await;
    let step = next_step(&*bench.journal, &job, 2).await;
    let job = bench.journal.advance_job(step).await.unwrap();
    bench.clock.advance(SECOND);
    let cancelled = bench.journal.cancel_job(job.id).await.unwrap();
    let (state, ended_at) = (JobState::Cancelled, Some(bench.clock.now()));
    assert_eq!(cancelled, Job { state, ended_at, ..job.clone() }, "what it has done stays done");
    let refused = bench.journal.advance_job(next_step(&*bench.journal, &job, 2).await).await;
    assert!(matches!(refused, Err(JournalError::Conflict)), "{refused:?}");
    for id in [job.id, 404] {
        let refused = bench.journal.cancel_job(id).await;
        assert!(matches!(refused, Err(JournalError::NotFound(_))), "{refused:?}");
    }
    assert_eq!(bench.stats().await.inbox.dead, 2);
    add(bench, "next", JobAction::Revive).await;
}

pub(super) async fn the_newest_jobs_are_kept(bench: &Bench) {
    let mut newest = 0;
    for number in 0..=KEPT_JOBS {
        newest = add(bench, &number.to_string(), JobAction::Revive).await.id;
        bench.journal.cancel_job(newest).await.unwrap();
    }
    let jobs = bench.journal.jobs(usize::MAX).await.unwrap();
    assert_eq!((jobs.len(), jobs[0].id), (KEPT_JOBS, newest));
}

pub(super) async fn a_job_discards_what_is_pending_in_work_and_dead(bench: &Bench) {
    bench.append_all([message("a", "1"), message("a", "2"), message("b", "3"), dead("b", "4")]).await;
    let held = bench.lease(1).await.remove(0);
    let seen = bench.journal.list(Filter { limit: 9, ..Filter::default() }).await.unwrap();
    let entries = seen.iter().rev().filter(|record| record.id != EntryId(2)).map(JobEntry::from);
    let entries: Vec<_> = entries.collect();
    let job = add(bench, "job", JobAction::Discard).await;
    let step = JobStep { job: job.id, from: job.after, to: job.until, entries, is_last: true };
    let job = bench.journal.advance_job(step).await.unwrap();
    assert_eq!((job.done, job.skipped), (3, 0));
    assert_eq!(states(bench).await, [State::Done, State::Pending, State::Done, State::Done]);
    let record = bench.journal.show(EntryId(4)).await.unwrap().unwrap();
    assert!(record.is_discarded());
    let late = bench.journal.finish(held.lease, Vec::new().into()).await;
    assert!(matches!(late, Err(JournalError::LeaseLost(_))), "{late:?}");
    let inbox = bench.stats().await.inbox;
    assert_eq!((inbox.pending, inbox.done, inbox.dead), (1, 3, 0));
    bench.clock.advance(LEASE);
    assert_eq!(keys(&bench.lease(9).await), ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_killed_between_two_steps_goes_on_after_the_restart_and_does_nothing_twice() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        let Some(mut bench) = bench else { continue };
        bench.append_all((1..=6).map(|number| dead("a", &number.to_string()))).await;
        let job = add(&bench, "job", JobAction::Revive).await;
        let step = next_step(&*bench.journal, &job, 4).await;
        bench.journal.advance_job(step.clone()).await.unwrap();
        assert!(bench.reopen(Ending::Crash, |_| ()).await);

        let job = bench.journal.jobs(1).await.unwrap().remove(0);
        assert_eq!((job.state, job.done, job.after), (JobState::Running, 4, EntryId(4)));
        let refused = bench.journal.advance_job(step).await;
        assert!(matches!(refused, Err(JournalError::Conflict)), "{refused:?}");
        let job = bench.journal.advance_job(next_step(&*bench.journal, &job, 4).await).await.unwrap();
        assert_eq!((job.state, job.done, job.skipped), (JobState::Done, 6, 0));
        assert_eq!(bench.stats().await.inbox.pending, 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_on_one_replica_wakes_the_workers_of_the_others() {
    let Some((first, second, _url)) = replicas().await else { return };
    first.append(dead("a", "1"), None).await.unwrap();
    let mut changes = second.changes(Queue::Inbox);
    let job = first.add_job(new_job("job", JobAction::Revive)).await.unwrap();
    changes.mark_unchanged();
    let step = next_step(&*first, &job, 9).await;
    first.advance_job(step).await.unwrap();
    until("the hint", async || changes.has_changed().unwrap().then_some(())).await;
    assert_eq!(keys(&second.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap()), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_gives_way_to_a_commit_on_its_conversations_and_both_count() {
    let Some((journal, other, url)) = replicas().await else { return };
    let mut entries: Vec<_> =
        (0..50).map(|number| dead(&number.to_string(), &number.to_string())).collect();
    super::support::append_all(&*journal, entries.drain(..)).await;
    let job = journal.add_job(new_job("job", JobAction::Revive)).await.unwrap();
    let step = next_step(&*journal, &job, 200).await;
    let appends = (0..50).rev().map(|number| message(&number.to_string(), &format!("new {number}")));
    let appends = appends.collect::<Vec<_>>();
    let (job, appended) =
        tokio::join!(journal.advance_job(step), super::support::append_all(&*other, appends));
    assert_eq!((job.unwrap().done, appended.len()), (50, 50));
    let journal = open(&url, &Clock::manual(START)).await;
    assert_eq!(journal.stats().await.unwrap().inbox.pending, 100);
    let leased = journal.lease(Queue::Inbox, 99, START.plus(LEASE)).await.unwrap();
    assert!(leased.len() == 50 && leased.iter().all(|entry| entry.id <= EntryId(50)));
}
