//! Lower and upper bounds of numbers and times. A value beyond them fits no machine, or was not meant.

use std::{fmt, time::Duration};

use super::checker::Checker;

/// The highest value that makes sense, and the consequence of a higher one.
pub(super) struct Max<T>(pub(super) T, pub(super) &'static str);

impl Checker<'_> {
    /// Requires a number between 1 and `max`; `zero` is the consequence of 0.
    pub(super) fn number(&mut self, number: u64, key: &str, zero: &str, max: &Max<u64>) {
        self.require(
            number > 0,
            key,
            &format!("is 0, so {zero}"),
            "write 1 or more, or leave the key out",
        );
        self.at_most(number, key, max);
    }

    /// Requires a time above 0 and up to `max`; `zero` is the consequence of no time at all.
    pub(super) fn time(&mut self, span: Duration, key: &str, zero: &str, max: &Max<Duration>) {
        let hint = "write a time above 0, such as \"5s\", or leave the key out";
        self.require(!span.is_zero(), key, &format!("is no time at all, so {zero}"), hint);
        self.at_most(span, key, max);
    }

    /// Requires no more than `max`.
    pub(super) fn at_most<T: Copy + PartialOrd + fmt::Debug>(
        &mut self,
        value: T,
        key: &str,
        Max(max, consequence): &Max<T>,
    ) {
        self.require(
            value <= *max,
            key,
            &format!("{value:?} is more than {max:?}, the most that makes sense: {consequence}"),
            &format!("write {max:?} or less, or leave the key out"),
        );
    }
}
