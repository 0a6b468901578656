//! The parsed body of a callback.

use super::{id_limit::find_long_id, rejection::Rejection};
use crate::protocol::{Inbound, parse};

/// A body, once it is parsed.
#[derive(Debug)]
pub(super) enum ParsedBody {
    /// A message or an event of the platform.
    Message(Inbound),
    /// The probe of an operator, which asks whether a message would be accepted.
    Probe,
    /// An authentic body that cannot be accepted, for this reason.
    Unreadable(Rejection),
}

impl ParsedBody {
    pub(super) fn parse(body: &[u8]) -> Self {
        let inbound = match parse(body) {
            Ok(inbound) => inbound,
            Err(error) => return Self::Unreadable(Rejection::NotUnderstood(error)),
        };
        match find_long_id(&inbound) {
            Some(element) => Self::Unreadable(Rejection::LongId(element)),
            None if inbound.is_probe() => Self::Probe,
            None => Self::Message(inbound),
        }
    }
}
