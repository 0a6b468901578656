//! Long lists of users, in batches of the size that one call takes.

use std::ops::Range;

use crate::http::error::ClientError;

/// The failure of one batch of a list of users. Batches before it are done, batches after it were not tried.
///
/// The ranges are positions in the list that was given: `&users[error.failed.start..]` goes on from there.
#[derive(Debug, thiserror::Error)]
#[error("users {} to {} of {total} failed, {} after them were not tried: {cause}", failed.start + 1, failed.end, not_tried.len())]
pub struct BatchError {
    /// How many users the list had.
    pub total: usize,
    /// The users before the batch that failed, who are done.
    pub done: Range<usize>,
    /// The users of the batch that failed.
    pub failed: Range<usize>,
    /// The users after the batch that failed.
    pub not_tried: Range<usize>,
    /// Why the batch failed; see [`ClientError::is_retryable`].
    #[source]
    pub cause: ClientError,
}

/// Splits a list of `total` users into batches of at most `size`; an empty list is one empty batch.
pub(super) fn split(total: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..total.max(1)).step_by(size).map(move |start| start..total.min(start + size))
}

impl BatchError {
    /// The failure of the batch `failed` of a list of `total` users.
    pub(super) fn new(total: usize, failed: Range<usize>, cause: ClientError) -> Self {
        Self { total, done: 0..failed.start, not_tried: failed.end..total, failed, cause }
    }
}
