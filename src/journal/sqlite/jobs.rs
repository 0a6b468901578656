//! The statements on jobs.

use rusqlite::{
    Connection, OptionalExtension as _, Result, Row, ToSql, params,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

use super::{failure::Failure, records::count};
use crate::{
    clock::UnixMillis,
    journal::{
        EntryId, Job, JobAction, JobEntry, JobState, JobStep, JournalError, KEPT_JOBS, NewJob, State,
        error::no_running_job_error,
    },
};

const JOB: &str =
    "id, action, filter, total, rate, until_entry, requested_by, done, skipped, after_entry, state,
    created_at, ended_at, key";

/// Adds a job, unless its key is known or another one is running.
pub(super) fn add(connection: &Connection, job: &NewJob, now: UnixMillis) -> Result<Job, Failure> {
    let known = format!("select {JOB} from job where key = ?1");
    if let Some(known) = connection.query_row(&known, [job.key], self::job).optional()? {
        return Ok(known);
    }
    let running = "select id from job where state = 'running'";
    if let Some(running) = connection.query_row(running, [], |row| row.get(0)).optional()? {
        return Err(JournalError::JobRunning(running).into());
    }
    let NewJob { key, action, filter, total, rate, until, by } = job;
    let added = connection.query_row(
        &format!(
            "insert into job (key, action, filter, total, rate, until_entry, requested_by, created_at,
                 done, skipped, after_entry, state)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, 0, 'running') returning {JOB}"
        ),
        params![key, action, filter, total.cast_signed(), rate, until, by, now],
        self::job,
    )?;
    let kept = i64::try_from(KEPT_JOBS).unwrap_or(i64::MAX);
    connection.execute("delete from job where id <= ?1", [added.id - kept])?;
    Ok(added)
}

/// Jobs, newest first.
pub(super) fn list(connection: &Connection, limit: usize) -> Result<Vec<Job>> {
    let mut list = connection.prepare(&format!("select {JOB} from job order by id desc limit ?1"))?;
    list.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], job)?.collect()
}

/// Does a step of a running job, in which `change` revives or discards an entry.
pub(super) fn advance(
    connection: &Connection,
    step: &JobStep,
    now: UnixMillis,
    mut change: impl FnMut(JobAction, EntryId) -> Result<(), Failure>,
) -> Result<Job, Failure> {
    let find = format!("select {JOB} from job where id = ?1 and state = 'running' and after_entry = ?2");
    let job = connection.query_row(&find, params![step.job, step.from], job).optional()?;
    let job = job.ok_or(JournalError::Conflict)?;
    let mut done = 0_u64;
    for entry in &step.entries {
        if is_as_seen(connection, job.action, entry)? {
            change(job.action, entry.id)?;
            done += 1;
        }
    }
    let skipped = step.entries.len() as u64 - done;
    let (state, ended_at) =
        if step.is_last { (JobState::Done, Some(now)) } else { (JobState::Running, None) };
    let advanced = connection.query_row(
        &format!(
            "update job set done = done + ?2, skipped = skipped + ?3, after_entry = ?4, state = ?5, ended_at = ?6
             where id = ?1 returning {JOB}"
        ),
        params![job.id, done.cast_signed(), skipped.cast_signed(), step.to, state, ended_at],
        self::job,
    )?;
    Ok(advanced)
}

/// Ends a running job.
pub(super) fn cancel(connection: &Connection, id: i64, now: UnixMillis) -> Result<Job, Failure> {
    let sql = format!(
        "update job set state = 'cancelled', ended_at = ?2 where id = ?1 and state = 'running' returning {JOB}"
    );
    let cancelled = connection.query_row(&sql, params![id, now], job).optional()?;
    Ok(cancelled.ok_or_else(|| no_running_job_error(id))?)
}

/// Whether an entry is still as the job has seen it.
fn is_as_seen(connection: &Connection, action: JobAction, entry: &JobEntry) -> Result<bool> {
    let mut find = connection.prepare_cached("select state, settled_at from entry where id = ?1")?;
    let seen = |row: &Row<'_>| Ok((row.get::<_, State>(0)?, row.get::<_, Option<UnixMillis>>(1)?));
    let Some((state, settled_at)) = find.query_row([entry.id], seen).optional()? else {
        return Ok(false);
    };
    let may_change = match action {
        JobAction::Revive => state == State::Dead,
        JobAction::Discard => state != State::Done,
    };
    Ok(may_change && settled_at == entry.settled_at)
}

fn job(row: &Row<'_>) -> Result<Job> {
    Ok(Job {
        id: row.get(0)?,
        action: row.get(1)?,
        filter: row.get(2)?,
        total: count(row, 3)?,
        rate: row.get(4)?,
        until: row.get(5)?,
        by: row.get(6)?,
        done: count(row, 7)?,
        skipped: count(row, 8)?,
        after: row.get(9)?,
        state: row.get(10)?,
        created_at: row.get(11)?,
        ended_at: row.get(12)?,
        key: row.get(13)?,
    })
}

impl ToSql for JobAction {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for JobAction {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        [Self::Revive, Self::Discard]
            .into_iter()
            .find(|action| action.as_str() == name)
            .ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for JobState {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for JobState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        [Self::Running, Self::Done, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or(FromSqlError::InvalidType)
    }
}
