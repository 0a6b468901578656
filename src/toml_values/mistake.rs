//! One mistake in a table, as a problem for the person who wrote it.

use toml::{Value, de::Error};

use super::{examples::Examples, problem::Problem, unknown_key::unknown_key, wording};

/// A mistake in a table.
pub(super) struct Mistake {
    /// The key of the table that the mistake is in; `None` for the table as a whole.
    pub(super) name: Option<String>,
    pub(super) problem: Problem,
}

impl Mistake {
    /// The mistake that a parser's error means in `table`, which stands at `key`.
    pub(super) fn new(
        error: &serde_path_to_error::Error<Error>,
        table: &Value,
        key: &str,
        examples: &impl Examples,
    ) -> Self {
        let message = error.inner().message().trim_end();
        // The parser writes the path of the whole table as a dot.
        let path = Some(error.path().to_string()).filter(|path| path != ".").unwrap_or_default();
        let unknown = unknown_field(message);
        let missing = quoted_after("missing field ", message);
        let path = match (unknown.as_ref().map(|(name, _)| *name), missing) {
            // Whether the parser counts an unknown key to its path depends on the format.
            (Some(name), _) if path.rsplit('.').next() == Some(name) => path,
            (Some(name), _) | (None, Some(name)) if path.is_empty() => name.to_owned(),
            (Some(name), _) => format!("{path}.{name}"),
            (None, _) => path,
        };
        let name = path.split(['.', '[']).next().filter(|name| !name.is_empty());
        let example = examples.example(name.unwrap_or_default());
        let (what, hint) = match (unknown, missing) {
            (Some((unknown, mut known)), _) if examples.is_section() && path == unknown => {
                known.sort_unstable();
                unknown_key(unknown, "keys of this section", &known)
            }
            (Some((unknown, known)), _) => unknown_key(unknown, "keys here", &known),
            (None, Some(missing)) if path == missing => {
                ("is missing".to_owned(), format!("write {example}, or the value itself"))
            }
            (None, Some(missing)) => {
                (format!("`{missing}` is missing"), format!("for example {example}"))
            }
            (None, None) => {
                (wording::in_words(message, table.get(&path)), format!("for example {example}"))
            }
        };
        let key = if path.is_empty() { key.to_owned() } else { format!("{key}.{path}") };
        Self { name: name.map(ToOwned::to_owned), problem: Problem::new(key, what, hint) }
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
