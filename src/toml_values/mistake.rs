//! One mistake in a table, as a problem for the person who wrote it.

use toml::{Value, de::Error};

use super::{examples::Examples, problem::Problem, unknown_key::unknown_key, wording};

/// A mistake in a table.
pub(super) struct Mistake {
    /// Path of the key in the table, such as `when.days[1]`; empty for the table as a whole.
    path: String,
    what: String,
    hint: Hint,
}

/// The hint for a mistake.
enum Hint {
    /// The example of the key shows what is right.
    Example,
    /// The example of the key is what to add.
    Add,
    /// The hint names the keys that exist.
    KnownKeys(String),
}

impl Mistake {
    /// The mistake in `table` that a parser's error means.
    pub(super) fn new(
        error: &serde_path_to_error::Error<Error>,
        table: &Value,
        examples: &impl Examples,
    ) -> Self {
        let message = error.inner().message().trim_end();
        let path = error.path().to_string();
        // The parser writes the path of the whole table so.
        let path = if path == "." { String::new() } else { path };
        if let Some((name, known)) = unknown_field(message) {
            return Self::unknown_key(path, name, known, examples.is_section());
        }
        match quoted_after("missing field ", message) {
            Some(name) if path.is_empty() => {
                Self { path: name.to_owned(), what: "is missing".to_owned(), hint: Hint::Add }
            }
            Some(name) => Self { path, what: format!("`{name}` is missing"), hint: Hint::Example },
            None => {
                let what = wording::in_words(message, table.get(&path));
                Self { path, what, hint: Hint::Example }
            }
        }
    }

    fn unknown_key(path: String, name: &str, mut known: Vec<&str>, is_section: bool) -> Self {
        // Whether the parser counts the key itself to its path depends on the format.
        let path = match path.rsplit('.').next() {
            Some("") => name.to_owned(),
            Some(last) if last == name => path,
            _ => format!("{path}.{name}"),
        };
        let names = if is_section && path == name {
            known.sort_unstable();
            "keys of this section"
        } else {
            "keys here"
        };
        let (what, hint) = unknown_key(name, names, &known);
        Self { path, what, hint: Hint::KnownKeys(hint) }
    }

    /// The key of the table that the mistake is in; `None` for the table as a whole.
    pub(super) fn name(&self) -> Option<&str> {
        self.path.split(['.', '[']).next().filter(|name| !name.is_empty())
    }

    /// The problem with the table at `key`.
    pub(super) fn problem(&self, key: &str, examples: &impl Examples) -> Problem {
        let key = if self.path.is_empty() { key.to_owned() } else { format!("{key}.{}", self.path) };
        let example = || examples.example(self.name().unwrap_or_default());
        let hint = match &self.hint {
            Hint::Example => format!("for example {}", example()),
            Hint::Add => format!("write {}, or the value itself", example()),
            Hint::KnownKeys(hint) => hint.clone(),
        };
        Problem::new(key, &self.what, hint)
    }
}

/// The unknown key that serde complains about, and the keys that it knows.
fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let name = quoted_after("unknown field ", message)?;
    let (_, known) = message.split_once(", expected ")?;
    // Every second piece stands between quotes.
    Some((name, known.split('`').skip(1).step_by(2).collect()))
}

fn quoted_after<'a>(beginning: &str, message: &'a str) -> Option<&'a str> {
    let (name, _) = message.strip_prefix(beginning)?.strip_prefix('`')?.split_once('`')?;
    Some(name)
}
