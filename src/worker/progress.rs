//! The progress of each entry, step by step, for observers. The log says the same.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;

use super::panics::panic_message;
use crate::{
    handler::ActiveDialogue,
    journal::{Entry, EntryId, Queue},
    protocol::Conversation,
};

/// A step of an entry's way through a queue.
///
/// Observers are told of the step before the journal has noted it. If the journal cannot note it, because it is away or the
/// lease is lost, the entry begins another attempt later.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The queue: messages are in the Inbox, replies in the Outbox.
    pub queue: Queue,
    /// The entry's number.
    pub entry: EntryId,
    /// The number of the message that a reply answers.
    pub answers: Option<EntryId>,
    /// The conversation; `None` if the entry names none.
    pub conversation: Option<Conversation>,
    /// The body as it came: the platform's XML, or a reply as it is kept.
    pub body: Bytes,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// How long the attempt took; `None` while it goes on.
    pub took: Option<Duration>,
    /// The step.
    pub step: Step,
}

/// A step that an entry takes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// An attempt begins.
    Begun,
    /// The message is handled, or the reply is sent.
    Done {
        /// The rule or handler, for example `rule "welcome"` or `handler 2 (Text)`; `None` for a reply.
        by: Option<String>,
        /// The number of replies that are to be sent now.
        replies: usize,
        /// The duration of the attempt.
        took: Duration,
    },
    /// A person has the conversation: the message is kept for them, and no handler is asked.
    Kept,
    /// The conversation is in this dialogue now, or in none. This step comes after [`Done`](Self::Done) or
    /// [`Kept`](Self::Kept), where the state has changed.
    State {
        /// The dialogue with its state.
        dialogue: Option<ActiveDialogue>,
    },
    /// A reminder, or the end of a dialogue's time, whose dialogue has moved on: nothing is sent.
    Outdated,
    /// No rule and no handler takes the message: it is kept without an answer.
    NotTaken,
    /// A rule keeps quiet on purpose, as its `every` says.
    Quiet {
        /// The rule.
        by: String,
    },
    /// The attempt failed, and another one follows.
    Retry {
        /// The reason.
        reason: String,
        /// The time until the next attempt.
        after: Duration,
    },
    /// The entry's turn has not come: the attempt does not count, and another one follows.
    Released {
        /// The reason.
        reason: String,
        /// The time until the next attempt.
        after: Duration,
    },
    /// The entry is given up: a dead letter.
    Dead {
        /// The reason.
        reason: String,
    },
}

/// The observers of a service, in the order in which they are told of each step; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Observers(Vec<Arc<Observer>>);

/// A function that is told of each step.
struct Observer {
    observe: Box<dyn Fn(&Progress) + Send + Sync>,
    /// Whether the observer wants to be told at present.
    is_listening: Box<dyn Fn() -> bool + Send + Sync>,
    /// Whether a panic of the function has been logged; further panics are not.
    has_panicked: AtomicBool,
}

impl Observers {
    /// Adds an observer after the others.
    pub(crate) fn add(&mut self, observe: impl Fn(&Progress) + Send + Sync + 'static) {
        self.add_listener(|| true, observe);
    }

    /// Adds an observer after the others that is told only while `is_listening`, so that it costs nothing the rest of the
    /// time.
    pub(crate) fn add_listener(
        &mut self,
        is_listening: impl Fn() -> bool + Send + Sync + 'static,
        observe: impl Fn(&Progress) + Send + Sync + 'static,
    ) {
        self.0.push(Arc::new(Observer {
            observe: Box::new(observe),
            is_listening: Box::new(is_listening),
            has_panicked: AtomicBool::new(false),
        }));
    }

    /// Whether nobody wants to be told at present.
    pub(super) fn is_idle(&self) -> bool {
        !self.0.iter().any(|observer| (observer.is_listening)())
    }

    /// Tells each observer of a step, and how long the attempt took if it has ended.
    pub(super) fn notify(&self, queue: Queue, entry: &Entry, step: Step, took: Option<Duration>) {
        if self.is_idle() {
            return;
        }
        let progress = Progress {
            queue,
            entry: entry.id,
            answers: entry.answers,
            conversation: Conversation::decode(&entry.conversation),
            body: entry.body.clone(),
            attempt: entry.attempt,
            took,
            step,
        };
        self.0.iter().for_each(|observer| observer.notify(&progress));
    }
}

impl Observer {
    fn notify(&self, progress: &Progress) {
        if !(self.is_listening)() {
            return;
        }
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.observe)(progress))) else { return };
        if !self.has_panicked.swap(true, Ordering::Relaxed) {
            tracing::error!(
                panic = panic_message(panic.as_ref()),
                "an observer has panicked: messages are handled as before, and it is told of the next steps; \
                 further panics of it are not logged"
            );
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observers({})", self.0.len())
    }
}
