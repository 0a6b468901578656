//! The rules that are in force together, from one reading of the configuration.

use std::{hash::Hasher, sync::Arc, time::Duration};

use siphasher::sip::SipHasher13;

use super::{
    condition::{self, Mismatch},
    error::RulesError,
    service_dialogue,
};
use crate::{
    client::ClientError,
    clock::Clock,
    handler::{Context, HandlerError, HandlerResult, Next, Reply},
    ids::AppKey,
    protocol::{Inbound, Payload},
    rules::{
        forward::{Envelope, Target},
        language::{
            Action, Captures, Forward, Pick, ReplyTemplate, Rule, RuleSet, Subject, Templates, values,
        },
    },
};

/// Rules in order.
#[derive(Debug)]
pub(super) struct ActiveRules(Vec<Arc<ActiveRule>>);

/// A rule, and the means of its answers.
#[derive(Debug)]
pub(super) struct ActiveRule {
    pub(super) rule: Arc<Rule>,
    /// The compiled templates of all rules.
    templates: Arc<Templates>,
    /// The service that the rule forwards to, if it forwards.
    target: Option<Arc<Target>>,
}

impl ActiveRules {
    /// Prepares the rules, and the connections to services.
    pub(super) fn new(set: &RuleSet) -> Result<Self, RulesError> {
        let mut targets = Vec::new();
        let mut rules = Vec::with_capacity(set.len());
        for rule in &set.rules {
            let target = match &rule.action {
                Action::Reply { .. } => None,
                Action::Forward(forward) => {
                    let target = target(forward, &mut targets, set.connect_timeout);
                    let error = |source| RulesError::Forward { rule: rule.name.clone(), source };
                    Some(target.map_err(error)?)
                }
            };
            let (rule, templates) = (Arc::clone(rule), Arc::clone(&set.templates));
            rules.push(Arc::new(ActiveRule { rule, templates, target }));
        }
        Ok(Self(rules))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The first rule that takes the message and that `may_answer` admits, with the captures of its keyword.
    pub(super) fn first(
        &self,
        subject: &Subject<'_>,
        may_answer: impl Fn(&Rule) -> bool,
    ) -> Option<(Arc<ActiveRule>, Captures)> {
        self.0.iter().find_map(|active| {
            let captures = condition::check(&active.rule, subject).ok()?;
            may_answer(&active.rule).then(|| (Arc::clone(active), captures))
        })
    }

    /// The first rule whose service has this dialogue, if it is for the message, with the captures of its keyword.
    pub(super) fn first_in_dialogue(
        &self,
        dialogue: &str,
        subject: &Subject<'_>,
    ) -> Option<(Arc<ActiveRule>, Captures)> {
        let having = self.0.iter().filter(|active| active.rule.has_dialogue(dialogue));
        having
            .filter_map(|active| {
                Some((active, condition::check_in_dialogue(&active.rule, subject).ok()?))
            })
            .map(|(active, captures)| (Arc::clone(active), captures))
            .next()
    }

    /// Whether a rule's service has the dialogue of this name.
    pub(super) fn have_dialogue(&self, name: &str) -> bool {
        self.0.iter().any(|active| active.rule.has_dialogue(name))
    }

    /// The verdict of every rule on the message, in order.
    pub(super) fn verdicts(
        &self,
        subject: &Subject<'_>,
    ) -> impl Iterator<Item = (&ActiveRule, Result<Captures, Mismatch>)> {
        self.0.iter().map(|active| (&**active, condition::check(&active.rule, subject)))
    }
}

/// Finds the service among those that are `known`, or adds it: rules that call it in the same way share its connections.
fn target(
    forward: &Forward,
    known: &mut Vec<Arc<Target>>,
    connect_timeout: Duration,
) -> Result<Arc<Target>, ClientError> {
    if let Some(known) = known.iter().find(|target| target.is_for(forward)) {
        return Ok(Arc::clone(known));
    }
    let target = Arc::new(Target::new(forward, connect_timeout)?);
    known.push(Arc::clone(&target));
    Ok(target)
}

impl ActiveRule {
    /// Answers a message that the rule has taken.
    pub(super) async fn answer(
        &self,
        context: &Context,
        captures: &Captures,
        clock: &Clock,
    ) -> HandlerResult {
        match (&self.rule.action, &self.target) {
            (Action::Forward(_), Some(target)) => self.ask(target, context, captures, clock).await,
            (Action::Forward(_), None) => Err(HandlerError::permanent("there is nowhere to forward to")),
            (Action::Reply { replies, pick }, _) => {
                let (app, inbound) = (context.app(), context.inbound());
                let replies = match pick {
                    Pick::All => replies,
                    Pick::Random => self.pick(replies, app, inbound),
                };
                let reply: Reply = self.render(replies, app, inbound, captures)?.into_iter().collect();
                Ok(if self.rule.hand_over { reply.hand_over() } else { reply })
            }
        }
    }

    /// Asks the service for an answer, with the state of its dialogue.
    async fn ask(
        &self,
        target: &Target,
        context: &Context,
        captures: &Captures,
        clock: &Clock,
    ) -> HandlerResult {
        let state = match service_dialogue::state(&self.rule, context) {
            Ok(state) => state,
            Err(reason) => return Ok(Reply::none().with_next(Next::Unreadable(reason))),
        };
        let (app, inbound) = (context.app(), context.inbound());
        let attempt = (context.attempt(), context.accepted_at());
        let message = Envelope::of_rule(&self.rule.name, app, inbound, captures, attempt);
        let answer = target.forward(&message.with_state(state), clock).await?;
        Ok(service_dialogue::reply(&self.rule, context, answer))
    }

    /// Picks one reply at random: another one for each message, and the same at each attempt.
    fn pick<'r>(
        &self,
        replies: &'r [ReplyTemplate],
        app: &AppKey,
        inbound: &Inbound,
    ) -> &'r [ReplyTemplate] {
        let mut hasher = SipHasher13::new();
        hasher.write(inbound.dedup_key(app).as_bytes());
        hasher.write_u64(self.rule.fingerprint);
        if replies.is_empty() {
            return replies;
        }
        let picked = usize::try_from(hasher.finish() % replies.len() as u64).unwrap_or_default();
        std::slice::from_ref(&replies[picked])
    }

    /// Renders replies to a message.
    pub(super) fn render(
        &self,
        replies: &[ReplyTemplate],
        app: &AppKey,
        inbound: &Inbound,
        captures: &Captures,
    ) -> Result<Vec<Payload>, HandlerError> {
        let values = values(app, inbound, captures);
        let render = |reply: &ReplyTemplate| reply.render(&self.templates, &values);
        replies.iter().map(render).collect::<Result<_, _>>().map_err(HandlerError::permanent)
    }
}
