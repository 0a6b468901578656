//! Examples of the keys of a table.

use toml::{Table, Value};

/// The keys of a table as they look when they are right.
pub(crate) trait Examples {
    /// The line of a file in which the key `name` is right.
    fn example(&self, name: &str) -> String;

    /// A value that takes the place of a wrong or missing one, so that the rest of the table is checked too.
    fn substitute(&self, name: &str) -> Option<&Value>;

    /// Whether the table is a section, with a header of its own.
    fn is_section(&self) -> bool {
        true
    }
}

impl Examples for Table {
    fn example(&self, name: &str) -> String {
        self.get(name).map_or_else(String::new, |value| format!("{name} = {value}"))
    }

    fn substitute(&self, name: &str) -> Option<&Value> {
        self.get(name)
    }
}
