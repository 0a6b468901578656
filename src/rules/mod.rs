//! Handlers written as configuration: automatic replies, and forwarding to a service in any language.
//!
//! `config/callback.toml` ([`DEFAULTS`](crate::config::DEFAULTS)) documents every key of `[[rules]]`; the README's page
//! "Without Rust" goes from an empty folder to a running server.
//!
//! # Forwarding
//!
//! A POST with `webhook-id`, `webhook-timestamp` and `webhook-signature` as
//! [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md)
//! has them. The body, where fields may be added without another `version`:
//!
//! ```json
//! {
//!   "version": 1,
//!   "id": "msg_9ac30e4b…",
//!   "attempt": 1,
//!   "accepted_at": "2026-11-21T14:03:00.123Z",
//!   "rule": "orders",
//!   "app": "uwd1c0sxdlx2",
//!   "account": "mcid1",
//!   "user": "user1",
//!   "kind": "text",
//!   "message_id": "BAE6-3KQ2",
//!   "create_time": 134223445860,
//!   "fields": { "content": "订单 17" },
//!   "extra": [],
//!   "captures": { "no": "17" }
//! }
//! ```
//!
//! `id` is the same at each attempt, and `webhook-id`; `accepted_at` is when the message was made durable; `message_id`
//! is the platform's `MsgId`, null for events; the platform does not state the unit of `create_time`, which is
//! null where the message has none; `extra` are elements that nothing else names, as `[name, text]`.
//!
//! | `kind` | `fields` |
//! |---|---|
//! | `text` | `content` |
//! | `image` | `url` |
//! | `voice` | `url`, `format` |
//! | `location` | `latitude`, `longitude`, `label` |
//! | `image_text` | `title`, `description`, `picture_url`, `url` |
//! | `subscribe`, `unsubscribe` | none |
//! | `unknown` | `msg_type`, and `fields`: its elements as `[name, text]` |
//! | `unknown_event` | `event`, and `fields`: its elements as `[name, text]` |
//!
//! The answer is empty, or a list of replies in the form of a rule's `reply`:
//!
//! ```json
//! [
//!   { "text": "…" },
//!   { "image": { "url": "https://…" } },
//!   { "voice": { "media_id": "…" } },
//!   { "news": [{ "title": "…", "description": "…", "url": "https://…", "picurl": "https://…" }] }
//! ]
//! ```
//!
//! | answer | what comes of it |
//! |---|---|
//! | 2xx, empty or `[]` | nothing is sent |
//! | 2xx with replies | they are sent, in order |
//! | 408, 425, 429, 5xx, none within `timeout`, no connection | another attempt, not before `Retry-After` |
//! | anything else, redirects included | a dead letter that says what came, and what would have been right |
//!
//! An address may have a query, such as `?code=…`: nobody is shown it.
//!
//! # Design
//!
//! A regex cannot take longer than in proportion to its size and the text's: the `regex` crate does not backtrack, its
//! compiled size is bounded here, and the text's by `server.max_body`.

mod condition;
mod forward;
mod index;
mod memory;
mod nearly;
mod set;
mod subject;
mod trial;
mod values;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

pub use self::trial::Trial;
use self::{
    memory::Memory,
    set::{Rule, RuleSet},
    subject::Subject,
};
use crate::{
    client::ClientError,
    clock::{self, Clock, UnixMillis},
    config::Config,
    handler::{Context, Handling, Route, RouteCount},
    ids::AppKey,
    protocol::Inbound,
};

/// What the author of a configuration can do about messages that no rule takes.
const REMEDY: &str =
    "add a section [[rules]] with this kind as `on`, or one with on = \"any\" after the others";

/// The rules of a configuration, as one handler among others. Clones are the same rules.
///
/// # Examples
///
/// ```no_run
/// use rongcloud_callback::{CallbackService, Config, Rules, Text};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::load(None)?;
/// let rules = Rules::new(&config)?;
/// CallbackService::new(config)
///     .route(rules)
///     .on(|text: Text, _context| async move { format!("no rule has taken {}", text.content) })
///     .run()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Rules(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Replaced as a whole: a message is answered by the rules of one reading.
    set: RwLock<Arc<RuleSet>>,
    /// Outlives a reading.
    memory: Memory,
    clock: Clock,
}

/// Why rules cannot be put in force.
///
/// Its `Debug` is as readable as its `Display`, with the cause: it is what a `main` that returns this error shows.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// Nothing can be forwarded: no certificates on this system, perhaps.
    #[error("rule `{rule}` cannot forward")]
    Forward {
        /// The rule.
        rule: String,
        /// What is wrong.
        source: ClientError,
    },
    /// The keywords are too many or too long to look for all at once.
    #[error("the keywords cannot be looked for: {0}")]
    Keywords(String),
}

impl fmt::Debug for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward { source, .. } => write!(f, "{self}: {source}"),
            Self::Keywords(_) => write!(f, "{self}"),
        }
    }
}

impl Rules {
    /// The `[[rules]]` of a configuration.
    ///
    /// # Errors
    ///
    /// See [`RulesError`]; what can be wrong with a single rule is wrong with the configuration.
    pub fn new(config: &Config) -> Result<Self, RulesError> {
        Self::with_clock(config, Clock::system())
    }

    /// The same by another clock, for a test.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn with_clock(config: &Config, clock: Clock) -> Result<Self, RulesError> {
        let set = RwLock::new(Arc::new(RuleSet::new(config)?));
        Ok(Self(Arc::new(Shared { set, memory: Memory::new(), clock })))
    }

    /// Puts the rules of another configuration in their place; messages that are being handled keep theirs.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new); then the rules stay as they are.
    pub fn replace(&self, config: &Config) -> Result<(), RulesError> {
        let set = Arc::new(RuleSet::new(config)?);
        *self.0.set.write().unwrap_or_else(PoisonError::into_inner) = set;
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.set().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether one of them takes a message at some moment, as if none had answered anything yet.
    pub fn takes(&self, app: &AppKey, inbound: &Inbound, at: UnixMillis) -> bool {
        self.set().first(&Subject::new(app, inbound, at), |_| true).is_some()
    }

    /// Whether a rule with `every` has not answered this conversation lately.
    fn may_answer(&self, rule: &Rule, subject: &Subject<'_>, every: Duration, now: UnixMillis) -> bool {
        let memory = &self.0.memory;
        let Some(until) = memory.quiet_until(memory.place(&rule.section, subject), every, now) else {
            return true;
        };
        tracing::debug!(
            "rule `{}` is quiet for this user until {}, for another {}, as its `every` says",
            rule.title,
            until.to_utc(),
            clock::in_words(until.since(now))
        );
        false
    }

    fn set(&self) -> Arc<RuleSet> {
        Arc::clone(&self.0.set.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Route for Rules {
    fn take(&self, context: &Context) -> Option<Handling> {
        let Shared { memory, clock, .. } = &*self.0;
        let now = clock.now();
        let subject = Subject::new(context.app(), context.inbound(), now);
        let (rule, captures) = self.set().first(&subject, |rule| {
            rule.section.every.is_none_or(|every| self.may_answer(rule, &subject, every, now))
        })?;
        let noted_at = rule.section.every.map(|_| memory.place(&rule.section, &subject));
        let (rules, context) = (Arc::clone(&self.0), context.clone());
        let name = Arc::clone(&rule.name);
        let handling = Handling::new(async move {
            let reply = rule.answer(&context, &captures, &rules.clock).await;
            let reply = reply.map_err(|error| error.at(format!("rule `{}`", rule.title)))?;
            if let Some(place) = noted_at {
                rules.memory.note(place, now);
            }
            Ok(reply)
        });
        Some(handling.by(name))
    }

    /// Nobody has taken the message, so a rule that takes it when nothing is remembered is a quiet one.
    fn quiet(&self, context: &Context) -> Option<Arc<str>> {
        let subject = Subject::new(context.app(), context.inbound(), self.0.clock.now());
        let (rule, _) = self.set().first(&subject, |_| true)?;
        Some(Arc::clone(&rule.name))
    }

    fn remedies(&self) -> Vec<&'static str> {
        vec![REMEDY]
    }

    fn count(&self) -> RouteCount {
        RouteCount { handlers: 0, rules: self.len() }
    }
}
