//! Jobs, the audit list, pauses and activity, in plain lists.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    clock::UnixMillis,
    journal::{
        activity::{Activity, KEPT_ACTIVITY},
        audit::{AuditFilter, AuditRecord, KEPT_AUDIT, NewAuditRecord},
        entry::EntryId,
        error::{JournalError, no_running_job_error, not_paused_error},
        jobs::{Job, JobState, JobStep, KEPT_JOBS, NewJob},
        pause::Pause,
    },
};

/// The notes of operators and servers beside the entries.
#[derive(Debug, Default)]
pub(super) struct Operations {
    /// The jobs, oldest first.
    jobs: VecDeque<Job>,
    last_job: i64,
    audit: VecDeque<AuditRecord>,
    last_audit: i64,
    pauses: BTreeMap<String, Pause>,
    activity: VecDeque<Activity>,
}

impl Operations {
    pub(super) fn add_job(&mut self, new: NewJob, now: UnixMillis) -> Result<Job, JournalError> {
        if let Some(known) = self.jobs.iter().find(|job| job.key == new.key) {
            return Ok(known.clone());
        }
        let running = self.jobs.iter().find(|job| job.state == JobState::Running);
        if let Some(running) = running {
            return Err(JournalError::JobRunning(running.id));
        }
        self.last_job += 1;
        let NewJob { key, action, filter, total, rate, until, by } = new;
        let job = Job {
            id: self.last_job,
            key,
            action,
            filter,
            total,
            rate,
            until,
            by,
            done: 0,
            skipped: 0,
            after: EntryId(0),
            state: JobState::Running,
            created_at: now,
            ended_at: None,
        };
        self.jobs.push_back(job.clone());
        if self.jobs.len() > KEPT_JOBS {
            self.jobs.pop_front();
        }
        Ok(job)
    }

    pub(super) fn jobs(&self, limit: usize) -> Vec<Job> {
        self.jobs.iter().rev().take(limit).cloned().collect()
    }

    /// The running job of a step that comes next.
    pub(super) fn job_of(&mut self, step: &JobStep) -> Result<&mut Job, JournalError> {
        let job = self.running(step.job).filter(|job| job.after == step.from);
        job.ok_or(JournalError::Conflict)
    }

    pub(super) fn cancel_job(&mut self, id: i64, now: UnixMillis) -> Result<Job, JournalError> {
        let job = self.running(id).ok_or_else(|| no_running_job_error(id))?;
        (job.state, job.ended_at) = (JobState::Cancelled, Some(now));
        Ok(job.clone())
    }

    fn running(&mut self, id: i64) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id && job.state == JobState::Running)
    }

    pub(super) fn add_audit(&mut self, record: NewAuditRecord, now: UnixMillis) {
        self.last_audit += 1;
        let NewAuditRecord { who, action, target, count } = record;
        self.audit.push_back(AuditRecord { id: self.last_audit, at: now, who, action, target, count });
        if self.audit.len() > KEPT_AUDIT {
            self.audit.pop_front();
        }
    }

    pub(super) fn audit(&self, filter: &AuditFilter) -> Vec<AuditRecord> {
        let is_admitted = |record: &&AuditRecord| {
            filter.who.as_ref().is_none_or(|who| record.who == *who)
                && filter.action.as_ref().is_none_or(|action| record.action == *action)
                && filter.before.is_none_or(|before| record.id < before)
        };
        self.audit.iter().rev().filter(is_admitted).take(filter.limit).cloned().collect()
    }

    pub(super) fn pauses(&self) -> Vec<Pause> {
        self.pauses.values().cloned().collect()
    }

    pub(super) fn pause(&mut self, account: String, by: String, since: UnixMillis) {
        let pause = Pause { account: account.clone(), by, since };
        self.pauses.entry(account).or_insert(pause);
    }

    pub(super) fn resume(&mut self, account: &str) -> Result<(), JournalError> {
        self.pauses.remove(account).map(drop).ok_or_else(not_paused_error)
    }

    pub(super) fn add_activity(&mut self, new: Activity) {
        let same =
            self.activity.iter_mut().find(|known| known.at == new.at && known.replica == new.replica);
        if let Some(same) = same {
            *same = new;
            return;
        }
        self.activity.push_back(new);
        if self.activity.len() > KEPT_ACTIVITY {
            self.activity.pop_front();
        }
    }

    pub(super) fn activity(&self, since: UnixMillis) -> Vec<Activity> {
        let mut wanted: Vec<_> =
            self.activity.iter().filter(|activity| activity.at >= since).cloned().collect();
        wanted.sort_by(|a, b| (a.at, &a.replica).cmp(&(b.at, &b.replica)));
        wanted
    }
}
