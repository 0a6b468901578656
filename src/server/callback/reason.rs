//! The reasons for which a callback is refused: one table with the name, the label and the status of each.

use http::StatusCode;

/// Declares the enum, the list of all reasons, and what each reason is called and answered with, so that no reason can be
/// left out of one of them.
macro_rules! reasons {
    ($($(#[$doc:meta])+ $reason:ident: $label:literal, $status:ident;)+) => {
        /// The reason for which a callback is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Reason {
            $($(#[$doc])+ $reason,)+
        }

        impl Reason {
            /// Every reason, at the index `reason as usize`.
            pub(super) const ALL: [Self; [$($label),+].len()] = [$(Self::$reason),+];

            /// The name of the reason in the log and in metrics.
            pub(super) fn label(self) -> &'static str {
                match self {
                    $(Self::$reason => $label,)+
                }
            }

            /// The status of the answer.
            pub(super) fn status(self) -> StatusCode {
                match self {
                    $(Self::$reason => StatusCode::$status,)+
                }
            }
        }
    };
}

reasons! {
    /// A query parameter of the signature is missing.
    MissingParameter: "missing", UNAUTHORIZED;
    /// The parameters of the signature stand behind a second `?`.
    SecondQuery: "second_query", UNAUTHORIZED;
    /// The timestamp is of the other unit.
    OtherUnit: "other_unit", UNAUTHORIZED;
    /// A query parameter of the signature is repeated.
    RepeatedParameter: "repeated", UNAUTHORIZED;
    /// A query parameter of the signature has the wrong form.
    MalformedParameter: "malformed", UNAUTHORIZED;
    /// The timestamp is too old.
    Stale: "stale", UNAUTHORIZED;
    /// The timestamp is too far in the future.
    Future: "future", UNAUTHORIZED;
    /// The signature was made with another secret.
    Mismatch: "mismatch", UNAUTHORIZED;
    /// The signature came with another body before.
    Replayed: "replayed", UNAUTHORIZED;
    /// Too many requests under one signature are in progress.
    Crowded: "crowded", SERVICE_UNAVAILABLE;
    /// The body is encoded.
    Encoded: "encoded", UNSUPPORTED_MEDIA_TYPE;
    /// The body is too large.
    TooLarge: "too_large", PAYLOAD_TOO_LARGE;
    /// The body did not come in time.
    SlowBody: "slow_body", REQUEST_TIMEOUT;
    /// The body is incomplete.
    BrokenBody: "broken_body", BAD_REQUEST;
    /// The body is not one of the platform's messages.
    NotUnderstood: "not_understood", BAD_REQUEST;
    /// An id in the body is too long.
    LongId: "long_id", BAD_REQUEST;
    /// Too many callbacks are in progress.
    Overloaded: "overloaded", SERVICE_UNAVAILABLE;
    /// The journal did not answer in time.
    SlowJournal: "slow_journal", SERVICE_UNAVAILABLE;
    /// The journal is full.
    JournalFull: "full", SERVICE_UNAVAILABLE;
    /// The journal is unavailable.
    JournalUnavailable: "unavailable", SERVICE_UNAVAILABLE;
    /// The journal reports another error.
    JournalError: "journal", SERVICE_UNAVAILABLE;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_reason_stands_at_its_index_and_has_a_label_of_its_own() {
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
        }
        let labels: HashSet<_> = Reason::ALL.map(Reason::label).into();
        assert_eq!(labels.len(), Reason::ALL.len());
    }
}
