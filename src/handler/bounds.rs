//! The bounds of dialogues and reminders, whichever way a handler asks for them.

use std::time::Duration;

/// The most bytes of a stored state, as JSON.
pub(crate) const MAX_STATE: usize = 64 * 1024;
/// The silence after which a dialogue ends, unless it has another.
pub(crate) const SILENCE: Duration = Duration::from_mins(30);
/// The longest silence after which a dialogue may end.
pub(crate) const MAX_SILENCE: Duration = Duration::from_hours(30 * 24);
/// The most reminders of one reply.
pub(crate) const MAX_LATER: usize = 16;
/// The longest time until a reminder.
pub(crate) const MAX_LATER_SPAN: Duration = Duration::from_hours(366 * 24);
