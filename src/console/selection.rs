//! The entries that a request means: what the journal looks for, and what is left to confirm in each entry it finds.

use jiff::Timestamp;

use super::{conversation_id, needles, reading::Reading};
use crate::{
    clock::UnixMillis,
    console::api::EntryFilter,
    ids::{AccountId, AppKey, UserId},
    journal::{Filter, KeyPattern, Queue, ReasonGroup, Record, State},
    protocol::Conversation,
};

/// The entries that a request means.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    /// The filter for the journal, which admits a few entries too many.
    pub(super) filter: Filter,
    kind: Option<String>,
    text: Option<String>,
}

impl Selection {
    /// Reads the parameters of a request. The error says which one is wrong, and what to write.
    pub(super) fn read(given: &EntryFilter) -> Result<Self, String> {
        let kind = known(given.kind.as_deref()).map(str::to_owned);
        let text = known(given.text.as_deref()).map(str::to_owned);
        let filter = Filter {
            queue: known(given.queue.as_deref()).map(queue).transpose()?,
            state: known(given.state.as_deref()).map(state).transpose()?,
            conversation: pattern(
                given.app.as_deref(),
                given.account.as_deref(),
                given.user.as_deref(),
            )?,
            of_conversation: match known(given.conversation.as_deref()) {
                Some(id) => {
                    Some(conversation_id::read(id).ok_or("conversation: no id of a conversation")?)
                }
                None => whole(given),
            },
            reason_group: known(given.group.as_deref())
                .map(|group| group.parse().map(ReasonGroup).map_err(|_| "group: no number of a group"))
                .transpose()?,
            reason: known(given.reason.as_deref()).map(str::to_owned),
            body: match (&text, &kind) {
                (Some(text), _) => needles::of_text(text),
                (None, Some(kind)) => needles::of_kind(kind),
                (None, None) => Vec::new(),
            },
            since: known(given.since.as_deref()).map(|at| time("since", at)).transpose()?,
            until: known(given.until.as_deref()).map(|at| time("until", at)).transpose()?,
            ..Filter::default()
        };
        Ok(Self { filter, kind, text })
    }

    /// Whether an entry that the journal has found is one of those that are meant.
    pub(super) fn admits(&self, record: &Record) -> bool {
        if !self.must_confirm() {
            return true;
        }
        let reading = Reading::of(record);
        self.kind.as_ref().is_none_or(|kind| kind == reading.kind)
            && self.text.as_ref().is_none_or(|text| reading.text().contains(text.as_str()))
    }

    /// Whether entries that the journal has found need a look of their own.
    pub(super) fn must_confirm(&self) -> bool {
        self.kind.is_some() || self.text.is_some()
    }

    /// Whether texts are looked for.
    pub(super) fn looks_for_text(&self) -> bool {
        self.text.is_some()
    }
}

/// The keys of the conversations that these names leave.
pub(super) fn pattern(
    app: Option<&str>,
    account: Option<&str>,
    user: Option<&str>,
) -> Result<KeyPattern, String> {
    for (name, value) in [("app", app), ("account", account), ("user", user)] {
        if value.is_some_and(|value| value.contains(char::is_control)) {
            return Err(format!("{name}: an id has no control characters"));
        }
    }
    let app = known(app).map(AppKey::from);
    let account = known(account).map(AccountId::from);
    let user = known(user).map(UserId::from);
    let [begins, contains, ends] =
        Conversation::key_pattern(app.as_ref(), account.as_ref(), user.as_ref());
    Ok(KeyPattern { begins, contains, ends })
}

/// The conversation that app, account and user name together: its entries are found without a look at others.
fn whole(given: &EntryFilter) -> Option<String> {
    let (app, account) = (known(given.app.as_deref())?, known(given.account.as_deref())?);
    let user = known(given.user.as_deref())?;
    let (app, account, user) = (app.into(), account.into(), user.into());
    Some(Conversation { app, account, user }.encode())
}

/// A parameter that says something.
pub(super) fn known(parameter: Option<&str>) -> Option<&str> {
    parameter.filter(|value| !value.is_empty())
}

fn queue(name: &str) -> Result<Queue, String> {
    let queue = Queue::ALL.into_iter().find(|queue| queue.as_str() == name);
    queue.ok_or_else(|| "queue: write `inbox` or `outbox`".to_owned())
}

fn state(name: &str) -> Result<State, String> {
    let state = [State::Pending, State::Done, State::Dead].into_iter();
    let state = state.into_iter().find(|state| state.as_str() == name);
    state.ok_or_else(|| "state: write `pending`, `done` or `dead`".to_owned())
}

fn time(name: &str, text: &str) -> Result<UnixMillis, String> {
    let moment = || text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
    let millis = text.parse().ok().or_else(moment);
    millis.map(UnixMillis).ok_or_else(|| {
        format!("{name}: write milliseconds since 1970, or a time such as `2026-11-28T14:00:00Z`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_cannot_be_read_is_named_with_what_to_write() {
        let text = |text: &str| Some(text.to_owned());
        for (filter, problem) in [
            (EntryFilter { queue: text("out"), ..EntryFilter::default() }, "queue: write `inbox`"),
            (EntryFilter { state: text("Dead"), ..EntryFilter::default() }, "state: write `pending`"),
            (EntryFilter { since: text("yesterday"), ..EntryFilter::default() }, "since: write milli"),
            (EntryFilter { until: text("1e3"), ..EntryFilter::default() }, "until: write milli"),
            (EntryFilter { group: text("x"), ..EntryFilter::default() }, "group: no number"),
            (EntryFilter { conversation: text("/"), ..EntryFilter::default() }, "conversation: no id"),
            (EntryFilter { user: text("a\u{1f}b"), ..EntryFilter::default() }, "user: an id has no"),
        ] {
            let refused = Selection::read(&filter).map(drop).unwrap_err();
            assert!(refused.starts_with(problem), "{filter:?}: {refused}");
        }
    }

    #[test]
    fn what_is_empty_admits_everything_and_times_are_read_in_both_forms() {
        let empty = Some(String::new());
        let all = EntryFilter {
            queue: empty.clone(),
            user: empty.clone(),
            text: empty,
            ..EntryFilter::default()
        };
        let all = Selection::read(&all).unwrap();
        assert!(!all.must_confirm() && all.filter.body.is_empty());
        assert_eq!(all.filter.conversation, KeyPattern::default());
        for at in ["1763754000000", "2025-11-21T19:40:00Z"] {
            let since = EntryFilter { since: Some(at.to_owned()), ..EntryFilter::default() };
            assert_eq!(
                Selection::read(&since).unwrap().filter.since,
                Some(UnixMillis(1_763_754_000_000)),
                "{at}"
            );
        }
    }
}
