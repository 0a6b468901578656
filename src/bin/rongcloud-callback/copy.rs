//! `journal copy`: the copy of a journal into another store.

use rongcloud_callback::{
    Config,
    clock::Clock,
    config::JournalUrl,
    journal::{self, EntryId, JournalError, State, Transfer},
};

use crate::failure::Failure;

/// The number of entries that are in memory at once.
const PAGE: usize = 500;

pub(crate) async fn run(config: &Config, from: JournalUrl, to: JournalUrl) -> Result<(), Failure> {
    let options = || config.journal.options(Clock::system());
    let source =
        journal::open_source(from.expose(), options()).await.map_err(|error| at(&from, error))?;
    let target = journal::open_target(to.expose(), options()).await.map_err(|error| at(&to, error))?;
    if !target.page(EntryId(0), 1).await?.is_empty() {
        let error = anyhow::anyhow!("the journal at {to} is not empty");
        return Err(Failure::yours(error).hint(
            "name a new file, or a database without a journal; if it is a copy that was not completed, remove it first",
        ));
    }
    target.begin_copy().await?;
    let counts = whole(&*source, &*target, &to).await.map_err(|failure| {
        failure.half_way().hint(format!("the journal at {to} is incomplete: remove it, then copy again"))
    })?;
    source.close().await?;
    target.close().await?;
    let [pending, done, dead] = counts;
    println!(
        "copied {} entries: {pending} pending, {done} done, {dead} dead",
        counts.iter().sum::<u64>()
    );
    println!("no server takes the source any more: set `journal.url` to {to}");
    Ok(())
}

/// Copies all entries and switches over. At no moment does a server open both journals, or an incomplete one.
async fn whole(
    source: &dyn Transfer,
    target: &dyn Transfer,
    to: &JournalUrl,
) -> Result<[u64; 3], Failure> {
    let counts = copy(source, target).await?;
    source.move_to(to.to_string()).await?;
    target.end_copy().await?;
    Ok(counts)
}

fn at(url: &JournalUrl, error: JournalError) -> Failure {
    Failure::from(error).at(format!("the journal at {url}"))
}

/// Copies all entries; returns their numbers by state.
async fn copy(source: &dyn Transfer, target: &dyn Transfer) -> Result<[u64; 3], Failure> {
    let (mut after, mut counts) = (EntryId(0), [0; 3]);
    loop {
        let records = source.page(after, PAGE).await?;
        let Some(last) = records.last() else { return Ok(counts) };
        after = last.id;
        for record in &records {
            counts[match record.state {
                State::Pending => 0,
                State::Done => 1,
                State::Dead => 2,
            }] += 1;
        }
        target.restore(records).await?;
    }
}
