//! The audit list.

use super::{
    super::{
        api::{AuditEntry, AuditPage, AuditQuery},
        error::ApiError,
        selection::known,
    },
    call::{Call, limit},
};
use crate::journal::{AuditFilter, AuditRecord};

/// Lists who did what, newest first.
pub(super) async fn list(call: Call, query: AuditQuery) -> Result<AuditPage, ApiError> {
    let limit = limit(query.limit)?;
    let filter = AuditFilter {
        who: known(query.who.as_deref()).map(str::to_owned),
        action: known(query.action.as_deref()).map(str::to_owned),
        before: query.before,
        limit,
    };
    let records = call.journal.audit(filter).await?;
    let next = records.last().map(|last| last.id).filter(|_| records.len() == limit);
    Ok(AuditPage { records: records.into_iter().map(AuditEntry::from).collect(), next })
}

impl From<AuditRecord> for AuditEntry {
    fn from(record: AuditRecord) -> Self {
        let AuditRecord { id, at, who, action, target, count } = record;
        Self { id, at, who, action, target, count }
    }
}
