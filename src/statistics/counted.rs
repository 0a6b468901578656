//! The events that a server counts.

/// An event that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// A callback whose message is new.
    Accepted,
    /// A callback whose message was accepted before.
    Duplicates,
    /// A callback that was refused.
    Refused,
    /// A message that is done.
    Handled,
    /// A failed attempt at a message.
    Failed,
    /// A message or reply that became a dead letter after its last attempt.
    Dead,
    /// A reply that was sent.
    Sent,
    /// A failed attempt at a reply.
    SendFailed,
}

impl Counted {
    /// All of them, each at its own index.
    pub(super) const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Duplicates,
        Self::Refused,
        Self::Handled,
        Self::Failed,
        Self::Dead,
        Self::Sent,
        Self::SendFailed,
    ];

    /// The name in the journal.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicates => "duplicates",
            Self::Refused => "refused",
            Self::Handled => "handled",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Sent => "sent",
            Self::SendFailed => "send_failed",
        }
    }
}
