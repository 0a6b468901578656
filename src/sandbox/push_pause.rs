//! The pause in pushing, which follows when a server's answers came too late many times in a row.

use std::time::Duration;

use super::history::ReasonKind;
use crate::clock::UnixMillis;

/// The number of deliveries in a row that time out before pushing pauses.
const MAX_TIMEOUTS: u32 = 10;
/// The length of the pause.
const LENGTH: Duration = Duration::from_mins(1);

/// The counter of time-outs in a row, and the pause that follows them.
#[derive(Debug, Default)]
pub(super) struct PushPause {
    timeouts: u32,
    /// The end of the last pause.
    until: Option<UnixMillis>,
}

impl PushPause {
    /// The end of the pause, if pushing pauses at `now`.
    pub(super) fn until(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.until.filter(|until| now < *until)
    }

    /// Counts a delivery that has ended, with the kind of its failure; returns whether pushing pauses from now on.
    pub(super) fn count(&mut self, reason: Option<ReasonKind>, now: UnixMillis) -> bool {
        self.timeouts = if reason == Some(ReasonKind::Timeout) { self.timeouts + 1 } else { 0 };
        if self.timeouts < MAX_TIMEOUTS {
            return false;
        }
        *self = Self { timeouts: 0, until: Some(now.plus(LENGTH)) };
        true
    }

    /// Ends the pause and resets the counter; returns whether there was a pause.
    pub(super) fn end(&mut self) -> bool {
        std::mem::take(self).until.is_some()
    }

    /// The reason why a message is not pushed now.
    pub(super) fn reason(&self, now: UnixMillis) -> Option<(ReasonKind, String)> {
        let left = self.until(now)?.since(now).as_millis().div_ceil(1000);
        let reason = format!(
            "pushing pauses for {left} s more, since {MAX_TIMEOUTS} deliveries in a row were not answered \
             in time: send it again then"
        );
        Some((ReasonKind::Paused, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_time_outs_in_a_row_make_a_pause_of_a_minute_and_nothing_less() {
        let (mut pause, now) = (PushPause::default(), UnixMillis(1_760_000_400_000));
        let timeout = Some(ReasonKind::Timeout);
        for other in [None, Some(ReasonKind::Answered)] {
            assert!((0..9).all(|_| !pause.count(timeout, now)));
            assert!(!pause.count(other, now));
        }
        assert!((0..9).all(|_| !pause.count(timeout, now)));
        assert_eq!(pause.until(now), None);
        assert!(pause.count(timeout, now));
        assert_eq!(
            pause.until(now.plus(LENGTH).minus(Duration::from_millis(1))),
            Some(now.plus(LENGTH))
        );
        assert_eq!(pause.until(now.plus(LENGTH)), None);
        assert!(!pause.count(timeout, now.plus(LENGTH)), "the counter begins at 0 again");
    }
}
