//! `keyword`: the words that a message must be or contain.

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};
use serde::Deserialize;

use super::{fold, subject::Words};
use crate::toml_values::{OneOrMany, Problem};

/// Most bytes of a compiled regex. The time of matching is bounded by this and the length of the text, for every regex.
const MAX_COMPILED: usize = 256 << 10;

/// The texts that the named groups of a rule's regex found, by the groups' names.
pub(crate) type Captures = Vec<(String, String)>;

/// The words that a message must match: any of these forms suffices.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keyword {
    /// Texts that the whole words must equal, white space around them aside; already folded.
    pub(crate) is: Vec<String>,
    /// Texts that the words must contain; already folded.
    pub(crate) contains: Vec<String>,
    /// The regex that must match. Its captures keep the words' case.
    pub(crate) regex: Option<Regex>,
    /// Whether upper and lower case, full and half width are the same, and invisible characters are ignored.
    pub(crate) fold: bool,
}

/// The table `keyword` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKeyword {
    #[serde(default)]
    is: OneOrMany<String>,
    #[serde(default)]
    contains: OneOrMany<String>,
    regex: Option<String>,
    fold: Option<bool>,
}

impl RawKeyword {
    /// Compiles the keyword, which stands at `key`.
    pub(super) fn read(self, key: &str, problems: &mut Vec<Problem>) -> Keyword {
        let fold = self.fold.unwrap_or(true);
        // A part that was wrong, and is missing here, may have been its words.
        let is_complete = !problems.iter().any(|problem| problem.key.starts_with(key));
        if is_complete && self.is.0.is_empty() && self.contains.0.is_empty() && self.regex.is_none() {
            let hint = "write keyword = { is = [\"help\"] }, or contains = [\"…\"], or regex = \"…\"";
            problems.push(Problem::new(key, "names no word, so that nothing could match", hint));
        }
        let words = |words: OneOrMany<String>| -> Vec<String> {
            let words = words.0.into_iter();
            words.map(|word| if fold { fold::fold(&word).trim().to_owned() } else { word }).collect()
        };
        let (is, contains) = (words(self.is), words(self.contains));
        for (name, words) in [("is", &is), ("contains", &contains)] {
            if words.iter().any(String::is_empty) {
                let what = "has an empty word, which is not a word that anyone writes";
                let hint = "take it off the list; a rule without `keyword` takes every text";
                problems.push(Problem::new(format!("{key}.{name}"), what, hint));
            }
        }
        let regex = self.regex.and_then(|pattern| {
            let compiled = compile(&pattern, fold);
            compiled
                .map_err(|(what, hint)| problems.push(Problem::new(format!("{key}.regex"), what, hint)))
                .ok()
        });
        Keyword { is, contains, regex, fold }
    }
}

impl Keyword {
    /// The names of the regex's groups.
    pub(super) fn capture_names(&self) -> Vec<&str> {
        self.regex.iter().flat_map(|regex| regex.capture_names().flatten()).collect()
    }

    /// Matches the words; returns the captures of the regex if the words match.
    pub(crate) fn find(&self, words: &Words<'_>) -> Option<Captures> {
        let (text, original) =
            if self.fold { (&*words.folded, &*words.normalized) } else { (words.raw, words.raw) };
        let whole = if self.fold { text.trim() } else { text };
        if self.is.iter().any(|word| word == whole)
            || self.contains.iter().any(|word| text.contains(word))
        {
            return Some(Captures::new());
        }
        let regex = self.regex.as_ref()?;
        let found = regex.captures(original)?;
        let named = regex.capture_names().flatten();
        let captures =
            named.filter_map(|name| Some((name.to_owned(), found.name(name)?.as_str().to_owned())));
        Some(captures.collect())
    }

    /// Says what a text that does not match lacks.
    pub(crate) fn describe_mismatch(&self) -> String {
        let quoted = |words: &[String]| {
            words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ")
        };
        let mut parts = Vec::new();
        if !self.is.is_empty() {
            parts.push(format!("is not {}", quoted(&self.is)));
        }
        if !self.contains.is_empty() {
            parts.push(format!("has no {} in it", quoted(&self.contains)));
        }
        if let Some(regex) = &self.regex {
            parts.push(format!("is not matched by {}", regex.as_str()));
        }
        format!("the text {}", parts.join(", "))
    }
}

fn compile(pattern: &str, fold: bool) -> Result<Regex, (String, String)> {
    let visible = if fold { fold::remove_invisible(pattern) } else { pattern.into() };
    let pattern = &*visible;
    if pattern.is_empty() {
        let hint = "write what to find; a rule without `keyword` takes every text".to_owned();
        return Err(("has nothing in it, so that every text would match".to_owned(), hint));
    }
    if fold && let Some((char, ordinary)) = unmatchable_char(pattern) {
        let name = fold::describe_char(char);
        return Err(if ordinary.is_empty() {
            (
                format!("has {name}, which folding takes out of every message: it could never match"),
                "take it out, or add fold = false".to_owned(),
            )
        } else {
            (
                format!(
                    "has {name}, which folding makes `{ordinary}` in every message: it could never match"
                ),
                format!("write `{}`, or add fold = false", regex::escape(&ordinary)),
            )
        });
    }
    let compiled = RegexBuilder::new(pattern).case_insensitive(fold).size_limit(MAX_COMPILED).build();
    compiled.map_err(|error| match error {
        regex::Error::CompiledTooBig(most) => (
            format!("is a regex that needs more than {most} bytes"),
            "repeat less, such as \\d{1,20}; [0-9] needs less than \\d".to_owned(),
        ),
        error => {
            // The message has several lines, of which the last names the mistake.
            let error = error.to_string();
            let what = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
            (
                format!("is not a regex: {what}"),
                "for example regex = '订单(?<no>\\d+)'; in '…' a backslash needs no second one"
                    .to_owned(),
            )
        }
    })
}

/// A character of the pattern that folded words never contain, with the text that they contain instead.
fn unmatchable_char(pattern: &str) -> Option<(char, String)> {
    // Escapes, such as \u{200b}, are characters only once the pattern is parsed.
    let escaped = regex_syntax::parse(pattern).map(|hir| literals(&hir)).unwrap_or_default();
    pattern.chars().chain(escaped.chars()).find_map(|char| Some((char, fold::normalize_char(char)?)))
}

/// The literal text of a regex.
fn literals(hir: &Hir) -> String {
    match hir.kind() {
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).into_owned(),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(literals).collect(),
        HirKind::Capture(capture) => literals(&capture.sub),
        HirKind::Repetition(repetition) => literals(&repetition.sub),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => String::new(),
    }
}
