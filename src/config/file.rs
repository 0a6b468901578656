//! The user's file: its values, and the lines where they stand.

use std::ops::Range;

use toml::{
    Spanned, Table,
    de::{DeTable, DeValue},
};

use super::error::ConfigError;

/// A user's file, parsed.
pub(super) struct UserFile<'a> {
    /// The byte offsets at which lines end.
    newlines: Vec<usize>,
    /// The values with the places where they stand.
    spans: Spanned<DeTable<'a>>,
    /// The values.
    pub(super) values: Table,
}

impl<'a> UserFile<'a> {
    /// Parses a file's text.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Syntax`]. The error quotes nothing of the text, which may contain secrets.
    pub(super) fn parse(text: &'a str) -> Result<Self, ConfigError> {
        let syntax = |error: &toml::de::Error| {
            let (line, column) = position(text, error.span().map_or(0, |span| span.start));
            ConfigError::Syntax {
                file: None,
                line,
                column,
                message: error.message().replace('\n', ", "),
            }
        };
        let spans = DeTable::parse(text).map_err(|error| syntax(&error))?;
        let values = text.parse().map_err(|error| syntax(&error))?;
        let newlines = text.match_indices('\n').map(|(at, _)| at).collect();
        Ok(Self { newlines, spans, values })
    }

    /// The line of a key path such as `apps[0].key`.
    ///
    /// A key that is missing from an app or a rule gets the line where that begins. Any other key that is not in the file
    /// has no line.
    pub(super) fn line(&self, key: &str) -> Option<usize> {
        let span = span(self.spans.get_ref(), key)
            .or_else(|| span(self.spans.get_ref(), key.rsplit_once("].").map(|(app, _)| app)?))?;
        Some(self.newlines.partition_point(|newline| *newline < span.start) + 1)
    }
}

/// The place of a key path in the file.
fn span(table: &DeTable<'_>, key: &str) -> Option<Range<usize>> {
    let (first, mut rest) = key.split_at(key.find(['.', '[']).unwrap_or(key.len()));
    let (name, mut value) = table.get_key_value(first)?;
    let mut span = name.span();
    while let Some(index) = rest.strip_prefix('[') {
        let (index, after) = index.split_once(']').unwrap_or((index, ""));
        value = value.get_ref().get(index.parse::<usize>().ok()?)?;
        (span, rest) = (value.span(), after);
    }
    match (rest.strip_prefix('.'), value.get_ref()) {
        (Some(inner), DeValue::Table(table)) => self::span(table, inner),
        (Some(_), _) => None,
        (None, _) => Some(span),
    }
}

/// The line and the column of a byte offset, both from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_on_its_line() {
        let text = "[server]\nlisten = 1\n\n[[apps]]\nkey = 1\n\n[[apps]]\nsecrets = [\n 1,\n 2]\n";
        let file = UserFile::parse(text).unwrap();
        for (key, line) in [
            ("server", Some(1)),
            ("server.listen", Some(2)),
            ("server.max_body", None),
            ("apps[0].key", Some(5)),
            ("apps[1]", Some(7)),
            ("apps[1].key", Some(7)),
            ("apps[1].secrets[1]", Some(10)),
            ("nothing", None),
        ] {
            assert_eq!(file.line(key), line, "{key}");
        }
    }

    #[test]
    fn a_position_behind_the_text_is_its_end() {
        assert_eq!(position("a\nbc", 99), (2, 3));
    }
}
