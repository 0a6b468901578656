//! The log's lines about an entry: the same steps that observers are told of.

use std::time::Duration;

use tracing::{Level, Span, field};

use super::{
    log_limit::HANDLED,
    progress::{Step, answers},
};
use crate::{
    ids::shortened,
    journal::{Entry, Queue},
    protocol::Conversation,
};

/// What every log line of an attempt says, the handler's own included.
pub(super) fn span(queue: Queue, entry: &Entry) -> Span {
    if !tracing::enabled!(Level::ERROR) {
        return Span::none();
    }
    let conversation = Conversation::decode(&entry.conversation);
    let conversation = conversation.as_ref();
    let ids = conversation.map(|it| [it.account.as_str(), it.user.as_str()].map(shortened));
    let [account, user] = ids.map_or([None, None], |ids| ids.map(Some));
    tracing::error_span!(
        "attempt",
        queue = queue.as_str(),
        entry = %entry.id,
        answers = answers(queue, entry).map(field::display),
        attempt = entry.attempt,
        app = conversation.map(|it| it.app.as_str()),
        account = account.as_deref(),
        user = user.as_deref(),
        message_id = field::Empty,
        kind = field::Empty,
    )
}

/// Whether the log has a line about an entry that is done.
pub(super) fn tells_of_done(queue: Queue) -> bool {
    match queue {
        Queue::Inbox => tracing::enabled!(Level::INFO),
        Queue::Outbox => tracing::enabled!(Level::DEBUG),
    }
}

/// Writes the line about a step, within the attempt's [`span`].
pub(super) fn tell(queue: Queue, step: &Step, took: Duration) {
    let duration_ms = took.as_millis();
    match step {
        Step::Begun => {}
        Step::Done { by, replies, .. } if queue == Queue::Inbox => {
            if HANDLED.admits() {
                let by = by.as_ref().map(field::display);
                tracing::info!(by, replies, duration_ms, "message handled");
            }
        }
        Step::Done { .. } => tracing::debug!(duration_ms, "reply sent"),
        Step::NotTaken => {
            if HANDLED.admits() {
                tracing::info!(
                    duration_ms,
                    "no rule or handler takes the message: it is kept without an answer"
                );
            }
        }
        Step::Quiet { by } => {
            tracing::debug!(%by, duration_ms, "a rule is quiet on purpose: the message is kept without an answer");
        }
        Step::Retry { reason, after } => {
            tracing::warn!(duration_ms, retry_in_ms = after.as_millis(), reason, "attempt failed");
        }
        Step::Released { reason, after } => {
            let retry_in_ms = after.as_millis();
            tracing::debug!(duration_ms, retry_in_ms, reason, "waits for its turn");
        }
        Step::Dead { reason } => tracing::error!(duration_ms, reason, "given up: now a dead letter"),
    }
}
