//! `keyword`: the words that a message must be or have in it.

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};
use serde::Deserialize;

use super::{fold, read::Strings};
use crate::config::Problem;

/// Most bytes of a compiled regex. Matching takes time in proportion to this and to the text, whatever the regex.
const MOST_COMPILED: usize = 256 << 10;

/// What a message's words must be like: any of these.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keyword {
    /// The whole words, white space around them aside; already folded.
    pub(crate) is: Vec<String>,
    /// A part of the words; already folded.
    pub(crate) contains: Vec<String>,
    /// Finds something in the words, which keep their case for its captures.
    pub(crate) regex: Option<Regex>,
    /// Whether upper and lower case, full and half width are the same, and what nobody sees is passed over.
    pub(crate) fold: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKeyword {
    #[serde(default)]
    is: Strings,
    #[serde(default)]
    contains: Strings,
    regex: Option<String>,
    fold: Option<bool>,
}

impl RawKeyword {
    /// Compiles what is in it; `path` is the key's.
    pub(super) fn check(self, path: &str, problems: &mut Vec<Problem>) -> Keyword {
        let fold = self.fold.unwrap_or(true);
        // What was wrong may have been its words.
        let is_read = !problems.iter().any(|problem| problem.key.starts_with(path));
        if is_read && self.is.0.is_empty() && self.contains.0.is_empty() && self.regex.is_none() {
            let hint = "write keyword = { is = [\"help\"] }, or contains = [\"…\"], or regex = \"…\"";
            problems.push(Problem::new(path, "names no word, so that nothing could match", hint));
        }
        let words = |words: Strings| {
            let words = words.0.iter();
            words
                .map(|word| if fold { fold::fold(word).trim().to_owned() } else { word.clone() })
                .collect()
        };
        let (is, contains): (Vec<String>, Vec<String>) = (words(self.is), words(self.contains));
        for (name, words) in [("is", &is), ("contains", &contains)] {
            if words.iter().any(String::is_empty) {
                let what = "has an empty word, which is not a word that anyone writes";
                let hint = "take it off the list; a rule without `keyword` takes every text";
                problems.push(Problem::new(format!("{path}.{name}"), what, hint));
            }
        }
        let regex = self.regex.and_then(|pattern| {
            let compiled = compile(&pattern, fold);
            compiled
                .map_err(|(what, hint)| problems.push(Problem::new(format!("{path}.regex"), what, hint)))
                .ok()
        });
        Keyword { is, contains, regex, fold }
    }
}

impl Keyword {
    /// The names of the regex's groups.
    pub(super) fn captures(&self) -> Vec<&str> {
        self.regex.iter().flat_map(|regex| regex.capture_names().flatten()).collect()
    }
}

fn compile(pattern: &str, fold: bool) -> Result<Regex, (String, String)> {
    let seen = if fold { fold::seen(pattern) } else { pattern.into() };
    let pattern = &*seen;
    if pattern.is_empty() {
        let hint = "write what to find; a rule without `keyword` takes every text".to_owned();
        return Err(("has nothing in it, so that every text would match".to_owned(), hint));
    }
    if fold && let Some((char, ordinary)) = never_there(pattern) {
        let name = fold::name(char);
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
    let compiled = RegexBuilder::new(pattern).case_insensitive(fold).size_limit(MOST_COMPILED).build();
    compiled.map_err(|error| match error {
        regex::Error::CompiledTooBig(most) => (
            format!("is a regex that needs more than {most} bytes"),
            "repeat less, such as \\d{1,20}; [0-9] needs less than \\d".to_owned(),
        ),
        error => {
            // Several lines, of which the last says what it is.
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

/// A character of the pattern that folded words do not have, with what they have instead.
fn never_there(pattern: &str) -> Option<(char, String)> {
    // Escapes, such as \u{200b}, are characters only once they are read.
    let escaped = regex_syntax::parse(pattern).map(|hir| literals(&hir)).unwrap_or_default();
    pattern.chars().chain(escaped.chars()).find_map(|char| Some((char, fold::changed(char)?)))
}

/// The text that stands in a regex as it is.
fn literals(hir: &Hir) -> String {
    match hir.kind() {
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).into_owned(),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(literals).collect(),
        HirKind::Capture(capture) => literals(&capture.sub),
        HirKind::Repetition(repetition) => literals(&repetition.sub),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => String::new(),
    }
}
