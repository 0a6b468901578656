//! The rules that are in force together, from one reading of the file.

use std::{sync::Arc, time::Duration};

use super::{
    RulesError,
    condition::{Captures, Why, admit},
    forward::{Envelope, Target},
    index::Index,
    subject::Subject,
    values::values,
};
use crate::{
    client::ClientError,
    clock::Clock,
    config::{
        Config, RuleSection,
        rules::{Action, Forward, Pick, ReplyTemplate},
    },
    handler::{Context, HandlerError, HandlerResult},
    ids::AppKey,
    protocol::{Inbound, Payload},
};

/// Rules in order.
#[derive(Debug)]
pub(super) struct RuleSet {
    rules: Vec<Arc<Rule>>,
    index: Index,
}

/// A rule, and the service that it forwards to.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) section: RuleSection,
    /// What people know it by.
    pub(super) title: String,
    /// Its name in the log and for observers.
    pub(super) name: Arc<str>,
    target: Option<Arc<Target>>,
}

impl RuleSet {
    pub(super) fn new(config: &Config) -> Result<Self, RulesError> {
        let mut targets = Vec::new();
        let mut rules = Vec::with_capacity(config.rules.len());
        for (position, section) in config.rules.iter().enumerate() {
            let title = section.name.clone().unwrap_or_else(|| format!("rules[{position}]"));
            let target = match &section.action {
                Action::Reply { .. } => None,
                Action::Forward(forward) => {
                    let target = target(forward, &mut targets, config.client.connect_timeout);
                    Some(target.map_err(|source| RulesError::Forward { rule: title.clone(), source })?)
                }
            };
            let name =
                section.name.as_ref().map_or_else(|| title.clone(), |name| format!("rule {name:?}"));
            let name = name.into();
            rules.push(Arc::new(Rule { section: section.clone(), title, name, target }));
        }
        let index =
            Index::new(&config.rules).map_err(|error| RulesError::Keywords(error.to_string()))?;
        Ok(Self { rules, index })
    }

    pub(super) fn len(&self) -> usize {
        self.rules.len()
    }

    /// The first rule that takes the message, if `allows` does not keep it from answering.
    pub(super) fn first(
        &self,
        subject: &Subject<'_>,
        allows: impl Fn(&Rule) -> bool,
    ) -> Option<(Arc<Rule>, Captures)> {
        let candidates = self.index.candidates(subject).into_iter();
        candidates.map(|position| &self.rules[position]).find_map(|rule| {
            let captures = admit(&rule.section, subject).ok()?;
            allows(rule).then(|| (Arc::clone(rule), captures))
        })
    }

    /// Every rule's word on the message, in order.
    pub(super) fn verdicts(
        &self,
        subject: &Subject<'_>,
    ) -> impl Iterator<Item = (&Rule, Result<Captures, Why>)> {
        self.rules.iter().map(|rule| (&**rule, admit(&rule.section, subject)))
    }
}

/// The service, which rules that call it in the same way share.
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

impl Rule {
    /// Answers a message that it has taken.
    pub(super) async fn answer(
        &self,
        context: &Context,
        captures: &Captures,
        clock: &Clock,
    ) -> HandlerResult {
        let (app, inbound) = (context.app(), context.inbound());
        match (&self.section.action, &self.target) {
            (Action::Forward(_), Some(target)) => {
                let attempt = (context.attempt(), context.accepted_at());
                let message = Envelope::new(&self.title, app, inbound, captures, attempt);
                target.forward(&message, clock).await
            }
            (Action::Reply { replies, pick: Pick::All }, _) => {
                Ok(fill_in(replies, app, inbound, captures)?.into_iter().collect())
            }
            (Action::Reply { replies, pick: Pick::Random }, _) => {
                let chosen = self.choose(replies, app, inbound);
                Ok(fill_in(chosen, app, inbound, captures)?.into_iter().collect())
            }
            (Action::Forward(_), None) => Err(HandlerError::permanent("there is nowhere to forward to")),
        }
    }

    /// One of them: any, but the same at each attempt.
    fn choose<'r>(
        &self,
        replies: &'r [ReplyTemplate],
        app: &AppKey,
        inbound: &Inbound,
    ) -> &'r [ReplyTemplate] {
        use std::hash::Hasher;
        let mut hasher = siphasher::sip::SipHasher13::new();
        hasher.write(inbound.dedup_key(app).as_bytes());
        hasher.write_u64(self.section.fingerprint);
        if replies.is_empty() {
            return replies;
        }
        let chosen = usize::try_from(hasher.finish() % replies.len() as u64).unwrap_or_default();
        std::slice::from_ref(&replies[chosen])
    }
}

/// The replies to a message.
pub(super) fn fill_in(
    replies: &[ReplyTemplate],
    app: &AppKey,
    inbound: &Inbound,
    captures: &Captures,
) -> Result<Vec<Payload>, HandlerError> {
    let values = values(app, inbound, captures);
    let fill_in = |reply: &ReplyTemplate| reply.payload(&values);
    replies.iter().map(fill_in).collect::<Result<_, _>>().map_err(HandlerError::permanent)
}
