//! Jobs: counted first, then started, listed and cancelled.

use super::{
    super::{
        api::{CountJob, Empty, EntryFilter, JobCount, JobRow, Jobs, StartJob},
        error::ApiError,
        job_filter::read_job,
        search::Steps,
        selection::Selection,
    },
    call::Call,
};
use crate::{
    console::live::Change,
    journal::{EntryId, EntryKey, Filter, JobAction, KEPT_JOBS, NewJob, Order},
    server::admin::Right,
};

/// The most jobs of the list.
const LISTED: usize = 50;
/// The most entries a second, and how many there are where the request does not say.
const MAX_RATE: u32 = 1_000;
const DEFAULT_RATE: u32 = 50;
/// The most entries that are looked at one by one to be counted.
const MAX_LOOKED_AT: usize = 1_000_000;

/// Lists the jobs, newest first.
pub(super) async fn list(call: Call, _: Empty) -> Result<Jobs, ApiError> {
    let jobs = call.journal.jobs(LISTED).await?;
    Ok(Jobs { jobs: jobs.into_iter().map(|job| show(&call, job.into())).collect() })
}

/// Counts the entries that a job would change.
pub(super) async fn count(
    call: Call,
    CountJob { action, filter }: CountJob,
) -> Result<JobCount, ApiError> {
    let (_, _, selection) = read(&call, &action, &filter)?;
    let newest = Filter { limit: 1, scan: 1, ..Filter::default() };
    let newest = call.journal.search(newest).await?.records;
    let until = newest.first().map_or(EntryId(0), |newest| newest.id);
    Ok(JobCount { count: count_until(&call, &selection, until).await?, until: until.0 })
}

/// Starts a job for the entries that were counted.
pub(super) async fn start(call: Call, wanted: StartJob) -> Result<JobRow, ApiError> {
    let key = call.idempotency_key()?;
    let rate = wanted.rate.unwrap_or(DEFAULT_RATE);
    if !(1..=MAX_RATE).contains(&rate) {
        return Err(ApiError::bad_request(format!("rate: write a number from 1 to {MAX_RATE}")));
    }
    let (action, filter, selection) = read(&call, &wanted.action, &wanted.filter)?;
    let filter = serde_json::json!(filter).to_string();
    let key = EntryKey::of(&format!("job\u{1f}{}\u{1f}{key}", call.who.name()));
    let known = call.journal.jobs(KEPT_JOBS).await?.into_iter().find(|job| job.key == key);
    if let Some(job) = known {
        return Ok(show(&call, job.into()));
    }
    let until = EntryId(wanted.until);
    let count = count_until(&call, &selection, until).await?;
    if count.abs_diff(wanted.total) > wanted.total / 10 {
        let reason =
            format!("there are {count} entries by now, and {} were counted: count again", wanted.total);
        return Err(ApiError::conflict(reason));
    }
    call.act(&format!("{} by filter", action.as_str()), &filter, count).await?;
    let by = call.who.name().to_owned();
    let job = NewJob { key, action, filter, total: wanted.total, rate, until, by };
    let job = call.journal.add_job(job).await?;
    call.events.note_change(Change::Jobs);
    Ok(show(&call, job.into()))
}

/// Ends a job.
pub(super) async fn cancel(call: Call, _: Empty) -> Result<JobRow, ApiError> {
    let id = call.number()?;
    call.act("cancel job", &format!("job {id}"), 0).await?;
    let job = call.journal.cancel_job(id).await?;
    call.events.note_change(Change::Jobs);
    Ok(show(&call, job.into()))
}

/// Reads the action and the filter of a job; a filter of texts is for those who may read them.
fn read(
    call: &Call,
    action: &str,
    filter: &EntryFilter,
) -> Result<(JobAction, EntryFilter, Selection), ApiError> {
    let read = read_job(action, filter).map_err(ApiError::bad_request)?;
    if read.2.looks_for_text() {
        call.who.demand(Right::Bodies)?;
    }
    Ok(read)
}

/// How many entries up to one of them are meant.
async fn count_until(call: &Call, selection: &Selection, until: EntryId) -> Result<u64, ApiError> {
    let before = Some(EntryId(until.0.saturating_add(1)));
    let mut filter = Filter { before, order: Order::OldestFirst, ..selection.filter.clone() };
    if !selection.must_confirm() {
        return Ok(call.journal.count(filter).await?);
    }
    let (mut count, mut steps) = (0, Steps::new(MAX_LOOKED_AT));
    while let Some(scan) = steps.next() {
        let page = call.journal.search(Filter { limit: scan, scan, ..filter.clone() }).await?;
        steps.note_found(page.records.len());
        count += page.records.iter().filter(|record| selection.admits(record)).count() as u64;
        let Some(next) = page.end.next() else { return Ok(count) };
        filter.after = Some(next);
    }
    Err(ApiError::bad_request(format!(
        "filter: more than {MAX_LOOKED_AT} entries would have to be looked at; narrow it by group, account or time"
    )))
}

/// A job, without the text of its filter for those who may not read texts.
fn show(call: &Call, job: JobRow) -> JobRow {
    let text = job.filter.text.filter(|_| call.sees_all());
    JobRow { filter: EntryFilter { text, ..job.filter }, ..job }
}
