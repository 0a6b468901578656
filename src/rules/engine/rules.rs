//! The rules as one handler among others.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use super::{
    active_rules::{ActiveRule, ActiveRules},
    cooldown::{Cooldown, CooldownEntry},
    error::RulesError,
};
use crate::{
    clock::{self, Clock, UnixMillis},
    handler::{ActiveDialogue, Context, HandlerResult, Handling, Reply, Route, RouteCount},
    ids::AppKey,
    protocol::Inbound,
    rules::language::{Captures, Rule, RuleSet, Subject},
};

/// The advice to the author of a configuration for messages that no rule takes.
const REMEDY: &str =
    "add a section [[rules]] with this kind as `on`, or one with on = \"any\" after the others";

/// The rules of a configuration, as one handler among others. Clones share the rules.
///
/// # Examples
///
/// ```no_run
/// use rongcloud_callback::{CallbackService, Config, Rules, Text};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::load(None)?;
/// let rules = Rules::new(&config.rules)?;
/// CallbackService::new(config)
///     .route(rules)
///     .on(|text: Text, _context| async move { format!("no rule has taken {}", text.content) })
///     .run()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Rules(Arc<SharedRules>);

/// The state that clones share.
#[derive(Debug)]
struct SharedRules {
    /// The rules in force. They are replaced as a whole, so that a message is answered by the rules of one reading.
    active: RwLock<Arc<ActiveRules>>,
    /// The answers of rules with `every`; they stay known when the rules are read again.
    cooldown: Cooldown,
    clock: Clock,
}

impl Rules {
    /// Puts the `[[rules]]` of a configuration in force.
    ///
    /// # Errors
    ///
    /// See [`RulesError`]. A mistake in a rule is an error of the configuration already.
    pub fn new(rules: &RuleSet) -> Result<Self, RulesError> {
        Self::with_clock(rules, Clock::system())
    }

    /// Puts rules in force that take the time from `clock`, for a test.
    ///
    /// # Errors
    ///
    /// The errors of [`new`](Self::new).
    pub fn with_clock(rules: &RuleSet, clock: Clock) -> Result<Self, RulesError> {
        let active = RwLock::new(Arc::new(ActiveRules::new(rules)?));
        Ok(Self(Arc::new(SharedRules { active, cooldown: Cooldown::new(), clock })))
    }

    /// Replaces the rules in force by others; messages that are being handled keep theirs.
    ///
    /// # Errors
    ///
    /// The errors of [`new`](Self::new); then the rules stay as they are.
    pub fn replace(&self, rules: &RuleSet) -> Result<(), RulesError> {
        let active = Arc::new(ActiveRules::new(rules)?);
        *self.0.active.write().unwrap_or_else(PoisonError::into_inner) = active;
        Ok(())
    }

    /// Number of rules.
    pub fn len(&self) -> usize {
        self.active().len()
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a rule takes a message at some moment, as if the rules had answered nothing yet.
    pub fn takes(&self, app: &AppKey, inbound: &Inbound, at: UnixMillis) -> bool {
        self.active().first(&Subject::new(app, inbound, at), |_| true).is_some()
    }

    /// The rule that takes the message, and the captures of its keyword; with `every`, also the entry for its answer.
    fn find(
        &self,
        context: &Context,
        subject: &Subject<'_>,
    ) -> Option<(Arc<ActiveRule>, Captures, Option<CooldownEntry>)> {
        let rules = self.active();
        // A user who answers a service is heard by that service, whatever the rules would make of the words.
        if let Some(dialogue) = context.dialogue()
            && let Some((active, captures)) = rules.first_in_dialogue(dialogue.name(), subject)
        {
            return Some((active, captures, None));
        }
        let (active, captures) = rules.first(subject, |rule| {
            rule.every.is_none_or(|every| self.may_answer(rule, subject, every, subject.now))
        })?;
        let entry = active.rule.every.map(|_| self.0.cooldown.entry(&active.rule, subject));
        Some((active, captures, entry))
    }

    /// Whether a rule with `every` has not answered this conversation lately.
    fn may_answer(&self, rule: &Rule, subject: &Subject<'_>, every: Duration, now: UnixMillis) -> bool {
        let cooldown = &self.0.cooldown;
        let Some(until) = cooldown.quiet_until(cooldown.entry(rule, subject), every, now) else {
            return true;
        };
        tracing::debug!(
            "rule `{}` is quiet for this user until {}, for another {}, as its `every` says",
            rule.name,
            until.to_utc(),
            clock::in_words(until.since(now))
        );
        false
    }

    /// The rules that are in force now.
    pub(super) fn active(&self) -> Arc<ActiveRules> {
        Arc::clone(&self.0.active.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Route for Rules {
    fn take(&self, context: &Context) -> Option<Handling> {
        let now = self.0.clock.now();
        let subject = Subject::new(context.app(), context.inbound(), now);
        let (active, captures, cooldown_entry) = self.find(context, &subject)?;
        let (shared, context) = (Arc::clone(&self.0), context.clone());
        let label = Arc::clone(&active.rule.label);
        let handling = Handling::new(async move {
            let reply = active.answer(&context, &captures, &shared.clock).await;
            let reply = reply.map_err(|error| error.at(format!("rule `{}`", active.rule.name)))?;
            if let Some(entry) = cooldown_entry {
                shared.cooldown.note(entry, now);
            }
            Ok(reply)
        });
        Some(handling.by(label))
    }

    fn has_dialogue(&self, name: &str) -> bool {
        self.active().have_dialogue(name)
    }

    /// A service's dialogue ends without a word: only the service knows what there is to say.
    fn expired(&self, dialogue: &ActiveDialogue) -> Option<HandlerResult> {
        self.has_dialogue(dialogue.name()).then(|| Ok(Reply::none()))
    }

    /// No handler has taken the message, so a rule that takes it apart from `every` is a quiet one.
    fn quiet(&self, context: &Context) -> Option<Arc<str>> {
        let subject = Subject::new(context.app(), context.inbound(), self.0.clock.now());
        let (active, _) = self.active().first(&subject, |_| true)?;
        Some(Arc::clone(&active.rule.label))
    }

    fn remedies(&self) -> Vec<&'static str> {
        vec![REMEDY]
    }

    fn count(&self) -> RouteCount {
        RouteCount { handlers: 0, rules: self.len() }
    }
}
