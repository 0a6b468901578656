//! The filters of lists as the conditions of statements.

use tokio_postgres::types::ToSql;

use super::key_hash::KeyHash;
use crate::journal::{
    Filter, Order, State, StateFilter, driver::numbers::queue_number, filter::KeyPattern,
};

/// The value of a parameter.
pub(super) type Value = Box<dyn ToSql + Sync + Send>;

/// The rest of a statement behind `select … from entry`, and its parameters.
pub(super) fn clauses(filter: &Filter) -> (String, Vec<Value>) {
    let mut clauses = Clauses { text: "where true".to_owned(), values: Vec::new() };
    if let Some(queue) = filter.queue {
        clauses.add("queue = $", queue_number(queue));
    }
    if let Some(state) = filter.state {
        // The state is part of the text, so that the index of the dead letters can be used.
        clauses.text.push_str(match state {
            State::Pending => " and state = 0",
            State::Done => " and state = 1",
            State::Dead => " and state = 2",
        });
    }
    let KeyPattern { begins, contains, ends } = &filter.conversation;
    if !begins.is_empty() {
        let begin = format!("substring(conversation from 1 for {}) = $", begins.len());
        clauses.add(&begin, begins.clone().into_bytes());
    }
    if !contains.is_empty() {
        clauses.add("position($ in conversation) > 0", contains.clone().into_bytes());
    }
    if !ends.is_empty() {
        let end = format!("substring(conversation from length(conversation) - {} + 1) = $", ends.len());
        clauses.add(&end, ends.clone().into_bytes());
    }
    for (condition, value) in [
        ("accepted_at >= $", filter.since.map(|at| at.0)),
        ("accepted_at < $", filter.until.map(|at| at.0)),
        ("settled_at >= $", filter.settled_since.map(|at| at.0)),
        ("id > $", filter.after.map(|id| id.0)),
        ("id < $", filter.before.map(|id| id.0)),
    ] {
        if let Some(value) = value {
            clauses.add(condition, value);
        }
    }
    let Clauses { text, values } = clauses;
    let order = match filter.order {
        Order::NewestFirst => "order by id desc",
        Order::OldestFirst => "order by id",
    };
    let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
    (format!("{text} {order} limit {limit}"), values)
}

/// The rest of a statement behind `select … from conversation_state`, and its parameters.
pub(super) fn state_clauses(filter: &StateFilter) -> (String, Vec<Value>) {
    // The order, and the place in it, by which the index on the beginning of the keys can be used.
    const PLACE: &str = "substring(conversation from 1 for 64), conversation";
    let StateFilter { conversation, dialogue, after, limit } = filter;
    let mut clauses = Clauses { text: "where true".to_owned(), values: Vec::new() };
    if let Some(conversation) = conversation {
        clauses.add("conversation_hash = $", KeyHash::of(conversation.as_bytes()));
    }
    if let Some(dialogue) = dialogue {
        clauses.add("dialogue = $", dialogue.clone().into_bytes());
    }
    if let Some(after) = after {
        let later = format!("({PLACE}) > (substring($::bytea from 1 for 64), $::bytea)");
        clauses.add(&later, after.clone().into_bytes());
    }
    let limit = i64::try_from(*limit).unwrap_or(i64::MAX);
    (format!("{} order by {PLACE} limit {limit}", clauses.text), clauses.values)
}

struct Clauses {
    text: String,
    values: Vec<Value>,
}

impl Clauses {
    /// Adds a condition; `$` stands for the place of its value.
    fn add(&mut self, condition: &str, value: impl ToSql + Sync + Send + 'static) {
        self.values.push(Box::new(value));
        let place = format!("${}", self.values.len());
        self.text.push_str(" and ");
        self.text.push_str(&condition.replace('$', &place));
    }
}
