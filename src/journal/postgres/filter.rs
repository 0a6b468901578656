//! The filters of lists as the conditions of statements.

use tokio_postgres::types::ToSql;

use super::key_hash::KeyHash;
use crate::journal::{
    Filter, Order, State, StateFilter, driver::numbers::queue_number, filter::KeyPattern,
};

/// The value of a parameter.
pub(super) type Value = Box<dyn ToSql + Sync + Send>;

/// Conditions, each behind an `and`, and the values of their parameters.
#[derive(Default)]
pub(super) struct Conditions {
    text: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition; each `$` stands for the place of its value.
    pub(super) fn add(&mut self, condition: &str, value: impl ToSql + Sync + Send + 'static) {
        let condition = self.place(condition, value);
        self.text.push_str(" and ");
        self.text.push_str(&condition);
    }

    /// Adds a condition without a value.
    pub(super) fn add_text(&mut self, condition: &str) {
        self.text.push_str(" and ");
        self.text.push_str(condition);
    }

    /// Takes the text of the conditions that were added since the last time; the values stay.
    pub(super) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// How many values there are.
    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    /// The values of all conditions.
    pub(super) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| &**value as _).collect()
    }

    fn place(&mut self, condition: &str, value: impl ToSql + Sync + Send + 'static) -> String {
        self.values.push(Box::new(value));
        condition.replace('$', &format!("${}", self.values.len()))
    }

    /// Adds the conditions that an index can serve, all at once: a group, or else the dead letters; and the range of numbers.
    /// Returns the column by which that index is ordered before the numbers.
    ///
    /// # Design
    ///
    /// The column is compared with a range of one value, and is part of the order. With `=` the planner may choose an index
    /// of more entries that are in order of their numbers, and read all of those for the few of a small group.
    pub(super) fn add_indexed(&mut self, filter: &Filter) -> Option<&'static str> {
        let mut column = None;
        if let Some(group) = filter.reason_group {
            // The state is part of the text, so that the index of the dead letters can be used.
            self.add("state = 2 and reason_group between $::bigint and $::bigint", group.0);
            column = Some("reason_group");
        } else if filter.state == Some(State::Dead) {
            self.add_text("state = 2");
        }
        self.add_range(filter);
        column
    }

    /// Adds the condition that an entry is of one conversation.
    fn add_of_conversation(&mut self, conversation: &str) {
        self.add("conversation_hash = $", KeyHash::of(conversation.as_bytes()));
    }

    /// Adds the range of numbers.
    pub(super) fn add_range(&mut self, filter: &Filter) {
        if let Some(after) = filter.after {
            self.add("id > $", after.0);
        }
        if let Some(before) = filter.before {
            self.add("id < $", before.0);
        }
    }

    /// Adds the conditions that are checked entry by entry.
    pub(super) fn add_unindexed(&mut self, filter: &Filter) {
        if let Some(queue) = filter.queue {
            self.add("queue = $", queue_number(queue));
        }
        if let Some(state) = filter.state {
            self.add_text(match state {
                State::Pending => "state = 0",
                State::Done => "state = 1",
                State::Dead => "state = 2",
            });
        }
        if let Some(conversation) = &filter.of_conversation {
            self.add_of_conversation(conversation);
        }
        self.add_pattern(&filter.conversation);
        for (condition, value) in [
            ("accepted_at >= $", filter.since),
            ("accepted_at < $", filter.until),
            ("settled_at >= $", filter.settled_since),
        ] {
            if let Some(value) = value {
                self.add(condition, value.0);
            }
        }
        if let Some(reason) = &filter.reason {
            self.add("position($ in reason) > 0", reason.clone().into_bytes());
        }
        if !filter.body.is_empty() {
            let mut contains =
                |part: &bytes::Bytes| self.place("position($ in body) > 0", part.to_vec());
            let any: Vec<_> = filter.body.iter().map(&mut contains).collect();
            self.add_text(&format!("({})", any.join(" or ")));
        }
    }

    /// Adds the conditions of a pattern for conversations.
    pub(super) fn add_pattern(&mut self, KeyPattern { begins, contains, ends }: &KeyPattern) {
        if !begins.is_empty() {
            let begin = format!("substring(conversation from 1 for {}) = $", begins.len());
            self.add(&begin, begins.clone().into_bytes());
        }
        if !contains.is_empty() {
            self.add("position($ in conversation) > 0", contains.clone().into_bytes());
        }
        if !ends.is_empty() {
            self.add(&format!("{} = $", end_of_conversation(ends)), ends.clone().into_bytes());
        }
    }
}

/// The end of a conversation's key, as long as `end`.
pub(super) fn end_of_conversation(end: &str) -> String {
    format!("substring(conversation from length(conversation) - {} + 1)", end.len())
}

/// The direction of an order by numbers.
pub(super) fn direction(order: Order) -> &'static str {
    match order {
        Order::NewestFirst => "desc",
        Order::OldestFirst => "asc",
    }
}

/// The order of entries by their numbers, behind the `column` of the index that finds them.
pub(super) fn order_by(column: Option<&str>, number: &str, order: Order) -> String {
    let direction = direction(order);
    let column = column.map(|column| format!("{column} {direction}, ")).unwrap_or_default();
    format!("order by {column}{number} {direction}")
}

/// A bound on the number of rows.
pub(super) fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The rest of a statement behind `select … from entry`, and its parameters.
pub(super) fn clauses(filter: &Filter) -> (String, Conditions) {
    let mut conditions = Conditions::default();
    let column = conditions.add_indexed(filter);
    conditions.add_unindexed(filter);
    let text = conditions.take_text();
    let (order, limit) = (order_by(column, "id", filter.order), bound(filter.limit));
    (format!("where true{text} {order} limit {limit}"), conditions)
}

/// The rest of a statement behind `select … from conversation_state`, and its parameters.
pub(super) fn state_clauses(filter: &StateFilter) -> (String, Conditions) {
    // The order, and the place in it, by which the index on the beginning of the keys can be used.
    const PLACE: &str = "substring(conversation from 1 for 64), conversation";
    let StateFilter { conversation, dialogue, after, limit } = filter;
    let mut conditions = Conditions::default();
    if let Some(conversation) = conversation {
        conditions.add_of_conversation(conversation);
    }
    if let Some(dialogue) = dialogue {
        conditions.add("dialogue = $", dialogue.clone().into_bytes());
    }
    if let Some(after) = after {
        let later = format!("({PLACE}) > (substring($::bytea from 1 for 64), $::bytea)");
        conditions.add(&later, after.clone().into_bytes());
    }
    let text = conditions.take_text();
    (format!("where true{text} order by {PLACE} limit {}", bound(*limit)), conditions)
}
