//! `journal list` and `journal export`: many entries, for a person or a program.

use std::time::Duration;

use clap::Args;
use rongcloud_callback::journal::{Filter, Order, State};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use super::{
    entry::Entry, follow::Watch, selection::Selection, source::Source, table::Table, times::Times,
};
use crate::{
    failure::Failure,
    output::{self, print_json},
    terminal,
};

/// Time between two looks for new entries.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    selection: Selection,
    /// At most so many, the newest ones.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Goes on printing what comes, the newest last, until Ctrl-C.
    #[arg(long, conflicts_with = "until")]
    follow: bool,
    /// One JSON object a line, with times in UTC and the body.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    selection: Selection,
    /// At most so many, the oldest ones; without it all.
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
    limit: usize,
}

pub(super) async fn list(
    source: &Source,
    arguments: &ListArguments,
    times: &Times,
) -> Result<(), Failure> {
    let ListArguments { selection, limit, follow, json } = arguments;
    if *follow {
        return interruptible(follow_new(source, arguments, times)).await;
    }
    let mut pages = selection.pages(source, Filter { limit: *limit, ..selection.filter() }, *json);
    let mut entries = pages.next().await?.unwrap_or_default();
    if entries.is_empty() && !json && terminal::width().is_some() {
        println!("there is no such entry");
        return Ok(());
    }
    // The first page decides the widths, however many pages follow.
    let table = Table::new(times, &entries, false);
    print_head(&table, *json);
    while !entries.is_empty() && !output::is_closed() {
        print_entries(&entries, &table, *json)?;
        entries = pages.next().await?.unwrap_or_default();
    }
    Ok(())
}

pub(super) async fn export(source: &Source, arguments: &ExportArguments) -> Result<(), Failure> {
    let ExportArguments { selection, limit } = arguments;
    let filter = Filter { order: Order::OldestFirst, limit: *limit, ..selection.filter() };
    let mut pages = selection.pages(source, filter, true);
    while let Some(entries) = pages.next().await? {
        if output::is_closed() {
            break;
        }
        entries.iter().try_for_each(|entry| print_json(&entry.json()))?;
    }
    Ok(())
}

fn print_head(table: &Table<'_>, json: bool) {
    if !json {
        println!("{}", table.head());
    }
}

fn print_entries(entries: &[Entry], table: &Table<'_>, json: bool) -> Result<(), Failure> {
    for entry in entries {
        if json {
            print_json(&entry.json())?;
        } else {
            println!("{}", table.row(entry));
        }
    }
    Ok(())
}

/// Runs `work` until it ends or somebody presses Ctrl-C, which is the usual end of `--follow`.
async fn interruptible(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::ours)?;
    tokio::select! {
        done = work => done,
        _ = interrupt.recv() => Ok(()),
    }
}

async fn follow_new(source: &Source, arguments: &ListArguments, times: &Times) -> Result<(), Failure> {
    let ListArguments { selection, limit, json, .. } = arguments;
    if selection.state() == Some(State::Done) {
        let error = anyhow::anyhow!("`--follow` shows what comes, which is not done yet");
        return Err(Failure::yours(error).hint("leave `--state done` out, or follow `--state dead`"));
    }
    let mut watch = Watch::start(source, selection, *json).await?;
    let newest = Filter { limit: *limit, ..selection.filter() };
    let mut entries = selection.pages(source, newest, *json).rest().await?;
    entries.reverse();
    let table = Table::new(times, &entries, true);
    print_head(&table, *json);
    print_entries(&entries, &table, *json)?;
    watch.see(&entries);
    while !output::is_closed() {
        sleep(PAUSE).await;
        print_entries(&watch.look().await?, &table, *json)?;
    }
    Ok(())
}
