//! The numbers that stand for queues and states in every store, for good.

use crate::journal::{JournalError, Queue, State};

/// A number that stands for nothing that this program knows.
#[derive(Debug, thiserror::Error)]
#[error("the store has {kind} number {number}, which this program does not know")]
pub(in crate::journal) struct UnknownNumber {
    kind: &'static str,
    number: i64,
}

/// The number of a queue.
pub(in crate::journal) fn queue_number(queue: Queue) -> i16 {
    match queue {
        Queue::Inbox => 0,
        Queue::Outbox => 1,
    }
}

/// The queue with a number.
pub(in crate::journal) fn queue(number: i64) -> Result<Queue, UnknownNumber> {
    match number {
        0 => Ok(Queue::Inbox),
        1 => Ok(Queue::Outbox),
        _ => Err(UnknownNumber { kind: "queue", number }),
    }
}

/// The number of a state.
pub(in crate::journal) fn state_number(state: State) -> i16 {
    match state {
        State::Pending => 0,
        State::Done => 1,
        State::Dead => 2,
    }
}

/// The state with a number.
pub(in crate::journal) fn state(number: i64) -> Result<State, UnknownNumber> {
    match number {
        0 => Ok(State::Pending),
        1 => Ok(State::Done),
        2 => Ok(State::Dead),
        _ => Err(UnknownNumber { kind: "state", number }),
    }
}

impl From<UnknownNumber> for JournalError {
    fn from(error: UnknownNumber) -> Self {
        Self::Unavailable(error.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_stands_for_one_queue_and_one_state_and_an_unknown_one_is_an_error() {
        for known in Queue::ALL {
            assert_eq!(queue(queue_number(known).into()).unwrap(), known);
        }
        for known in [State::Pending, State::Done, State::Dead] {
            assert_eq!(state(state_number(known).into()).unwrap(), known);
        }
        let error = queue(2).unwrap_err().to_string();
        assert_eq!(error, "the store has queue number 2, which this program does not know");
        let error = state(-1).unwrap_err().to_string();
        assert_eq!(error, "the store has state number -1, which this program does not know");
    }
}
