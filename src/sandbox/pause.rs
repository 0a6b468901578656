//! The pause in pushing: what the platform does where a server's answers came too late again and again.

use std::time::Duration;

use super::records::ReasonKind;
use crate::clock::UnixMillis;

/// How many deliveries in a row must time out.
const MOST_TIMEOUTS: u32 = 10;
/// How long pushing then pauses.
const LENGTH: Duration = Duration::from_mins(1);

/// The deliveries that timed out one after the other, and the pause that follows them.
#[derive(Debug, Default)]
pub(super) struct Pause {
    timeouts: u32,
    until: Option<UnixMillis>,
}

impl Pause {
    /// When the pause ends, if there is one.
    pub(super) fn until(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.until.filter(|until| now < *until)
    }

    /// Counts a delivery that has ended, with the reason why it failed; true if pushing pauses from now on.
    pub(super) fn count(&mut self, reason: Option<ReasonKind>, now: UnixMillis) -> bool {
        self.timeouts = if reason == Some(ReasonKind::Timeout) { self.timeouts + 1 } else { 0 };
        if self.timeouts < MOST_TIMEOUTS {
            return false;
        }
        *self = Self { timeouts: 0, until: Some(now.plus(LENGTH)) };
        true
    }

    /// Ends the pause and the counting; true if there was a pause to end.
    pub(super) fn lift(&mut self) -> bool {
        std::mem::take(self).until.is_some()
    }

    /// Why a message is not pushed now.
    pub(super) fn why_not(&self, now: UnixMillis) -> Option<(ReasonKind, String)> {
        let left = self.until(now)?.since(now).as_millis().div_ceil(1000);
        let reason = format!(
            "pushing pauses for {left} s more, since {MOST_TIMEOUTS} deliveries in a row were not answered \
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
        let (mut pause, now) = (Pause::default(), UnixMillis(1_760_000_400_000));
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
        assert!(!pause.count(timeout, now.plus(LENGTH)), "it counts anew");
    }
}
