//! The log lines about an entry: the same steps that observers are told of.

use std::time::Duration;

use tracing::{Level, Span, field};

use super::progress::Step;
use crate::{
    ids::shortened,
    journal::{Entry, Queue},
    log_limit::LogRateLimit,
    protocol::Conversation,
};

/// The limit of the log lines about handled messages, for all services of the process.
static HANDLED_LINES: LogRateLimit = LogRateLimit::new(20, Duration::from_secs(1));

/// Opens the span of an attempt, whose fields stand in every log line of the attempt, the handler's own lines included.
pub(super) fn attempt_span(queue: Queue, entry: &Entry) -> Span {
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
        answers = entry.answers.map(field::display),
        attempt = entry.attempt,
        app = conversation.map(|it| it.app.as_str()),
        account = account.as_deref(),
        user = user.as_deref(),
        message_id = field::Empty,
        kind = field::Empty,
    )
}

/// Whether the log may have a line about an entry that is done.
pub(super) fn is_done_logged(queue: Queue) -> bool {
    match queue {
        Queue::Inbox => tracing::enabled!(Level::INFO),
        Queue::Outbox => tracing::enabled!(Level::DEBUG),
    }
}

/// Writes the line about a step, within the span of the attempt.
pub(super) fn log_step(queue: Queue, entry: &Entry, step: &Step, took: Duration) {
    let duration_ms = took.as_millis();
    match step {
        Step::Begun | Step::State { .. } => {}
        Step::Done { by, replies, .. } if queue == Queue::Inbox => {
            if HANDLED_LINES.may_log() {
                let by = by.as_ref().map(field::display);
                tracing::info!(by, replies, duration_ms, "message handled");
            }
        }
        Step::Done { .. } => tracing::debug!(duration_ms, "reply sent"),
        Step::Kept => {
            if HANDLED_LINES.may_log() {
                tracing::info!(
                    duration_ms,
                    "a person has the conversation: the message is kept for them"
                );
            }
        }
        Step::Outdated => {
            tracing::debug!(duration_ms, "its dialogue has moved on: nothing is sent");
        }
        Step::NotTaken => {
            if HANDLED_LINES.may_log() {
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
        Step::Dead { reason } => {
            tracing::error!(
                duration_ms,
                reason,
                "given up: now a dead letter; `rongcloud-callback journal revive {id}` has it tried again, `journal discard {id}` \
                 ends it",
                id = entry.id
            );
        }
    }
}

/// Waits for the end of a second in which lines about handled messages were left out, and logs their number.
pub(super) async fn log_next_unlogged() {
    log_unlogged(HANDLED_LINES.next_unlogged().await);
}

/// Logs how many lines about handled messages were left out, before the process ends.
pub(super) fn log_last_unlogged() {
    log_unlogged(HANDLED_LINES.take_unlogged());
}

/// Writes the line about handled messages without a line of their own. Only the pump calls this, not an attempt, whose span
/// the line would show.
fn log_unlogged(messages: u64) {
    match messages {
        0 => {}
        1 => tracing::info!(parent: None, "and 1 more message was handled in this second"),
        _ => tracing::info!(parent: None, "and {messages} more messages were handled in this second"),
    }
}
