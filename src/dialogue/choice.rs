//! A numbered menu, and the item that a user chose.

use std::fmt::Write;

use super::numerals::{fold, read_number};

/// The words before the menu when an answer was not understood.
const NOT_UNDERSTOOD: &str = "没有这一项，请回复序号或名称。";

/// A numbered menu that prints itself, and reads the answer.
///
/// The answer may be the number, as 1, １, 一, ① or "1.", or the title; white space around it, full width and case do not
/// matter. A title goes before a number: with the titles "38" and "1", the answer "1" is the second item.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::Choice;
///
/// #[derive(Debug, PartialEq)]
/// enum Menu {
///     Orders,
///     Returns,
/// }
///
/// let choice = Choice::new("请选择：").item("查订单", Menu::Orders).item("退货", Menu::Returns);
/// assert_eq!(choice.prompt(), "请选择：\n1. 查订单\n2. 退货");
/// assert_eq!(choice.read("二"), Some(&Menu::Returns));
/// assert_eq!(choice.read(" 查订单 "), Some(&Menu::Orders));
/// assert_eq!(choice.read("3"), None);
/// assert!(choice.again().ends_with("\n请选择：\n1. 查订单\n2. 退货"));
/// ```
#[derive(Debug, Clone)]
pub struct Choice<T> {
    question: String,
    not_understood: String,
    items: Vec<(String, T)>,
}

impl<T> Choice<T> {
    /// A menu below this question, without items so far.
    pub fn new(question: impl Into<String>) -> Self {
        Self { question: question.into(), not_understood: NOT_UNDERSTOOD.to_owned(), items: Vec::new() }
    }

    /// Adds an item after the others. An answer in digits or Chinese numerals reaches the first 99.
    #[must_use]
    pub fn item(mut self, title: impl Into<String>, value: T) -> Self {
        self.items.push((title.into(), value));
        self
    }

    /// Sets the words before the menu when an answer was not understood; by default they are Chinese.
    #[must_use]
    pub fn with_not_understood(self, words: impl Into<String>) -> Self {
        Self { not_understood: words.into(), ..self }
    }

    /// The question and the numbered items, a line each.
    pub fn prompt(&self) -> String {
        let mut text = self.question.clone();
        for ((title, _), number) in self.items.iter().zip(1..) {
            let _ = write!(text, "\n{number}. {title}");
        }
        text
    }

    /// The words that the answer was not understood, and the menu again.
    pub fn again(&self) -> String {
        format!("{}\n{}", self.not_understood, self.prompt())
    }

    /// The item that the answer chooses; `None` if the answer is neither a number nor a title of the menu.
    pub fn read(&self, answer: &str) -> Option<&T> {
        let answer = fold(answer);
        let answer = answer.trim();
        let titled = self.items.iter().find(|(title, _)| fold(title).trim() == answer);
        let numbered = || {
            let number = answer.trim_matches(|char: char| " .,:;()[]、。".contains(char));
            self.items.get(read_number(number)?.checked_sub(1)?)
        };
        titled.or_else(numbered).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_number_or_a_title_however_it_is_written() {
        let choice = Choice::new("?").item("VIP 客服", 'a').item("退货", 'b').item("Ｃ", 'c');
        for (answer, chosen) in [
            ("1", Some('a')),
            ("１", Some('a')),
            ("一", Some('a')),
            ("①", Some('a')),
            ("1.", Some('a')),
            ("１．", Some('a')),
            ("1、", Some('a')),
            ("（1）", Some('a')),
            ("  1\n", Some('a')),
            ("vip 客服", Some('a')),
            ("ＶＩＰ　客服", Some('a')),
            ("2。", Some('b')),
            ("退货", Some('b')),
            ("三", Some('c')),
            ("c", Some('c')),
            ("0", None),
            ("4", None),
            ("四", None),
            ("", None),
            ("。", None),
            ("退", None),
            ("1 2", None),
        ] {
            assert_eq!(choice.read(answer).copied(), chosen, "{answer:?}");
        }
    }

    #[test]
    fn a_title_goes_before_a_number() {
        let choice = Choice::new("?").item("2", 'a').item("4", 'b');
        assert_eq!(choice.read("2"), Some(&'a'));
        assert_eq!(choice.read("1"), Some(&'a'));
        assert_eq!(choice.read("二"), Some(&'b'));
    }

    #[test]
    fn every_item_of_a_long_menu_is_reached_by_its_number() {
        let choice = (1..=99).fold(Choice::new("?"), |choice, n| choice.item(format!("item {n}"), n));
        for n in 1..=99 {
            assert_eq!(choice.read(&n.to_string()), Some(&n));
        }
        assert_eq!(choice.prompt().lines().last(), Some("99. item 99"));
    }

    #[test]
    fn the_menu_comes_again_with_the_words_of_the_program() {
        let choice = Choice::new("Which?").item("a", ()).with_not_understood("Pardon?");
        assert_eq!(choice.again(), "Pardon?\nWhich?\n1. a");
    }
}
