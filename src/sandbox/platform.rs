//! The messages of users: each is kept and delivered to the server under test.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::sync::oneshot;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    content::ChatContent,
    deliverer::Deliverer,
    desk::{DeskAction, DeskError, DeskRequest},
    dialogue_log::{DialogueChange, DialogueState},
    history::{Delivery, DeliveryState, ReasonKind},
    shared_state::SharedState,
    state::{Full, State},
};
use crate::{
    clock::Clock,
    ids::{AccountId, UserId},
    protocol::Inbound,
};

/// The largest number of deliveries in progress; users cannot write while there are so many.
const MAX_IN_PROGRESS: usize = 5000;

/// The platform's side for its users, who write messages.
#[derive(Debug)]
pub(super) struct Platform {
    pub(super) clock: Clock,
    pub(super) state: SharedState,
    pub(super) deliverer: Arc<Deliverer>,
    /// The deliveries in progress, each a task of its own.
    pub(super) tasks: TaskTracker,
    /// The signal at which deliveries in progress end without a result.
    pub(super) stop: CancellationToken,
}

/// A delivery once it has ended; the sender is dropped if the sandbox stops before.
pub(super) type EndedDelivery = oneshot::Receiver<Delivery>;

/// A message that a user has written, on its way to the server under test.
#[derive(Debug)]
pub(super) struct SentMessage {
    pub(super) message: u64,
    pub(super) delivery: u64,
    pub(super) ended: EndedDelivery,
}

/// The reason why a user cannot write a message.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum WriteError {
    #[error("there is no account `{0}`")]
    NoAccount(AccountId),
    #[error("users do not send `{0}`")]
    NotFromUsers(&'static str),
    #[error("a user's id has 1 to 200 characters")]
    UserId,
    #[error("{MAX_IN_PROGRESS} deliveries are in progress: wait for some to end")]
    Busy,
    #[error(transparent)]
    Full(#[from] Full),
}

/// The reason why a delivery cannot be repeated.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResendError {
    #[error("there is no delivery {0}, or not any more")]
    Gone(u64),
    #[error("delivery {0} is still in progress")]
    InProgress(u64),
    #[error("delivery {0} cannot be sent: {1}")]
    NotNow(u64, String),
}

impl Platform {
    /// Takes the message that `user` writes to `account`, and begins its delivery.
    pub(super) fn write(
        &self,
        account: &AccountId,
        user: &UserId,
        mut content: ChatContent,
    ) -> Result<SentMessage, WriteError> {
        if self.tasks.len() >= MAX_IN_PROGRESS {
            return Err(WriteError::Busy);
        }
        if !(1..=200).contains(&user.as_str().chars().count()) {
            return Err(WriteError::UserId);
        }
        let mut state = self.state.lock();
        let state = &mut *state;
        if let ChatContent::Voice { url, seconds } = &mut content {
            *seconds = state.uploads.seconds(url).or(*seconds);
        }
        let delivery = self.new_delivery(state, account, user, &content)?;
        state.user(user)?;
        if let ChatContent::Subscribe | ChatContent::Unsubscribe = content
            && let Some(account) = state.account(account.as_str())
        {
            account.set_follower(user, content == ChatContent::Subscribe);
            let id = account.id.clone();
            state.publish_account(&id);
        }
        state.add_from_user(&delivery, content);
        let (message, id) = (delivery.message, delivery.id);
        Ok(SentMessage { message, delivery: id, ended: self.spawn_delivery(delivery, false) })
    }

    /// The delivery of a message, before its first attempt.
    fn new_delivery(
        &self,
        state: &mut State,
        account: &AccountId,
        user: &UserId,
        content: &ChatContent,
    ) -> Result<Delivery, WriteError> {
        let at = self.clock.now();
        let wire = content.to_wire().ok_or(WriteError::NotFromUsers(content.kind()))?;
        let (id, message) = (state.deliveries.next_id(), state.messages.next_id());
        let is_event = matches!(content, ChatContent::Subscribe | ChatContent::Unsubscribe);
        let mut inbound = Inbound::new(account.clone(), user.clone(), at.0, wire);
        if !is_event {
            inbound = inbound.with_message_id(format!("{}-{message}", state.feed.instance));
        }
        let is_mended = state.injector.faults().mended_end_tag;
        let xml = if is_mended { inbound.to_xml() } else { inbound.to_documented_xml() };
        let pause = state.push_pause.reason(at);
        let route =
            state.account(account.as_str()).ok_or_else(|| WriteError::NoAccount(account.clone()))?;
        let url = route.route_url.clone();
        let (reason_kind, reason) = route_reason(route.route_open, &url).or(pause).unzip();
        Ok(Delivery {
            id,
            at,
            message,
            account: account.clone(),
            user: user.clone(),
            kind: content.kind(),
            url,
            state: if reason.is_some() { DeliveryState::NotSent } else { DeliveryState::Waiting },
            reason,
            reason_kind,
            xml,
            attempts: Vec::new(),
            handling: None,
        })
    }

    /// Delivers the same body again, under a fresh signature.
    pub(super) fn resend(&self, id: u64) -> Result<EndedDelivery, ResendError> {
        let mut state = self.state.lock();
        let state = &mut *state;
        let mut delivery = state.deliveries.get(id).ok_or(ResendError::Gone(id))?.clone();
        if delivery.state == DeliveryState::Waiting {
            return Err(ResendError::InProgress(id));
        }
        let pause = state.push_pause.reason(self.clock.now());
        if let Some(account) = state.account(delivery.account.as_str()) {
            if let Some((_, reason)) = route_reason(account.route_open, &account.route_url).or(pause) {
                return Err(ResendError::NotNow(id, reason));
            }
            delivery.url.clone_from(&account.route_url);
        }
        (delivery.state, delivery.reason, delivery.reason_kind) = (DeliveryState::Waiting, None, None);
        state.update_delivery(&delivery);
        Ok(self.spawn_delivery(delivery, true))
    }

    /// Lets time pass on the clock of the sandbox and of its server.
    pub(super) fn advance(&self, span: Duration) {
        self.clock.advance(span);
        self.state.lock().feed.publish("time", &json!({ "now": self.clock.now() }));
    }

    /// Carries out a person's action at the server's desk, and notes who has the conversation then.
    pub(super) async fn act_as_person(&self, request: DeskRequest) -> Result<(), DeskError> {
        let desk = self.state.lock().desk.clone().ok_or(DeskError::NoDesk)?;
        let DeskRequest { account, user, action } = request.clone();
        desk.act(request).await?;
        let dialogue = match action {
            DeskAction::Answer(_) => return Ok(()),
            DeskAction::TakeOver => Some(DialogueState::of_person()),
            DeskAction::HandBack => None,
        };
        let (message, by_person) = (None, true);
        let change = DialogueChange { account, user, message, by_person, dialogue };
        let (mut state, now) = (self.state.lock(), self.clock.now());
        let state = &mut *state;
        state.dialogues.note(change, now, &mut state.feed);
        Ok(())
    }

    fn spawn_delivery(&self, delivery: Delivery, is_resent: bool) -> EndedDelivery {
        let (sender, ended) = oneshot::channel();
        let (deliverer, stop) = (Arc::clone(&self.deliverer), self.stop.clone());
        self.tasks.spawn(async move {
            let delivered = deliverer.deliver(delivery, is_resent);
            if let Some(delivery) = stop.run_until_cancelled(delivered).await {
                // The receiver may be gone: a message of the page has no caller who waits for it.
                let _ = sender.send(delivery);
            }
        });
        ended
    }
}

/// The reason why an account's route leads nowhere.
fn route_reason(route_open: bool, route_url: &str) -> Option<(ReasonKind, String)> {
    if !route_open {
        return Some((ReasonKind::RouteOff, "the account's route is switched off".to_owned()));
    }
    route_url.is_empty().then(|| (ReasonKind::NoRoute, "the account has no routeUrl".to_owned()))
}
