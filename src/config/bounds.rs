//! Lower and upper bounds of numbers and times: what lies beyond them no machine has, or nobody can have meant.

use std::{fmt, time::Duration};

use super::check::Checker;

/// An upper bound, and what would come of more.
pub(super) struct Most<T>(pub(super) T, pub(super) &'static str);

impl Checker<'_> {
    /// Asks for a number between 1 and `most`; `none` says what would come of 0.
    pub(super) fn number(&mut self, number: u64, key: &str, none: &str, most: &Most<u64>) {
        self.require(
            number > 0,
            key,
            &format!("is 0, so {none}"),
            "write 1 or more, or leave the key out",
        );
        self.at_most(number, key, most);
    }

    /// Asks for a time above 0 and up to `most`; `none` says what would come of no time at all.
    pub(super) fn time(&mut self, span: Duration, key: &str, none: &str, most: &Most<Duration>) {
        let hint = "write a time above 0, such as \"5s\", or leave the key out";
        self.require(!span.is_zero(), key, &format!("is no time at all, so {none}"), hint);
        self.at_most(span, key, most);
    }

    /// Asks for no more than `most`.
    pub(super) fn at_most<T: Copy + PartialOrd + fmt::Debug>(
        &mut self,
        value: T,
        key: &str,
        Most(most, consequence): &Most<T>,
    ) {
        self.require(
            value <= *most,
            key,
            &format!("{value:?} is more than {most:?}, the most that makes sense: {consequence}"),
            &format!("write {most:?} or less, or leave the key out"),
        );
    }
}
