//! The difference between a text and a keyword that it looks like, for people who write rules.

use std::ops::Range;

use super::{fold, keyword::Keyword, subject::Words};

/// Most characters that a description names.
const MAX_NAMED: usize = 4;

/// The letters by which a text is compared with a word, each with its place in the text.
type Letters = Vec<(Range<usize>, char)>;

/// The difference that keeps the words from matching, if the words look as if they matched.
pub(crate) fn difference(keyword: &Keyword, words: &Words<'_>) -> Option<String> {
    let text = if keyword.fold { words.folded.trim() } else { words.raw };
    let letters = letters(text);
    let is = keyword.is.iter().filter_map(|word| {
        let found = looks_like(&word_letters(word), &letters).then_some(text)?;
        Some(describe(word, found, !keyword.fold && fold::fold(word) == words.folded.trim()))
    });
    let contains = keyword.contains.iter().filter_map(|word| {
        let found = find(&word_letters(word), &letters, text)?;
        Some(describe(word, found, !keyword.fold && words.folded.contains(&*fold::fold(word))))
    });
    is.chain(contains).next().or_else(|| {
        let regex = keyword.regex.as_ref()?;
        let would_match = !keyword.fold && regex.is_match(&words.normalized);
        would_match.then(|| {
            let unlike: Vec<char> =
                text.chars().filter(|char| fold::normalize_char(*char).is_some()).collect();
            format!("nearly: it has {} in it, which fold = true would pass over", list_chars(&unlike))
        })
    })
}

/// Folds a text and splits it into letters, without white space and punctuation.
fn letters(text: &str) -> Letters {
    let counts = |char: &char| {
        !(char.is_whitespace()
            || char.is_ascii_punctuation()
            || matches!(char, '\u{2010}'..='\u{205e}' | '\u{3001}'..='\u{303f}'))
    };
    let mut letters = Letters::new();
    for (at, char) in text.char_indices() {
        let folded = fold::fold(&text[at..at + char.len_utf8()]).into_owned();
        let place = at..at + char.len_utf8();
        letters.extend(folded.chars().filter(counts).map(|letter| (place.clone(), letter)));
    }
    letters
}

fn word_letters(word: &str) -> Vec<char> {
    letters(word).into_iter().map(|(_, letter)| letter).collect()
}

/// Whether all letters are equal, but for a few that may look the same: a Latin one and one of another alphabet.
fn looks_like(word: &[char], letters: &[(Range<usize>, char)]) -> bool {
    let is_of_an_alphabet = |char: char| char.is_alphabetic() && char < '\u{2e80}';
    let may_look_the_same = |one: char, other: char| {
        one.is_ascii() != other.is_ascii() && is_of_an_alphabet(one) && is_of_an_alphabet(other)
    };
    let pairs = || word.iter().zip(letters).map(|(one, (_, other))| (*one, *other));
    let unlike = pairs().filter(|(one, other)| one != other).count();
    !word.is_empty()
        && word.len() == letters.len()
        && unlike * 3 <= word.len()
        && pairs().all(|(one, other)| one == other || may_look_the_same(one, other))
}

/// Finds the part of the text that looks like the word.
fn find<'t>(word: &[char], letters: &[(Range<usize>, char)], text: &'t str) -> Option<&'t str> {
    let part = letters.windows(word.len().max(1)).find(|part| looks_like(word, part))?;
    let (Some((first, _)), Some((last, _))) = (part.first(), part.last()) else { return None };
    Some(&text[first.start..last.end])
}

/// Describes the characters in which `found` differs from the word; `folds` says whether folding would make them equal.
fn describe(word: &str, found: &str, folds: bool) -> String {
    let only_in = |text: &str, other: &str| -> Vec<char> {
        text.chars().filter(|char| !other.contains(*char)).collect()
    };
    let (extra, missing) = (only_in(found, word), only_in(word, found));
    let what = match (extra.is_empty(), missing.is_empty()) {
        (true, true) => "its signs and spaces are in other places".to_owned(),
        (false, true) => format!("it has {} in it", list_chars(&extra)),
        (true, false) => format!("it has no {} in it", list_chars(&missing)),
        (false, false) => format!("it has {} instead of {}", list_chars(&extra), list_chars(&missing)),
    };
    let folds = if folds { ", which fold = true would pass over" } else { "" };
    format!("nearly \"{word}\": {what}{folds}")
}

fn list_chars(chars: &[char]) -> String {
    let mut names: Vec<String> = Vec::new();
    for char in chars {
        let name = fold::describe_char(*char);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = if names.len() > MAX_NAMED { " and more" } else { "" };
    names.truncate(MAX_NAMED);
    names.join(", ") + more
}
