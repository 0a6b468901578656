//! Long lists of users in parts of the size that one call takes.

use std::ops::Range;

use super::ClientError;

/// A list of users that was worked through in parts, until one of them failed.
///
/// The ranges are positions in the list that was given: `&users[error.failed.start..]` goes on from there.
#[derive(Debug, thiserror::Error)]
#[error("users {} to {} of {total} failed, {} after them were not tried: {cause}", failed.start + 1, failed.end, not_tried.len())]
pub struct PartError {
    /// How many users the list had.
    pub total: usize,
    /// The users for whom it is done.
    pub done: Range<usize>,
    /// The users of the part that failed.
    pub failed: Range<usize>,
    /// The users after them.
    pub not_tried: Range<usize>,
    /// Why the part failed; see [`ClientError::is_retryable`].
    #[source]
    pub cause: ClientError,
}

/// The parts of a list of `total` users, each of at most `size`; an empty list is one empty part.
pub(super) fn parts(total: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..total.max(1)).step_by(size).map(move |start| start..total.min(start + size))
}

impl PartError {
    /// `failed` is a part of a list of `total` users, and it failed for `cause`.
    pub(super) fn new(total: usize, failed: Range<usize>, cause: ClientError) -> Self {
        Self { total, done: 0..failed.start, not_tried: failed.end..total, failed, cause }
    }
}
