//! Jobs: many entries revived or discarded, step by step.

use std::sync::LazyLock;

use tokio_postgres::{Error, Row, types::ToSql};

use super::{
    client::Client,
    entry_changes::{ChangedEntries, EntryChange, change_entries},
    filter::bound,
    fragments::WALL_CLOCK,
    records::{count, text},
    retry::BEGIN,
};
use crate::{
    clock::UnixMillis,
    journal::{EntryId, Job, JobAction, JobState, JobStep, KEPT_JOBS, NewJob},
};

/// The columns of a job.
const JOB: &str = "id, action, filter, total, rate, until, requested_by, done, skipped, after, state, created_at, ended_at, key";

/// The statement that adds a job, unless its key is known or another job is running.
static ADD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "insert into job (state, action, rate, total, done, skipped, after, until, created_at, key, filter, requested_by)
        values (0, $2::smallint, $3::bigint, $4::bigint, 0, 0, 0, $5::bigint, {WALL_CLOCK}, $6::bytea, $7::bytea,
            $8::bytea)
        on conflict do nothing returning {JOB}"
    )
});

/// The statement that removes the jobs before the newest ones, except one that is running.
const REMOVE_OLD: &str = "
    delete from job
    where state <> 0 and id <= (select id from job order by id desc offset $1::bigint limit 1)";

/// The statement that notes the progress of a job.
static NOTE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "update job
        set after = $3::bigint, done = done + $4::bigint, skipped = skipped + $5::bigint,
            state = case when $6::boolean then 1 else state end, ended_at = case when $6::boolean then {WALL_CLOCK} end
        where id = $2 returning {JOB}"
    )
});

/// The statement that ends a job that is running.
static CANCEL: LazyLock<String> = LazyLock::new(|| {
    format!(
        "update job set state = 2, ended_at = {WALL_CLOCK} where id = $2 and state = 0 returning {JOB}"
    )
});

/// The result of adding a job.
#[derive(Debug)]
pub(super) enum Added {
    /// The job that was added, or that has been there under its key.
    Job(Job),
    /// The number of the job that is running.
    Running(i64),
    /// The job that was running has ended just now.
    Again,
}

/// Adds a job, unless its key is known or another job is running.
pub(super) async fn add(client: &Client, job: &NewJob, now: Option<i64>) -> Result<Added, Error> {
    let NewJob { key, action, filter, total, rate, until, by } = job;
    let (action, rate, total) = (action_number(*action), i64::from(*rate), total.cast_signed());
    let (filter, by) = (filter.as_bytes(), by.as_bytes());
    let values: [&(dyn ToSql + Sync); 8] = [&now, &action, &rate, &total, &until.0, key, &filter, &by];
    if let Some(row) = client.query_opt(ADD.as_str(), &values).await? {
        client.execute(REMOVE_OLD, &[&bound(KEPT_JOBS)]).await?;
        return self::job(&row).map(Added::Job);
    }
    let known = format!("select {JOB} from job where key = $1");
    if let Some(row) = client.query_opt(&known, &[key]).await? {
        return self::job(&row).map(Added::Job);
    }
    match client.query_opt("select id from job where state = 0", &[]).await? {
        Some(row) => row.try_get(0).map(Added::Running),
        None => Ok(Added::Again),
    }
}

/// Jobs, newest first.
pub(super) async fn list(client: &Client, limit: usize) -> Result<Vec<Job>, Error> {
    let sql = format!("select {JOB} from job order by id desc limit $1");
    client.query(&sql, &[&bound(limit)]).await?.iter().map(job).collect()
}

/// Does a step of a job and notes its progress, at `elapsed` in journal time if that is known; none if the job is not
/// running, or has come to another place.
///
/// The job's row is locked first, so that of several replicas that do the same step one does it, and the others find the
/// job in another place.
pub(super) async fn advance(
    client: &Client,
    step: &JobStep,
    now: Option<i64>,
    elapsed: Option<i64>,
) -> Result<Option<(Job, ChangedEntries)>, Error> {
    client.batch_execute(BEGIN).await?;
    let here = "select action from job where id = $1 and state = 0 and after = $2 for update";
    let Some(row) = client.query_opt(here, &[&step.job, &step.from.0]).await? else {
        client.batch_execute("rollback").await?;
        return Ok(None);
    };
    let action = action(row.try_get(0)?);
    let change = EntryChange { action, entries: &step.entries, only_as_seen: true, now, elapsed };
    let changed = change_entries(client, change).await?;
    let [done, skipped] = [changed.count, step.entries.len() - changed.count].map(bound);
    let values: [&(dyn ToSql + Sync); 6] = [&now, &step.job, &step.to.0, &done, &skipped, &step.is_last];
    let row = client.query_one(NOTE.as_str(), &values).await?;
    client.batch_execute("commit").await?;
    Ok(Some((job(&row)?, changed)))
}

/// Ends a job; none if it is not running.
pub(super) async fn cancel(client: &Client, id: i64, now: Option<i64>) -> Result<Option<Job>, Error> {
    client.query_opt(CANCEL.as_str(), &[&now, &id]).await?.as_ref().map(job).transpose()
}

fn job(row: &Row) -> Result<Job, Error> {
    Ok(Job {
        id: row.try_get(0)?,
        action: action(row.try_get(1)?),
        filter: text(row.try_get(2)?),
        total: count(row.try_get(3)?),
        rate: row.try_get::<_, i64>(4)?.try_into().unwrap_or(u32::MAX),
        until: EntryId(row.try_get(5)?),
        by: text(row.try_get(6)?),
        done: count(row.try_get(7)?),
        skipped: count(row.try_get(8)?),
        after: EntryId(row.try_get(9)?),
        state: match row.try_get::<_, i16>(10)? {
            0 => JobState::Running,
            1 => JobState::Done,
            _ => JobState::Cancelled,
        },
        created_at: UnixMillis(row.try_get(11)?),
        ended_at: row.try_get::<_, Option<i64>>(12)?.map(UnixMillis),
        key: row.try_get(13)?,
    })
}

fn action_number(action: JobAction) -> i16 {
    match action {
        JobAction::Revive => 0,
        JobAction::Discard => 1,
    }
}

fn action(number: i16) -> JobAction {
    if number == 0 { JobAction::Revive } else { JobAction::Discard }
}
