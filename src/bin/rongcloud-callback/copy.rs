//! `journal copy`: the copy of a journal into another store.

use rongcloud_callback::{
    Config,
    clock::Clock,
    config::JournalUrl,
    journal::{self, ConversationState, EntryId, JournalError, State, StateFilter, Transfer},
};

use crate::failure::Failure;

/// The number of entries, or of states or records, that are in memory at once.
const PAGE: usize = 500;

/// The numbers of what was copied.
#[derive(Debug, Default)]
struct Counts {
    pending: u64,
    done: u64,
    dead: u64,
    /// The states of conversations.
    states: u64,
    /// The scheduled entries.
    scheduled: u64,
    /// The records of the audit list.
    audit: u64,
    /// The accounts to which nothing is sent.
    pauses: u64,
}

pub(crate) async fn run(config: &Config, from: JournalUrl, to: JournalUrl) -> Result<(), Failure> {
    let options = || config.journal.options(Clock::system());
    let source =
        journal::open_source(from.expose(), options()).await.map_err(|error| at(&from, error))?;
    let target = journal::open_target(to.expose(), options()).await.map_err(|error| at(&to, error))?;
    if !is_empty(&*target).await? {
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
    let Counts { pending, done, dead, states, scheduled, audit, pauses } = counts;
    let entries = pending + done + dead;
    println!("copied {entries} entries: {pending} pending, {done} done, {dead} dead");
    println!("copied the states of {states} conversations, and {scheduled} scheduled entries");
    println!("copied {audit} records of the audit list, and {pauses} pauses of accounts");
    println!("no server takes the source any more: set `journal.url` to {to}");
    Ok(())
}

/// Whether a journal has neither entries nor states of conversations, nor anything scheduled, audited or paused.
async fn is_empty(journal: &dyn Transfer) -> Result<bool, JournalError> {
    Ok(journal.page(EntryId(0), 1).await?.is_empty()
        && journal.states(StateFilter { limit: 1, ..StateFilter::default() }).await?.is_empty()
        && journal.scheduled(0, 1).await?.is_empty()
        && journal.audit(0, 1).await?.is_empty()
        && journal.pauses().await?.is_empty())
}

/// Copies everything and switches over. At no moment does a server open both journals, or an incomplete one.
async fn whole(
    source: &dyn Transfer,
    target: &dyn Transfer,
    to: &JournalUrl,
) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    copy_entries(source, target, &mut counts).await?;
    let states = |after| source.states(StateFilter { after, limit: PAGE, ..StateFilter::default() });
    let behind = |state: &ConversationState| Some(state.conversation.clone());
    counts.states = copy_pages(None, states, behind, |states| target.restore_states(states)).await?;
    counts.scheduled = copy_pages(
        0,
        |after| source.scheduled(after, PAGE),
        |entry| entry.id,
        |entries| target.restore_scheduled(entries),
    )
    .await?;
    counts.audit = copy_pages(
        0,
        |after| source.audit(after, PAGE),
        |record| record.id,
        |records| target.restore_audit(records),
    )
    .await?;
    let pauses = source.pauses().await?;
    counts.pauses = pauses.len() as u64;
    target.restore_pauses(pauses).await?;
    source.move_to(to.to_string()).await?;
    target.end_copy().await?;
    Ok(counts)
}

fn at(url: &JournalUrl, error: JournalError) -> Failure {
    Failure::from(error).at(format!("the journal at {url}"))
}

async fn copy_entries(
    source: &dyn Transfer,
    target: &dyn Transfer,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let mut after = EntryId(0);
    loop {
        let records = source.page(after, PAGE).await?;
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(()) };
        let (first, last) = (first.id, last.id);
        after = last;
        for record in &records {
            *match record.state {
                State::Pending => &mut counts.pending,
                State::Done => &mut counts.done,
                State::Dead => &mut counts.dead,
            } += 1;
        }
        target.restore(records).await?;
        target.restore_attempts(source.attempts(first, last).await?).await?;
    }
}

/// Copies what `read` returns page by page, each from behind the `place` of the last one of the page before, and counts it.
async fn copy_pages<P, T>(
    mut after: P,
    read: impl AsyncFn(P) -> Result<Vec<T>, JournalError>,
    place: impl Fn(&T) -> P,
    restore: impl AsyncFn(Vec<T>) -> Result<(), JournalError>,
) -> Result<u64, JournalError> {
    let mut count = 0;
    loop {
        let page = read(after).await?;
        let Some(last) = page.last() else { return Ok(count) };
        after = place(last);
        count += page.len() as u64;
        restore(page).await?;
    }
}
