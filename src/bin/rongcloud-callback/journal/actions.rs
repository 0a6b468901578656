//! `journal revive` and `journal discard`: entries by their numbers, or all dead letters.

use std::time::Duration;

use clap::Args;
use rongcloud_callback::{
    console::{
        api::{CountJob, EntryFilter, JobCount, JobRow, StartJob},
        client::{Client, ConsoleError},
    },
    journal::{Administration, EntryId, Filter, Order, State},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use super::{
    audit,
    server::{failure, new_key},
    source::{Local, Source},
};
use crate::{failure::Failure, progress};

/// Number of dead letters that are read at once.
const PAGE: usize = 500;
/// Time between two looks at the progress of a job.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
#[group(required = true)]
pub(crate) struct SomeEntries {
    /// The entries' numbers, as `list` prints them.
    #[arg(value_name = "ID")]
    ids: Vec<i64>,
    /// All dead letters; with `--server` as a job of the server, at 50 a second.
    #[arg(long, conflicts_with = "ids")]
    all_dead: bool,
}

/// An action with entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Revive,
    Discard,
}

impl Action {
    /// The name of the action in the API and in the audit list.
    fn name(self) -> &'static str {
        match self {
            Self::Revive => "revive",
            Self::Discard => "discard",
        }
    }

    /// The result for one entry, behind its number.
    fn done(self) -> &'static str {
        match self {
            Self::Revive => "is pending again",
            Self::Discard => "is discarded",
        }
    }
}

pub(super) async fn run(source: &Source, entries: &SomeEntries, action: Action) -> Result<(), Failure> {
    match source {
        Source::Journal(Local { journal, .. }) => in_journal(&**journal, entries, action).await,
        Source::Server(server) if entries.all_dead => all_at_server(&server.client, action).await,
        Source::Server(server) => {
            for id in &entries.ids {
                match action {
                    Action::Revive => server.client.revive(*id).await,
                    Action::Discard => server.client.discard(*id).await,
                }
                .map_err(failure)?;
                println!("{id} {}", action.done());
            }
            Ok(())
        }
    }
}

async fn in_journal(
    journal: &dyn Administration,
    entries: &SomeEntries,
    action: Action,
) -> Result<(), Failure> {
    let ids = if entries.all_dead {
        let ids = all_dead(journal).await?;
        if ids.is_empty() {
            println!("there are no dead letters");
            return Ok(());
        }
        let filter = EntryFilter { state: Some("dead".to_owned()), ..EntryFilter::default() };
        let filter = serde_json::json!(filter).to_string();
        audit::note(journal, &format!("{} by filter", action.name()), filter, ids.len() as u64).await?;
        ids
    } else {
        entries.ids.iter().copied().map(EntryId).collect()
    };
    for id in ids {
        // An entry that is not there is an error of the action itself.
        if !entries.all_dead && journal.show(id).await?.is_some() {
            audit::note(journal, action.name(), format!("entry {id}"), 1).await?;
        }
        match action {
            Action::Revive => journal.revive(id).await?,
            Action::Discard => journal.discard(id).await?,
        }
        println!("{id} {}", action.done());
    }
    Ok(())
}

/// The numbers of all dead letters, oldest first, so that conversations keep their order.
async fn all_dead(journal: &dyn Administration) -> Result<Vec<EntryId>, Failure> {
    let mut ids = Vec::new();
    loop {
        let page = Filter {
            state: Some(State::Dead),
            after: ids.last().copied(),
            order: Order::OldestFirst,
            limit: PAGE,
            ..Filter::default()
        };
        let records = journal.list(page).await?;
        if records.is_empty() {
            return Ok(ids);
        }
        ids.extend(records.iter().map(|record| record.id));
    }
}

/// Starts a job for all dead letters, and shows its progress until it ends. Ctrl-C ends the showing only.
async fn all_at_server(client: &Client, action: Action) -> Result<(), Failure> {
    let filter = EntryFilter { state: Some("dead".to_owned()), ..EntryFilter::default() };
    let action = action.name().to_owned();
    let counting = CountJob { action: action.clone(), filter: filter.clone() };
    let counting = progress::while_waiting("counting the dead letters", client.count_job(&counting));
    let JobCount { count: total, until } = counting.await.map_err(failure)?;
    if total == 0 {
        println!("there are no dead letters");
        return Ok(());
    }
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::ours)?;
    let started = StartJob { action, filter, total, until, rate: None };
    let job = client.start_job(&started, &new_key()).await.map_err(failure)?;
    println!("job {}: {} of {total} dead letters", job.id, job.action);
    tokio::select! {
        ended = end_of(client, &job) => {
            let hint = "the job goes on at the server, also after a restart";
            report(&ended.map_err(|error| failure(error).half_way().then(hint))?)
        }
        _ = interrupt.recv() => {
            println!("job {} goes on at the server; the console, under dead letters, cancels it, or this:", job.id);
            println!("curl -X POST -H 'Authorization: Bearer TOKEN' {}/api/v1/jobs/{}/cancel", client.address(), job.id);
            Ok(())
        }
    }
}

/// Waits for the end of a job.
async fn end_of(client: &Client, job: &JobRow) -> Result<JobRow, ConsoleError> {
    let bar = progress::bar_of(job.total, "dead letters");
    loop {
        let jobs = client.jobs().await?.jobs;
        let now = jobs.into_iter().find(|now| now.id == job.id).unwrap_or_else(|| job.clone());
        bar.set_position(now.done + now.skipped);
        if now.state != "running" {
            bar.finish_and_clear();
            return Ok(now);
        }
        sleep(PAUSE).await;
    }
}

fn report(job: &JobRow) -> Result<(), Failure> {
    let JobRow { id, action, total, done, skipped, .. } = job;
    let verb = if action == "revive" { "pending again" } else { "discarded" };
    println!("{done} are {verb}; {skipped} had changed meanwhile and were left alone");
    if job.state == "done" {
        return Ok(());
    }
    let error = anyhow::anyhow!("job {id} was cancelled: {done} of {total} are {verb}");
    Err(Failure::yours(error).half_way().hint("the server's audit list says who cancelled it"))
}
