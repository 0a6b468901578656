//! Which rules a message may be for, without asking each.
//!
//! # Design
//!
//! Rules are sorted by account, and those of an account by what their keywords need: whole words are looked up in a
//! hash map, and one pass of an automaton (Aho-Corasick) finds every part of a word, whatever their number. A regex is
//! tried only if a literal is in the text without which it cannot match. What comes out is asked in the rules' order;
//! the index leaves out rules, and never decides for one.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, BuildError};
use regex_syntax::{
    ParserBuilder,
    hir::literal::{ExtractKind, Extractor},
};

use super::subject::{Subject, Words};
use crate::{
    config::{
        RuleSection,
        rules::{Keyword, fold},
    },
    ids::AccountId,
};

/// The rules in force, by position.
#[derive(Debug, Default)]
pub(super) struct Index {
    of_all: Shelf,
    by_account: HashMap<AccountId, Shelf>,
}

/// Rules that are asked for the same accounts.
#[derive(Debug, Default)]
struct Shelf {
    /// Those without a keyword.
    plain: Vec<usize>,
    folded: WordIndex,
    raw: WordIndex,
}

#[derive(Debug, Default)]
struct WordIndex {
    whole: HashMap<String, Vec<usize>>,
    parts: HashMap<String, Vec<usize>>,
    /// Those whose regex needs no literal.
    always: Vec<usize>,
    /// Finds `parts`; a pattern's number is its place in `found`.
    automaton: Option<AhoCorasick>,
    found: Vec<Vec<usize>>,
}

impl Index {
    /// Sorts the rules.
    pub(super) fn new<'a>(rules: impl IntoIterator<Item = &'a RuleSection>) -> Result<Self, BuildError> {
        let mut index = Self::default();
        for (position, rule) in rules.into_iter().enumerate() {
            if !rule.enabled {
                continue;
            }
            if rule.accounts.is_empty() {
                index.of_all.add(position, rule);
            }
            for account in &rule.accounts {
                index.by_account.entry(account.clone()).or_default().add(position, rule);
            }
        }
        for shelf in index.by_account.values_mut().chain([&mut index.of_all]) {
            shelf.folded.build()?;
            shelf.raw.build()?;
        }
        Ok(index)
    }

    /// The positions of rules that may take the message, in order.
    pub(super) fn candidates(&self, subject: &Subject<'_>) -> Vec<usize> {
        let mut found = Vec::new();
        for shelf in self.by_account.get(&subject.inbound.account).into_iter().chain([&self.of_all]) {
            found.extend_from_slice(&shelf.plain);
            if (shelf.folded.is_empty() && shelf.raw.is_empty()) || subject.words().is_none() {
                continue;
            }
            let Some(words) = subject.words() else { continue };
            shelf.look_up(words, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Shelf {
    fn add(&mut self, position: usize, rule: &RuleSection) {
        match &rule.keyword {
            None => self.plain.push(position),
            Some(keyword) if keyword.fold => self.folded.add(position, keyword),
            Some(keyword) => self.raw.add(position, keyword),
        }
    }

    fn look_up(&self, words: &Words<'_>, found: &mut Vec<usize>) {
        self.folded.look_up(words.folded.trim(), &words.folded, found);
        self.raw.look_up(words.raw, words.raw, found);
    }
}

impl WordIndex {
    fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.found.is_empty() && self.always.is_empty()
    }

    fn add(&mut self, position: usize, keyword: &Keyword) {
        for word in &keyword.is {
            self.whole.entry(word.clone()).or_default().push(position);
        }
        for part in &keyword.contains {
            self.parts.entry(part.clone()).or_default().push(position);
        }
        if let Some(regex) = &keyword.regex {
            match literals(regex.as_str(), keyword.fold) {
                Some(literals) => {
                    for literal in literals {
                        self.parts.entry(literal).or_default().push(position);
                    }
                }
                None => self.always.push(position),
            }
        }
    }

    fn build(&mut self) -> Result<(), BuildError> {
        let (parts, found): (Vec<_>, Vec<_>) = std::mem::take(&mut self.parts).into_iter().unzip();
        if !parts.is_empty() {
            self.automaton = Some(AhoCorasick::new(parts)?);
            self.found = found;
        }
        Ok(())
    }

    fn look_up(&self, whole: &str, text: &str, found: &mut Vec<usize>) {
        found.extend_from_slice(&self.always);
        found.extend(self.whole.get(whole).into_iter().flatten());
        let Some(automaton) = &self.automaton else { return };
        // A long text may have the same part in it many times.
        let mut seen = Vec::new();
        for part in automaton.find_overlapping_iter(text) {
            let pattern = part.pattern().as_usize();
            if !seen.contains(&pattern) {
                seen.push(pattern);
                found.extend_from_slice(&self.found[pattern]);
            }
        }
    }
}

/// Literals of which a text must have one in it for the regex to match; `None` if there are no such.
fn literals(pattern: &str, folded: bool) -> Option<Vec<String>> {
    let parsed = ParserBuilder::new().case_insensitive(folded).build().parse(pattern).ok()?;
    [ExtractKind::Prefix, ExtractKind::Suffix].into_iter().find_map(|kind| {
        let found = Extractor::new().kind(kind).extract(&parsed);
        let literals = found.literals()?.iter().map(|literal| {
            let literal =
                str::from_utf8(literal.as_bytes()).ok().filter(|literal| !literal.is_empty())?;
            Some(if folded { fold::case(literal).into_owned() } else { literal.to_owned() })
        });
        let mut literals: Vec<String> = literals.collect::<Option<_>>()?;
        literals.sort_unstable();
        literals.dedup();
        (!literals.is_empty()).then_some(literals)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regex_is_tried_only_with_what_it_needs() {
        for (pattern, needed) in [
            ("订单(?<no>\\d+)", Some(vec!["订单"])),
            ("^Order", Some(vec!["order"])),
            ("(price|价格)\\?", Some(vec!["price?", "价格?"])),
            (".*退款$", Some(vec!["退款"])),
            ("^\\w+$", None),
            ("a?", None),
            ("", None),
        ] {
            let needed = needed.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(literals(pattern, true), needed, "{pattern}");
        }
        assert_eq!(literals("Order", false), Some(vec!["Order".to_owned()]));
    }
}
