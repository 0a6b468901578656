//! Dead letters by reason, with what they have in common.

use futures_util::future::try_join_all;

use super::{
    super::{
        api::{CommonTraits, DeadLetterGroup, DeadLetters, DeadLettersQuery, millis},
        error::ApiError,
        reading::Reading,
        rows::single,
        texts::Texts,
    },
    call::{Call, limit},
};
use crate::journal::{DeadGroup, EntryId, Filter, JournalError, Record, State, pattern};

/// How many dead letters of a group are looked at for their common traits.
const LOOKED_AT: usize = 50;

/// Lists the groups of dead letters, the largest first.
pub(super) async fn list(call: Call, query: DeadLettersQuery) -> Result<DeadLetters, ApiError> {
    let groups = call.journal.dead_groups(limit(query.limit)?).await?;
    let stats = call.journal.stats().await?;
    let oldest = groups.iter().map(|group| group.oldest).min();
    let texts = Texts::shown_if(call.sees_all());
    let groups = try_join_all(groups.iter().map(|group| show(&call, group, texts))).await?;
    if texts.are_shown() {
        call.look(groups.len()).await?;
    }
    Ok(DeadLetters {
        groups,
        total: stats.inbox.dead + stats.outbox.dead,
        goes_in: match oldest {
            Some(oldest) => goes_in(&call, oldest).await?,
            None => None,
        },
    })
}

async fn show(call: &Call, group: &DeadGroup, texts: Texts) -> Result<DeadLetterGroup, JournalError> {
    let filter = Filter {
        queue: Some(group.queue),
        state: Some(State::Dead),
        reason_group: Some(group.group),
        limit: LOOKED_AT,
        scan: LOOKED_AT,
        ..Filter::default()
    };
    let records = call.journal.search(filter).await?.records;
    Ok(DeadLetterGroup {
        group: group.group.0.to_string(),
        queue: group.queue.as_str().to_owned(),
        reason: pattern(group.newest.reason.as_deref().unwrap_or_default()),
        count: group.count,
        oldest_at: group.oldest_at,
        newest: single(call.facts(), &group.newest, texts).await?,
        common: common(&records),
    })
}

fn common(records: &[Record]) -> CommonTraits {
    let readings: Vec<_> = records.iter().map(Reading::of).collect();
    let names = || readings.iter().map(|reading| &reading.names);
    CommonTraits {
        app: shared(names().map(|names| names.app.clone())),
        account: shared(names().map(|names| names.account.clone())),
        user: shared(names().map(|names| names.user.clone())),
        kind: shared(readings.iter().map(|reading| Some(reading.kind.to_owned()))),
        of: records.len() as u64,
    }
}

/// The value that all have; none if they differ, or one of them has none.
fn shared(mut values: impl Iterator<Item = Option<String>>) -> Option<String> {
    let first = values.next()??;
    values.all(|value| value.as_ref() == Some(&first)).then_some(first)
}

/// The time until an old dead letter is removed, in milliseconds.
async fn goes_in(call: &Call, oldest: EntryId) -> Result<Option<u64>, JournalError> {
    let record = call.journal.show(oldest).await?;
    let settled_at = record.and_then(|record| record.settled_at);
    Ok(settled_at.map(|settled_at| {
        let age = call.clock.now().since(settled_at);
        millis(call.options.keep_dead.saturating_sub(age))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trait_is_common_if_all_have_it() {
        let shared = |values: &[&str]| {
            shared(values.iter().map(|value| (!value.is_empty()).then(|| (*value).to_owned())))
        };
        assert_eq!(shared(&["a", "a"]).as_deref(), Some("a"));
        for differ in [&["a", "b"][..], &["a", ""], &["", "a"], &["", ""], &[]] {
            assert_eq!(shared(differ), None, "{differ:?}");
        }
    }
}
