//! A filter as the conditions of a statement.

use rusqlite::types::Value;

use crate::journal::{Filter, Order, State, filter::KeyPattern};

/// The rest of a statement behind `select … from entry`, and its parameters.
pub(super) fn clauses(filter: &Filter) -> (String, Vec<Value>) {
    let mut clauses = Clauses { text: "where true".to_owned(), values: Vec::new() };
    if let Some(queue) = filter.queue {
        clauses.add("queue = ?", queue as i64);
    }
    match filter.state {
        // Written out, and with the condition of the index, without which SQLite does not use it.
        Some(State::Pending) => clauses.text.push_str(" and state = 0 and state <> 1"),
        Some(State::Dead) => clauses.text.push_str(" and state = 2 and state <> 1"),
        Some(State::Done) => clauses.text.push_str(" and state = 1"),
        None => {}
    }
    // As bytes: the length of a text would end at the first zero in it.
    let KeyPattern { begins, contains, ends } = &filter.conversation;
    if !begins.is_empty() {
        clauses.add("instr(cast(conversation as blob), ?) = 1", begins.clone().into_bytes());
    }
    if !contains.is_empty() {
        clauses.add("instr(cast(conversation as blob), ?) > 0", contains.clone().into_bytes());
    }
    if !ends.is_empty() {
        let end = format!("substr(cast(conversation as blob), -{}) = ?", ends.len());
        clauses.add(&end, ends.clone().into_bytes());
    }
    for (condition, value) in [
        ("accepted_at >= ?", filter.since.map(|at| at.0)),
        ("accepted_at < ?", filter.until.map(|at| at.0)),
        ("settled_at >= ?", filter.settled_since.map(|at| at.0)),
        ("id > ?", filter.after.map(|id| id.0)),
        ("id < ?", filter.before.map(|id| id.0)),
    ] {
        if let Some(value) = value {
            clauses.add(condition, value);
        }
    }
    clauses.text.push_str(match filter.order {
        Order::NewestFirst => " order by id desc limit ?",
        Order::OldestFirst => " order by id limit ?",
    });
    clauses.values.push(i64::try_from(filter.limit).unwrap_or(i64::MAX).into());
    (clauses.text, clauses.values)
}

struct Clauses {
    text: String,
    values: Vec<Value>,
}

impl Clauses {
    fn add(&mut self, condition: &str, value: impl Into<Value>) {
        self.text.push_str(" and ");
        self.text.push_str(condition);
        self.values.push(value.into());
    }
}
