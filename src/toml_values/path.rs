//! The path from a section to a value in it, and the changes made there while the rest is read.

use std::collections::HashMap;

use serde_path_to_error::Segment;
use toml::Value;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// The path to the value that a parser refused; `None` if the parser could not tell.
pub(super) fn steps(path: &serde_path_to_error::Path) -> Option<Vec<Step>> {
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(Step::Index(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { variant } => Some(Step::Key(variant.clone())),
        Segment::Unknown => None,
    };
    path.iter().map(step).collect()
}

/// The value at `path`.
pub(super) fn value_at<'a>(value: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(*index),
    })
}

/// Removes the value at `path`; returns whether there was one.
pub(super) fn remove(value: &mut Value, path: &[Step]) -> bool {
    let Some((last, above)) = path.split_last() else { return false };
    let parent = above.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(*index),
    });
    match (parent, last) {
        (Some(Value::Table(table)), Step::Key(key)) => table.remove(key).is_some(),
        (Some(Value::Array(array)), Step::Index(index)) if *index < array.len() => {
            array.remove(*index);
            true
        }
        _ => false,
    }
}

/// The paths that were removed so far. Positions in lists are told as they are in the file.
#[derive(Debug, Default)]
pub(super) struct Removed {
    /// Number of elements that were removed from a list, by the list's place in the file. Elements are removed from the
    /// list's beginning on, so the number is what later positions have to be corrected by.
    elements: HashMap<String, usize>,
    paths: Vec<Vec<Step>>,
}

impl Removed {
    pub(super) fn add(&mut self, path: Vec<Step>) {
        if let Some((Step::Index(_), above)) = path.split_last() {
            *self.elements.entry(self.place(above)).or_default() += 1;
        }
        self.paths.push(path);
    }

    /// Whether the key `name` was removed from the table at `parent`.
    pub(super) fn has_key(&self, parent: &[Step], name: &str) -> bool {
        let key = Step::Key(name.to_owned());
        self.paths
            .iter()
            .any(|path| path.split_last().is_some_and(|(last, above)| *last == key && above == parent))
    }

    /// Whether something inside the value at `path` was removed.
    pub(super) fn has_inside(&self, path: &[Step]) -> bool {
        self.paths.iter().any(|removed| removed.starts_with(path))
    }

    /// The place in the file that `path` leads to, such as `.days[1]`; empty for the whole value.
    pub(super) fn place(&self, path: &[Step]) -> String {
        let mut place = String::new();
        for step in path {
            match step {
                Step::Key(key) => place.extend([".", key]),
                Step::Index(index) => {
                    let removed = self.elements.get(&place).copied().unwrap_or_default();
                    place.extend(["[", &(index + removed).to_string(), "]"]);
                }
            }
        }
        place
    }
}
